"""GaitBase: a frame-wise residual network, maximum over time, horizontal parts."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaitbench.networks.backbones.blocks import ResidualBlock, frames_of
from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.parts import PartLinear, pool_parts, strip_spans


class GaitBaseNetwork(BackboneNetwork):
    """ResNet-9 on single frames, maximum over time, horizontal pooling, per-part linear layer.

    Its arguments are the fields of `gaitbench.backbones.gaitbase.GaitBase`.
    """

    def __init__(
        self, channels: Sequence[int], strides: Sequence[int], parts: int, embedding: int
    ) -> None:
        super().__init__()
        self.parts, self.feature_channels, self.channels = parts, channels[-1], embedding
        self.conv1 = nn.Conv2d(1, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        widths = [channels[0], *channels]
        self.stages = nn.Sequential(
            *(ResidualBlock(*pair) for pair in zip(widths, channels, strides, strict=False))
        )
        self.head = PartLinear(parts, channels[-1], embedding)

    def encode(self, x: Tensor) -> Tensor:
        """Encode frames, take the maximum over time, pool parts: [n, t, h, w] -> [n, c_f, p]."""
        maps = self.stages(torch.relu(self.bn1(self.conv1(frames_of(x)))))
        return pool_parts(maps.unflatten(0, x.shape[:2]).amax(1), self.parts)

    def spans(self) -> Tensor:
        """Return which rows each part describes: horizontal strips, from the top."""
        return strip_spans(self.parts)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""
        return self.head(features)  # type: ignore[no-any-return]
