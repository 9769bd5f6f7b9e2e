"""A backbone: a small network on the gait energy image, the mean of a clip's frames.

gaitbench run --backbone gei-net --plugin examples/plugins/gei_net.py

Source: Shiraga et al., GEINet, ICB 2016, with horizontal parts in place of its dense layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gaitbench import Backbone, register
from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.parts import PartLinear, pool_parts, strip_spans


class GEINetwork(BackboneNetwork):
    """Two convolutions on the mean frame, then a linear layer per horizontal part."""

    def __init__(self, width: int, parts: int) -> None:
        super().__init__()
        self.parts, self.feature_channels, self.channels = parts, width, width
        self.maps = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.head = PartLinear(parts, width, width)

    def encode(self, x: Tensor) -> Tensor:
        """Average over time, then pool parts: [n, t, h, w] -> [n, c, p]."""
        return pool_parts(self.maps(x.mean(1, keepdim=True)), self.parts)

    def spans(self) -> torch.Tensor:
        """Return which rows each part describes."""
        return strip_spans(self.parts)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part layer."""
        embedding: Tensor = self.head(features)
        return torch.nn.functional.leaky_relu(embedding)


@register("gei-net")
@dataclass(frozen=True)
class GEINet(Backbone):
    """A network that sees no motion: what do the others gain by seeing it?"""

    width: int = 32
    parts: int = 8

    title = "GEINet"
    source = "Shiraga et al., GEINet, ICB 2016"

    def build(self) -> GEINetwork:
        """Return a new network."""
        return GEINetwork(self.width, self.parts)
