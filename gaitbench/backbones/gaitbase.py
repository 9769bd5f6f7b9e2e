"""GaitBase: a frame-wise residual network, maximum over time, horizontal parts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.options import Size, Sizes
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register

if TYPE_CHECKING:
    from gaitbench.networks.backbones.gaitbase import GaitBaseNetwork


@register("gaitbase")
@dataclass(frozen=True)
class GaitBase(Backbone):
    """ResNet-9 on single frames, maximum over time, horizontal pooling, per-part linear layer.

    Args:
        channels: Width of the four residual stages.
        strides: Of the four stages.
        parts: Horizontal strips of the last map.
        embedding: Channels of the embedding per part.

    Source: Fan et al., "OpenGait", CVPR 2023, section 4.
    """

    channels: Sizes = (64, 128, 256, 512)
    strides: Sizes = (1, 2, 2, 1)
    parts: Size = 16
    embedding: Size = 256

    title = "GaitBase"
    source = "Fan et al., OpenGait, CVPR 2023"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.channels) != len(self.strides):
            raise ConfigurationError(
                f"backbone 'gaitbase': {len(self.channels)} channels, but {len(self.strides)} strides."
            )

    def build(self) -> "GaitBaseNetwork":
        """Return a new network."""
        from gaitbench.networks.backbones.gaitbase import GaitBaseNetwork

        return GaitBaseNetwork(self.channels, self.strides, self.parts, self.embedding)
