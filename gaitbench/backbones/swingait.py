"""SwinGait: the first stages of DeepGaitV2, then a shifted-window transformer over space and time."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.deepgaitv2 import STRIDES
from gaitbench.backbones.options import Size, Sizes
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register

if TYPE_CHECKING:
    from gaitbench.networks.backbones.swingait import SwinGaitNetwork

MOST_TOKENS = 512
"""In a window, for whose pairs a table is kept; the published one has 45."""


@register("swingait")
@dataclass(frozen=True)
class SwinGait(Backbone):
    """SwinGait-3D: convolutions, a transformer, maximum over time, horizontal pooling, linear layer.

    Args:
        layers: Blocks of the convolutional stages.
        channels: Width of the convolutional stages.
        size: Rows and columns that the maps are resized to before the transformer; even.
        widths: Channels of a token, per stage of the transformer.
        depths: Blocks per stage.
        heads: Attention heads per stage; they divide its width.
        window: Frames, rows and columns that attend to each other.
        drop_path: Largest probability of skipping a branch in training.
        parts: Horizontal strips of the last map.
        embedding: Channels of the embedding per part.

    Source: Fan et al., "Exploring Deep Models for Practical Gait Recognition", 2023, section 4. The
    released code repeats the last of 15 strips and drops the 16th result; here there are 15.
    """

    layers: Sizes = (1, 4)
    channels: Sizes = (64, 128)
    size: tuple[Size, Size] = (30, 20)
    widths: Sizes = (256, 512)
    depths: Sizes = (4, 2)
    heads: Sizes = (16, 32)
    window: tuple[Size, Size, Size] = (3, 3, 5)
    drop_path: Annotated[float, Field(ge=0, lt=1)] = 0.1
    parts: Size = 15
    embedding: Size = 256

    title = "SwinGait"
    source = "Fan et al., Exploring Deep Models for Practical Gait Recognition, 2023"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.layers) != len(self.channels) or len(self.channels) > len(STRIDES):
            raise ConfigurationError(
                f"backbone 'swingait': layers and channels must be as many, at most {len(STRIDES)}. "
                f"Got {len(self.layers)} layers and {len(self.channels)} channels instead."
            )
        if any(extent % 2 for extent in self.size):
            raise ConfigurationError(
                f"backbone 'swingait': size must be rows and columns, both even. Got {list(self.size)} "
                "instead."
            )
        self._check_transformer()

    def _check_transformer(self) -> None:
        if not len(self.widths) == len(self.depths) == len(self.heads):
            raise ConfigurationError(
                "backbone 'swingait': widths, depths and heads must be as many, one for each stage. "
                f"Got {len(self.widths)}, {len(self.depths)} and {len(self.heads)} instead."
            )
        for width, count in zip(self.widths, self.heads, strict=True):
            if width % count:
                raise ConfigurationError(
                    f"backbone 'swingait': {count} heads do not divide a width of {width}."
                )
        if math.prod(self.window) > MOST_TOKENS:
            raise ConfigurationError(
                f"backbone 'swingait': window must have at most {MOST_TOKENS} tokens, each of which sees "
                f"all. Got {list(self.window)} instead."
            )

    def build(self) -> "SwinGaitNetwork":
        """Return a new network."""
        from gaitbench.networks.backbones.swingait import SwinGaitNetwork

        strides = STRIDES[: len(self.channels)]
        return SwinGaitNetwork(strides=strides, **vars(self))
