"""RG-Gait's restoration network: what is added to a signature, and how.

    R = T(F(x) concat O),   f = G + alpha · R

Source: RG-Gait (IJCB 2025), section 3, equations 1–4.
"""

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.detector import FEATURE_CHANNELS
from gaitbench.networks.parts import PartLinear, append_vector


class Restoration(nn.Module):
    """The feature restoration network: a backbone F, the per-part mixer T, and a trainable neck.

    Args:
        backbone: Makes F and, where it is asked for, the extractor.
        identities: Size of the classifier.
        aware: Whether the mixer sees the occlusion feature.
        own_extractor: Whether it carries a copy of the signature extractor.
    """

    def __init__(
        self,
        backbone: Callable[[], BackboneNetwork],
        identities: int,
        *,
        aware: bool,
        own_extractor: bool,
    ) -> None:
        super().__init__()
        self.backbone = backbone()
        channels, parts = self.backbone.channels, self.backbone.parts
        self.mixer = PartLinear(parts, channels + FEATURE_CHANNELS * aware, channels)
        self.neck = self.backbone.neck(identities)
        self.extractor = backbone() if own_extractor else None

    def residual(self, clips: Tensor, feature: Tensor | None) -> Tensor:
        """Return R for clips [n, t, h, w] and their occlusion feature [n, 64], as [n, c, p]."""
        embeddings = self.backbone(clips)
        if feature is not None:
            embeddings = append_vector(embeddings, feature)
        return cast(Tensor, self.mixer(embeddings))


def restored(signature: Tensor, alpha: Tensor, residual: Tensor) -> Tensor:
    """Return f = G + alpha · R for G and R [n, c, p] and alpha [n], in float32."""
    return signature.float() + alpha[:, None, None] * residual.float()
