"""Convolutional layers that several backbones share.

Maps of clips are [n, c, t, h, w] with the channels last in memory. Then the maps of all frames as one
batch, [n·t, c, h, w], and the maps with a clip's pixels in one row, [n, c, t, h·w], are views of the same
bytes: convolutions in space and along time are both 2-D convolutions, and nothing is copied between them.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gaitbench.core.errors import ConfigurationError


def frames_of(x: Tensor) -> Tensor:
    """Return the frames of clips [n, t, h, w] as maps of one channel, [n·t, 1, h, w], channels last."""
    # With one channel, `contiguous` finds nothing to do and keeps the strides of channels-first maps,
    # and the strides decide what the convolutions that follow use: so they are set here.
    return x.flatten(0, 1).unsqueeze(-1).permute(0, 3, 1, 2)


def per_frame(layer: Callable[[Tensor], Tensor], maps: Tensor) -> Tensor:
    """Apply a layer on single maps to every frame: [n, c, t, h, w] -> [n, c', t, h', w']."""
    frames = layer(maps.transpose(1, 2).flatten(0, 1))
    return clips_of(frames, len(maps))


def clips_of(frames: Tensor, clips: int) -> Tensor:
    """Arrange the maps of frames [n·t, c, h, w] by clip: [n, c, t, h, w]."""
    return torch.unflatten(frames, 0, (clips, -1)).transpose(1, 2)


def fold_strips(maps: Tensor, strips: int) -> Tensor:
    """Cut maps [n, …, h, w] into horizontal strips of equal height, as a batch [n·s, …, h/s, w].

    Whatever is applied to the batch sees every strip alone. Undone by `unfold_strips`.

    Raises:
        ConfigurationError: If the height is no multiple of `strips`.
    """
    if maps.shape[-2] % strips:
        raise ConfigurationError(
            f"A map of {maps.shape[-2]} rows cannot be cut into {strips} strips of equal height. "
            "Use silhouettes of a height that divides evenly, such as 64."
        )
    return torch.unflatten(maps, -2, (strips, -1)).movedim(-3, 1).flatten(0, 1)


def unfold_strips(maps: Tensor, strips: int) -> Tensor:
    """Put strips [n·s, …, h/s, w] together again: [n, …, h, w]."""
    return torch.unflatten(maps, 0, (-1, strips)).movedim(1, -3).flatten(-3, -2)


class Shortcut(nn.Conv2d):
    """A 1×1 convolution with a stride, for the shortcut of a residual block.

    Args:
        channels_in: Of the map.
        channels_out: Of the result.
        stride: Every how many pixels are read.
    """

    ALIGNED = 16
    """Channels in a register of the widest processors."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__(channels_in, channels_out, 1, stride, bias=False)
        self.aligned = channels_in % self.ALIGNED == 0

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, h, w] to [n, c_out, h/stride, w/stride]."""
        if self.aligned:
            return super().forward(x)
        # Where the channels, last in memory, do not fill a register, oneDNN's gradient of these weights is
        # computed past the end of a buffer (seen in its 3.12, of torch 2.13): on one thread it corrupts the
        # heap, and the process dies there or later; on two it is wrong, or never ends. To take the pixels
        # first and convolve without a stride gives the same map.
        rows, columns = self.stride
        return nn.functional.conv2d(x[:, :, ::rows, ::columns], self.weight)


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with a shortcut. Source: He et al., CVPR 2016, figure 2."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                Shortcut(channels_in, channels_out, stride),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, h, w] to [n, c_out, h/stride, w/stride]."""
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class FrameBlock(ResidualBlock):
    """A residual block on every frame by itself."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, t, h, w] to [n, c_out, t, h/stride, w/stride]."""
        return per_frame(super().forward, x)


class PseudoBlock(ResidualBlock):
    """A residual block on frames with a convolution along time between its two convolutions.

    The convolution along time has a shortcut of its own.

    Source: Qiu et al., "Pseudo-3D Residual Networks", ICCV 2017, as arranged in DeepGaitV2.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__(channels_in, channels_out, stride)
        self.temporal = nn.Conv2d(channels_out, channels_out, (3, 1), 1, (1, 0), bias=False)
        self.temporal_bn = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, t, h, w] to [n, c_out, t, h/stride, w/stride]."""
        frames = x.transpose(1, 2).flatten(0, 1)
        spatial = torch.relu(self.bn1(self.conv1(frames)))
        rows = clips_of(spatial, len(x)).flatten(3)
        rows = torch.relu(rows + self.temporal_bn(self.temporal(rows)))
        mixed = rows.transpose(1, 2).flatten(0, 1).view_as(spatial)
        y = torch.relu(self.bn2(self.conv2(mixed)) + self.downsample(frames))
        return clips_of(y, len(x))


class VolumeBlock(nn.Module):
    """Two 3×3×3 convolutions with a shortcut; strides are in space only. Channels come first in memory."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        strides = (1, stride, stride)
        self.conv1 = nn.Conv3d(channels_in, channels_out, 3, strides, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(channels_out)
        self.conv2 = nn.Conv3d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(channels_out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv3d(channels_in, channels_out, 1, strides, bias=False),
                nn.BatchNorm3d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, t, h, w] to [n, c_out, t, h/stride, w/stride]."""
        # With the channels last, every call copies the kernels into that order: measured, it is slower.
        x = x.contiguous()
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.downsample(x))
