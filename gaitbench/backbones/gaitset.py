"""GaitSet: a clip as a set of frames, pooled at three depths."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.options import Size, Sizes, check_count
from gaitbench.core.registry import register

if TYPE_CHECKING:
    from gaitbench.networks.backbones.gaitset import GaitSetNetwork


@register("gaitset")
@dataclass(frozen=True)
class GaitSet(Backbone):
    """Frame-wise convolutions beside a branch on maps that are pooled over the set of frames.

    Both branches end in horizontal pyramid pooling, so there are twice as many parts as strips.

    Args:
        channels: Width of the three blocks.
        bins: Horizontal strips of the last map, for each scale of the pyramid.
        embedding: Channels of the embedding per part.

    Source: Chao et al., "GaitSet", AAAI 2019, figure 2. The paper trains with the triplet loss alone;
    the neck with a classifier is this toolkit's, so that every method finds one.
    """

    channels: Sizes = (64, 128, 256)
    bins: Sizes = (16, 8, 4, 2, 1)
    embedding: Size = 256

    title = "GaitSet"
    source = "Chao et al., GaitSet, AAAI 2019"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("gaitset", "channels", self.channels, 3, "blocks")

    def build(self) -> "GaitSetNetwork":
        """Return a new network."""
        from gaitbench.networks.backbones.gaitset import GaitSetNetwork

        return GaitSetNetwork(self.channels, self.bins, self.embedding)
