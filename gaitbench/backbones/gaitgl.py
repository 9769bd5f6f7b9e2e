"""GaitGL: 3-D convolutions that see a map as a whole and strip by strip."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.options import Size, Sizes, check_count
from gaitbench.core.registry import register

if TYPE_CHECKING:
    from gaitbench.networks.backbones.gaitgl import GaitGLNetwork

GaitGLVariant = Literal["small", "large"]
Head = Literal["norm", "bnneck"]


@dataclass(frozen=True)
class Layers:
    """How many layers a variant has.

    Args:
        channels: Width of the first layers and of each stage.
        convs: Layers before the temporal stride, and global-local layers per stage.
        strips: Of every global-local layer.
    """

    channels: tuple[int, ...]
    convs: int
    strips: int


VARIANTS: dict[GaitGLVariant, Layers] = {
    "small": Layers((32, 64, 128), convs=1, strips=8),
    "large": Layers((32, 64, 128, 256), convs=2, strips=2),
}


@register("gaitgl")
@dataclass(frozen=True)
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

    variant: GaitGLVariant = "small"
    channels: Sizes | None = None
    parts: Size = 64
    head: Head = "norm"
    exponent: Annotated[float, Field(gt=0)] = 6.5

    title = "GaitGL"
    source = "Lin et al., GaitGL, ICCV 2021"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.channels is not None:
            count = len(VARIANTS[self.variant].channels)
            check_count("gaitgl", "channels", self.channels, count, "widths")

    def build(self) -> "GaitGLNetwork":
        """Return a new network."""
        from gaitbench.networks.backbones.gaitgl import GaitGLNetwork

        layers = VARIANTS[self.variant]
        return GaitGLNetwork(
            self.channels or layers.channels,
            layers.convs,
            layers.strips,
            self.parts,
            self.head == "norm",
            self.exponent,
        )
