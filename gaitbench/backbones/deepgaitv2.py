"""DeepGaitV2: a deep residual network whose later stages also look along time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.options import Size, Sizes, check_count
from gaitbench.core.registry import register
from gaitbench.networks.kinds import Mode

if TYPE_CHECKING:
    from gaitbench.networks.backbones.deepgaitv2 import DeepGaitV2Network

STRIDES = (1, 2, 2, 1)
"""Of the four stages, in space."""


@register("deepgaitv2")
@dataclass(frozen=True)
class DeepGaitV2(Backbone):
    """Residual network of 22 layers, maximum over time, horizontal pooling, per-part linear layer.

    Args:
        mode: Blocks of the stages after the first: "2d" treats every frame alone, "3d" convolves over
            space and time at once, "p3d" does so one after the other. The first stage is always "2d".
        layers: Blocks of each of the four stages.
        channels: Width of each of the four stages.
        parts: Horizontal strips of the last map.
        embedding: Channels of the embedding per part.

    Source: Fan et al., "Exploring Deep Models for Practical Gait Recognition", 2023, section 3.
    """

    mode: Mode = "p3d"
    layers: Sizes = (1, 4, 4, 1)
    channels: Sizes = (64, 128, 256, 512)
    parts: Size = 16
    embedding: Size = 256

    title = "DeepGaitV2"
    source = "Fan et al., Exploring Deep Models for Practical Gait Recognition, 2023"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("deepgaitv2", "layers", self.layers, len(STRIDES), "stages")
        check_count("deepgaitv2", "channels", self.channels, len(STRIDES), "stages")

    def build(self) -> "DeepGaitV2Network":
        """Return a new network."""
        from gaitbench.networks.backbones.deepgaitv2 import DeepGaitV2Network

        return DeepGaitV2Network(
            self.mode, self.layers, self.channels, STRIDES, self.parts, self.embedding
        )
