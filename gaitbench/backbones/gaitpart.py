"""GaitPart: frame-wise convolutions on strips, and attention along time for every part by itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.options import Size, Sizes, check_count
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register

if TYPE_CHECKING:
    from gaitbench.networks.backbones.gaitpart import GaitPartNetwork

Halving = Annotated[int, Field(ge=0, le=16)]

HALVINGS = {3: (0, 2, 3), 4: (0, 0, 3, 3)}
"""How often the maps of each pair are halved into strips, by the number of pairs, as published."""


@register("gaitpart")
@dataclass(frozen=True)
class GaitPart(Backbone):
    """Convolutions on whole frames, then on strips; parts of frames; attention along time.

    Args:
        channels: Width of the three (CASIA-B) or four (OU-MVLP, GREW) pairs of convolutions.
        halvings: Of each pair: its convolutions work on 2 to that power strips, 0 is the whole map. None
            for the published ones: 0, 2, 3 of three pairs and 0, 0, 3, 3 of four.
        parts: Horizontal strips of the last map.
        squeeze: The attention's hidden layer is so many times narrower.
        embedding: Channels of the embedding per part.

    Source: Fan et al., "GaitPart", CVPR 2020. The paper trains with the triplet loss alone; the neck
    with a classifier is this toolkit's, so that every method finds one.
    """

    channels: Sizes = (32, 64, 128, 256)
    halvings: tuple[Halving, ...] | None = None
    parts: Size = 16
    squeeze: Size = 4
    embedding: Size = 256

    title = "GaitPart"
    source = "Fan et al., GaitPart, CVPR 2020"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.channels) not in HALVINGS:
            raise ConfigurationError(
                f"backbone 'gaitpart': it has 3 or 4 pairs of convolutions, so channels must be as many. "
                f"Got {list(self.channels)} instead."
            )
        count = len(self.channels)
        check_count("gaitpart", "halvings", self._halvings(), count, "pairs of convolutions")
        if self.squeeze > self.channels[-1]:
            raise ConfigurationError(
                f"backbone 'gaitpart': squeeze must be in 1 … {self.channels[-1]}, the last of the "
                f"channels. Got {self.squeeze} instead."
            )

    def _halvings(self) -> tuple[int, ...]:
        return HALVINGS[len(self.channels)] if self.halvings is None else self.halvings

    def build(self) -> "GaitPartNetwork":
        """Return a new network."""
        from gaitbench.networks.backbones.gaitpart import GaitPartNetwork

        strips = [2**halving for halving in self._halvings()]
        return GaitPartNetwork(self.channels, strips, self.parts, self.squeeze, self.embedding)
