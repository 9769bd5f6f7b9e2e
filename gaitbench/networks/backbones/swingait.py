"""SwinGait: the first stages of DeepGaitV2, then a shifted-window transformer over space and time."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitbench.networks.backbones.blocks import clips_of, frames_of, per_frame
from gaitbench.networks.backbones.deepgaitv2 import residual_stages
from gaitbench.networks.backbones.video_swin import Size3, VideoSwin
from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.parts import PartLinear, pool_parts, strip_spans


class SwinGaitNetwork(BackboneNetwork):
    """SwinGait-3D: convolutions, a transformer, maximum over time, horizontal pooling, linear layer.

    Its arguments are the fields of `gaitbench.backbones.swingait.SwinGait`, and what follows from them.

    Args:
        strides: Of the convolutional stages, in space.
    """

    def __init__(
        self,
        layers: Sequence[int],
        channels: Sequence[int],
        strides: Sequence[int],
        size: tuple[int, int],
        widths: Sequence[int],
        depths: Sequence[int],
        heads: Sequence[int],
        window: Size3,
        drop_path: float,
        parts: int,
        embedding: int,
    ) -> None:
        super().__init__()
        self.parts, self.feature_channels, self.channels = parts, widths[-1], embedding
        self.size = size
        self.conv1 = nn.Conv2d(1, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.stages = residual_stages("p3d", layers, channels, strides)
        self.transformer = VideoSwin(channels[-1], widths, depths, heads, window, drop_path)
        self.head = PartLinear(parts, widths[-1], embedding)

    def encode(self, x: Tensor) -> Tensor:
        """Encode clips, take the maximum over time, pool parts: [n, t, h, w] -> [n, c_f, p]."""
        frames = torch.relu(self.bn1(self.conv1(frames_of(x))))
        maps = per_frame(self._resized, self.stages(clips_of(frames, len(x))))
        last = self.transformer(maps).amax(1)
        return pool_parts(last.movedim(-1, 1), self.parts)

    def spans(self) -> Tensor:
        """Return which rows each part describes: horizontal strips, from the top."""
        return strip_spans(self.parts)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""
        return self.head(features)  # type: ignore[no-any-return]

    def _resized(self, maps: Tensor) -> Tensor:
        return functional.interpolate(maps, self.size, mode="bilinear", align_corners=True)
