"""The gait signature extractor: a backbone with its neck."""

from typing import cast

from torch import Tensor, nn

from gaitbench.networks.base import BackboneNetwork


class Extractor(nn.Module):
    """A backbone and its neck.

    Args:
        backbone: Becomes a part of this module.
        identities: Size of the classifier.
    """

    def __init__(self, backbone: BackboneNetwork, identities: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = backbone.neck(identities)

    def forward(self, clips: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] as [n, c, p]."""
        return cast(Tensor, self.backbone(clips))
