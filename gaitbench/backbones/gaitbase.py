"""GaitBase: a frame-wise residual network, maximum over time, horizontal parts."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.parts import PartLinear, pool_parts
from gaitbench.errors import ConfigurationError


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
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, h, w] to [n, c_out, h/stride, w/stride]."""
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class GaitBase(Backbone):
    """ResNet-9 on single frames, maximum over time, horizontal pooling, per-part linear layer.

    Args:
        channels: Width of the four residual stages; the paper's are 64, 128, 256, 512.
        strides: Of the four stages.
        parts: Horizontal strips of the last map.
        embedding: Channels of the embedding per part.

    Source: Fan et al., "OpenGait", CVPR 2023, section 4.
    """

    title = "GaitBase"
    source = "Fan et al., OpenGait, CVPR 2023"

    def __init__(
        self,
        channels: Sequence[int] = (64, 128, 256, 512),
        strides: Sequence[int] = (1, 2, 2, 1),
        parts: int = 16,
        embedding: int = 256,
    ) -> None:
        super().__init__()
        if len(channels) != len(strides):
            raise ConfigurationError(
                f"backbone 'gaitbase': {len(channels)} channels, but {len(strides)} strides."
            )
        self.parts, self.feature_channels, self.channels = parts, channels[-1], embedding
        self.conv1 = nn.Conv2d(1, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        widths = [channels[0], *channels]
        self.stages = nn.Sequential(
            *(ResidualBlock(*pair) for pair in zip(widths, channels, strides, strict=False))
        )
        self.head = PartLinear(parts, channels[-1], embedding)

    def features(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encode frames, take the maximum over time, pool parts: [n, t, h, w] -> [n, c_f, p]."""
        n, t = x.shape[:2]
        real = None if lengths is None else torch.arange(t, device=x.device) < lengths[:, None]
        # Only real frames go through the network: batch statistics must not see padding.
        frames = x.flatten(0, 1) if real is None else x[real]
        # One channel in both memory formats is the same bytes: the strides decide what convolutions use.
        maps = frames.unsqueeze(1).contiguous(memory_format=torch.channels_last)
        maps = self.stages(torch.relu(self.bn1(self.conv1(maps))))
        if real is None:
            pooled = maps.unflatten(0, (n, t)).amax(1)
        else:
            # Activations are not negative, so zero is a neutral element of the maximum.
            padded = maps.new_zeros(n, t, *maps.shape[1:])
            padded[real] = maps
            pooled = padded.amax(1)
        return pool_parts(pooled, self.parts)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""
        return self.head(features)  # type: ignore[no-any-return]
