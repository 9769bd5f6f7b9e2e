"""A backbone that is told the true type of occlusion."""

from typing import cast

from torch import Tensor, nn

from gaitbench.networks.base import BackboneNetwork


class ToldExtractor(nn.Module):
    """A backbone with the type joined to its embedding, as Occ-Aware joins its detector's feature.

    Args:
        backbone: Becomes a part of this module.
        identities: Size of the classifier.
        types: How many types there are; adapting to a new one adds to them.
    """

    def __init__(self, backbone: BackboneNetwork, identities: int, types: int) -> None:
        super().__init__()
        self.joined = backbone.joined(TYPES)
        self.neck = self.joined.neck(identities)
        if types > TYPES:
            raise ValueError(f"{types} types, but at most {TYPES} can be told apart")

    def forward(self, clips: Tensor, types: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] of types [n] as [n, c, p]."""
        told = nn.functional.one_hot(types, TYPES).to(clips.dtype)
        return cast(Tensor, self.joined(clips, told))


TYPES = 64
"""Places for types: as many as Occ-Aware's feature has channels, so that the two are of one size."""
