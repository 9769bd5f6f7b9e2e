"""SwinGait: the first stages of DeepGaitV2, then a shifted-window transformer over space and time."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitbench.backbones.base import Backbone
from gaitbench.backbones.blocks import clips_of, frames_of, per_frame
from gaitbench.backbones.deepgaitv2 import STRIDES, residual_stages
from gaitbench.backbones.options import check_sizes
from gaitbench.backbones.parts import PartLinear, pool_parts
from gaitbench.backbones.video_swin import PATCH, VideoSwin
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register

MOST_TOKENS = 512
"""In a window, for whose pairs a table is kept; the published one has 45."""


@register("swingait")
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

    title = "SwinGait"
    source = "Fan et al., Exploring Deep Models for Practical Gait Recognition, 2023"

    def __init__(
        self,
        layers: Sequence[int] = (1, 4),
        channels: Sequence[int] = (64, 128),
        size: Sequence[int] = (30, 20),
        widths: Sequence[int] = (256, 512),
        depths: Sequence[int] = (4, 2),
        heads: Sequence[int] = (16, 32),
        window: Sequence[int] = (3, 3, 5),
        drop_path: float = 0.1,
        parts: int = 15,
        embedding: int = 256,
    ) -> None:
        super().__init__()
        check_sizes("swingait", parts=parts, embedding=embedding)
        _check_convolutions(layers, channels, size)
        _check_transformer(widths, depths, heads, window, drop_path)
        self.parts, self.feature_channels, self.channels = parts, widths[-1], embedding
        self.size = (size[0], size[1])
        self.conv1 = nn.Conv2d(1, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.stages = residual_stages("p3d", layers, channels)
        extent = (window[0], window[1], window[2])
        self.transformer = VideoSwin(channels[-1], widths, depths, heads, extent, drop_path)
        self.head = PartLinear(parts, widths[-1], embedding)

    def encode(self, x: Tensor) -> Tensor:
        """Encode clips, take the maximum over time, pool parts: [n, t, h, w] -> [n, c_f, p]."""
        frames = torch.relu(self.bn1(self.conv1(frames_of(x))))
        maps = per_frame(self._resized, self.stages(clips_of(frames, len(x))))
        last = self.transformer(maps).amax(1)
        return pool_parts(last.movedim(-1, 1), self.parts)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""
        return self.head(features)  # type: ignore[no-any-return]

    def _resized(self, maps: Tensor) -> Tensor:
        return functional.interpolate(maps, self.size, mode="bilinear", align_corners=True)


def _check_convolutions(
    layers: Sequence[int], channels: Sequence[int], size: Sequence[int]
) -> None:
    if len(layers) != len(channels) or len(channels) > len(STRIDES):
        raise ConfigurationError(
            f"backbone 'swingait': layers and channels must be as many, at most {len(STRIDES)}. "
            f"Got {len(layers)} layers and {len(channels)} channels instead."
        )
    check_sizes("swingait", layers=layers, channels=channels, size=size)
    if len(size) != 2 or any(extent < 1 or extent % PATCH[1] for extent in size):
        raise ConfigurationError(
            f"backbone 'swingait': size must be rows and columns, both even. Got {list(size)} instead."
        )


def _check_transformer(
    widths: Sequence[int],
    depths: Sequence[int],
    heads: Sequence[int],
    window: Sequence[int],
    drop_path: float,
) -> None:
    check_sizes("swingait", widths=widths, depths=depths, heads=heads, window=window)
    if not len(widths) == len(depths) == len(heads):
        raise ConfigurationError(
            "backbone 'swingait': widths, depths and heads must be as many, one for each stage. "
            f"Got {len(widths)}, {len(depths)} and {len(heads)} instead."
        )
    for width, count in zip(widths, heads, strict=True):
        if width % count:
            raise ConfigurationError(
                f"backbone 'swingait': {count} heads do not divide a width of {width}."
            )
    if len(window) != 3:
        raise ConfigurationError(
            f"backbone 'swingait': window must be frames, rows and columns. Got {list(window)} instead."
        )
    if math.prod(window) > MOST_TOKENS:
        raise ConfigurationError(
            f"backbone 'swingait': window must have at most {MOST_TOKENS} tokens, each of which sees all. "
            f"Got {list(window)} instead."
        )
    if not 0 <= drop_path < 1:
        raise ConfigurationError(
            f"backbone 'swingait': drop_path must be in [0, 1). Got {drop_path} instead."
        )
