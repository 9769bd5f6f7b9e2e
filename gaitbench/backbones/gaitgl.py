"""GaitGL: 3-D convolutions that see a map as a whole and strip by strip."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitbench.backbones.base import Backbone, Joined
from gaitbench.backbones.blocks import fold_strips, unfold_strips
from gaitbench.backbones.options import check_choice, check_count, check_sizes
from gaitbench.backbones.parts import PartLinear, append_vector
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register

Variant = Literal["small", "large"]
Head = Literal["norm", "bnneck"]
TEMPORAL_STRIDE = 3


@dataclass(frozen=True)
class Sizes:
    """How many layers a variant has.

    Args:
        channels: Width of the first layers and of each stage.
        convs: Layers before the temporal stride, and global-local layers per stage.
        halving: Every global-local layer has 2 to the power of it strips.
    """

    channels: tuple[int, ...]
    convs: int
    halving: int


VARIANTS: dict[str, Sizes] = {
    "small": Sizes((32, 64, 128), convs=1, halving=3),
    "large": Sizes((32, 64, 128, 256), convs=2, halving=1),
}


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


@register("gaitgl")
class GaitGL(Backbone):
    """3-D convolutions with a temporal stride, global and local features, power mean per part.

    Args:
        variant: "small" as for CASIA-B, "large" with twice the layers as for OU-MVLP and GREW.
        channels: Width of the first layers and of each stage; None for the variant's own.
        parts: Rows of the last map are pooled into so many; a frame of height h gives h rows.
        head: What follows the per-part linear layer. "norm": a batch norm, and the embedding is what
            comes out of it. "bnneck": nothing, and the neck is the one of other backbones.
        exponent: The power mean's at the start.

    Clips of one or two frames are repeated, so that they fill the temporal stride.

    Source: Lin et al., "Gait Recognition via Effective Global-Local Feature Representation and Local
    Temporal Aggregation", ICCV 2021; sizes as in OpenGait.
    """

    title = "GaitGL"
    source = "Lin et al., GaitGL, ICCV 2021"

    def __init__(
        self,
        variant: Variant = "small",
        channels: Sequence[int] | None = None,
        parts: int = 64,
        head: Head = "norm",
        exponent: float = 6.5,
    ) -> None:
        super().__init__()
        check_choice("gaitgl", "variant", variant, VARIANTS)
        check_choice("gaitgl", "head", head, get_args(Head))
        sizes = VARIANTS[variant]
        widths = sizes.channels if channels is None else tuple(channels)
        check_count("gaitgl", "channels", widths, len(sizes.channels), "widths")
        check_sizes("gaitgl", channels=widths, parts=parts)
        if exponent <= 0:
            raise ConfigurationError(
                f"backbone 'gaitgl': exponent must be positive. Got {exponent} instead."
            )
        self.parts, self.feature_channels, self.channels = parts, widths[-1], widths[-1]
        self.head_kind = head
        self.divisor = 2 * 2**sizes.halving
        self.stem = _stem(widths[0], sizes.convs)
        stride = (TEMPORAL_STRIDE, 1, 1)
        self.temporal = nn.Conv3d(widths[0], widths[0], stride, stride, bias=False)
        self.stages = _stages(widths, sizes)
        self.pool = GeneralisedMean(parts, exponent)
        self.head = PartLinear(parts, widths[-1], widths[-1])
        self.norm: nn.Module = nn.BatchNorm1d(widths[-1]) if head == "norm" else nn.Identity()

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

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer and the batch norm: [n, c_f, p] -> [n, c, p]."""
        return cast(Tensor, self.norm(self.head(features)))

    def neck(self, identities: int) -> nn.Module:
        """Return a new neck: [n, c, p] -> logits [n, k, p]."""
        if self.head_kind == "bnneck":
            return super().neck(identities)
        # The embedding is normalised over the batch already.
        return PartLinear(self.parts, self.channels, identities)

    def joined(self, extra: int) -> Joined:
        """Return this backbone with a vector per clip joined before the batch norm."""
        if self.head_kind == "bnneck":
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

    def __init__(self, backbone: GaitGL, extra: int) -> None:
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


def _stages(widths: Sequence[int], sizes: Sizes) -> nn.ModuleList:
    """Return three stages of global-local layers; the last layer of all stacks its two maps."""
    outputs = [*widths[1:], widths[-1]][:3]
    stages = nn.ModuleList()
    channels = widths[0]
    for k, width in enumerate(outputs):
        layers = nn.Sequential()
        for i in range(sizes.convs):
            last = k == len(outputs) - 1 and i == sizes.convs - 1
            layers.append(GlobalLocalConv(channels, width, 2**sizes.halving, stacked=last))
            channels = width
        stages.append(layers)
    return stages
