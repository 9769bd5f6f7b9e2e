"""GaitGL: 3-D convolutions that see a map as a whole and strip by strip."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitbench.core.errors import ConfigurationError
from gaitbench.networks.backbones.blocks import fold_strips, unfold_strips
from gaitbench.networks.base import BackboneNetwork, Joined
from gaitbench.networks.parts import PartLinear, append_vector, strip_spans

TEMPORAL_STRIDE = 3


class GlobalLocalConv(nn.Module):
    """A convolution of the whole map and one that horizontal strips share, each seen alone.

    Args:
        channels_in: Of the maps.
        channels_out: Of each convolution.
        strips: How many.
        stacked: Whether the local map is put below the global one, which doubles the height, or added.

    Source: Lin et al., "GaitGL", ICCV 2021, section 3.3.
    """

    def __init__(self, channels_in: int, channels_out: int, strips: int, stacked: bool) -> None:
        super().__init__()
        self.strips, self.stacked = strips, stacked
        self.global_conv = nn.Conv3d(channels_in, channels_out, 3, padding=1, bias=False)
        self.local_conv = nn.Conv3d(channels_in, channels_out, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, t, h, w] to [n, c_out, t, h or 2·h, w]."""
        whole = self.global_conv(x)
        local = unfold_strips(self.local_conv(fold_strips(x, self.strips)), self.strips)
        if self.stacked:
            return functional.leaky_relu(torch.cat([whole, local], -2))
        return functional.leaky_relu(whole) + functional.leaky_relu(local)


class GeneralisedMean(nn.Module):
    """Pools horizontal parts by a power mean whose exponent is learned.

    Source: Radenović et al., "Fine-tuning CNN Image Retrieval", TPAMI 2019, equation 3.
    """

    def __init__(self, parts: int, exponent: float) -> None:
        super().__init__()
        self.parts = parts
        self.exponent = nn.Parameter(torch.full((1,), exponent))

    def forward(self, maps: Tensor) -> Tensor:
        """Map [n, c, h, w] to [n, c, p]."""
        # A high power of a small value needs the range of float32.
        pixels = torch.unflatten(maps.float(), -2, (self.parts, -1)).flatten(-2)
        return pixels.clamp(min=1e-6).pow(self.exponent).mean(-1).pow(1 / self.exponent)


class GaitGLNetwork(BackboneNetwork):
    """3-D convolutions with a temporal stride, global and local features, power mean per part.

    Its arguments are the fields of `gaitbench.backbones.gaitgl.GaitGL`, and what follows from them.

    Args:
        parts: Rows of the last map are pooled into so many; a frame of height h gives h rows.
        is_normed: Whether a batch norm follows the per-part linear layer, and the embedding is what comes
            out of it; otherwise the neck is the one of other backbones.
        exponent: The power mean's at the start.
    """

    def __init__(
        self,
        channels: Sequence[int],
        convs: int,
        strips: int,
        parts: int,
        is_normed: bool,
        exponent: float,
    ) -> None:
        super().__init__()
        first, last = channels[0], channels[-1]
        self.parts, self.feature_channels, self.channels = parts, last, last
        self.is_normed = is_normed
        self.divisor = 2 * strips
        self.stem = _stem(first, convs)
        stride = (TEMPORAL_STRIDE, 1, 1)
        self.temporal = nn.Conv3d(first, first, stride, stride, bias=False)
        self.stages = _stages(channels, convs, strips)
        self.pool = GeneralisedMean(parts, exponent)
        self.head = PartLinear(parts, last, last)
        self.norm: nn.Module = nn.BatchNorm1d(last) if is_normed else nn.Identity()

    def encode(self, x: Tensor) -> Tensor:
        """Encode clips, take the maximum over time, pool parts: [n, t, h, w] -> [n, c_f, p]."""
        self._check_height(x.shape[2])
        if x.shape[1] < TEMPORAL_STRIDE:
            x = x.repeat(1, -(-TEMPORAL_STRIDE // x.shape[1]), 1, 1)
        maps = functional.leaky_relu(self.temporal(self.stem(x.unsqueeze(1))))
        maps = functional.max_pool3d(self.stages[0](maps), (1, 2, 2))
        for stage in self.stages[1:]:
            maps = stage(maps)
        return cast(Tensor, self.pool(maps.amax(2)))

    def spans(self) -> Tensor | None:
        """Return which rows each part describes: strips of whole features, then those of local ones.

        With an odd number one part has rows of both, from the two ends of the body.
        """
        return None if self.parts % 2 else strip_spans(self.parts // 2).repeat(2, 1)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer and the batch norm: [n, c_f, p] -> [n, c, p]."""
        return cast(Tensor, self.norm(self.head(features)))

    def neck(self, identities: int) -> nn.Module:
        """Return a new neck: [n, c, p] -> logits [n, k, p]."""
        if not self.is_normed:
            return super().neck(identities)
        # The embedding is normalised over the batch already.
        return PartLinear(self.parts, self.channels, identities)

    def joined(self, extra: int) -> Joined:
        """Return this backbone with a vector per clip joined before the batch norm."""
        if not self.is_normed:
            return super().joined(extra)
        return JoinedBeforeNorm(self, extra)

    def _check_height(self, height: int) -> None:
        if height % self.divisor or height % self.parts:
            raise ConfigurationError(
                f"backbone 'gaitgl': silhouettes of {height} rows cannot be cut into {self.divisor} "
                f"strips and pooled into {self.parts} parts evenly. Use a height that is a multiple of "
                f"both, or set parts to a divisor of {height}."
            )


class JoinedBeforeNorm(Joined):
    """The vector is appended to the per-part linear layer's output, mixed in, then normalised.

    Source: the released code of Occ-Aware for GaitGL.
    """

    def __init__(self, backbone: GaitGLNetwork, extra: int) -> None:
        super().__init__(backbone)
        self.channels = backbone.channels + extra
        self.mixer = PartLinear(self.parts, self.channels, self.channels)
        self.norm = nn.BatchNorm1d(self.channels)
        # Replaced by the wider one; its weights would never be used.
        backbone.norm = nn.Identity()

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] with a vector [n, e] each, as [n, channels, p]."""
        mixed = self.mixer(append_vector(self.backbone(x), vector))
        return cast(Tensor, self.norm(mixed))

    def neck(self, identities: int) -> nn.Module:
        """Return a new neck: [n, channels, p] -> logits [n, k, p]."""
        return PartLinear(self.parts, self.channels, identities)


def _stem(channels: int, convs: int) -> nn.Sequential:
    widths = [1, *[channels] * convs]
    layers: list[nn.Module] = []
    for pair in pairwise(widths):
        layers += [nn.Conv3d(*pair, 3, padding=1, bias=False), nn.LeakyReLU(inplace=True)]
    return nn.Sequential(*layers)


def _stages(widths: Sequence[int], convs: int, strips: int) -> nn.ModuleList:
    """Return three stages of global-local layers; the last layer of all stacks its two maps."""
    outputs = [*widths[1:], widths[-1]][:3]
    stages = nn.ModuleList()
    channels = widths[0]
    for k, width in enumerate(outputs):
        layers = nn.Sequential()
        for i in range(convs):
            last = k == len(outputs) - 1 and i == convs - 1
            layers.append(GlobalLocalConv(channels, width, strips, stacked=last))
            channels = width
        stages.append(layers)
    return stages
