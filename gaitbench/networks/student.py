"""MimicGait's student: a backbone on occluded clips that the occlusion feature guides."""

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.detector import FEATURE_CHANNELS, Detection
from gaitbench.networks.parts import PartLinear, append_vector


class Student(nn.Module):
    """A backbone and the per-part mixer that the detector's feature guides.

    Args:
        backbone: Makes the student's and, where it is asked for, the teacher's.
        identities: Size of the classifier, where there is one.
        own_teacher: Whether it carries a copy of the teacher, without gradient.
    """

    def __init__(
        self,
        backbone: Callable[[], BackboneNetwork],
        identities: int | None,
        *,
        own_teacher: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone()
        channels, parts = self.backbone.channels, self.backbone.parts
        self.mixer = PartLinear(parts, channels + FEATURE_CHANNELS, channels)
        self.neck = self.backbone.neck(identities) if identities else None
        self.teacher = backbone().requires_grad_(False) if own_teacher else None

    def guided(self, clips: Tensor, detection: Detection) -> Tensor:
        """Return T(Fm(x) concat V(x)), [n, c, p]."""
        return cast(Tensor, self.mixer(append_vector(self.backbone(clips), detection.feature)))

    def embed(self, clips: Tensor, detection: Detection, *, guided: bool) -> Tensor:
        """Return what is compared at test time, [n, c, p]: guided, or what comes before the mixer."""
        return self.guided(clips, detection) if guided else cast(Tensor, self.backbone(clips))
