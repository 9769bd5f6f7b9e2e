"""The methods of released code as they come out of a file, ready to embed silhouettes."""

from typing import Literal, cast

from torch import Tensor, nn

from gaitbench.backbones.base import BackboneSpec
from gaitbench.checkpoints.loaded import Loaded
from gaitbench.networks.detector import Detection, OcclusionDetector
from gaitbench.networks.occ_aware import OccAwareNetwork
from gaitbench.networks.restoration import Restoration, restored
from gaitbench.networks.student import Student


class LoadedRGGait(Loaded):
    """Signature extractor, restoration network and occlusion evaluation module."""

    def __init__(self, spec: BackboneSpec, identities: int, detector: OcclusionDetector) -> None:
        super().__init__(spec)
        self.extractor = spec.build()
        self.restoration = Restoration(spec.build, identities, aware=True, own_extractor=False)
        self.detector = detector

    def forward(self, clips: Tensor) -> Tensor:
        """Return f = G + alpha · R, [n, c, p]; alpha is the mean of the frames' amounts."""
        detection: Detection = self.detector(clips)
        residual = self.restoration.residual(clips, detection.feature)
        return restored(self.extractor(clips), detection.amount, residual)


class LoadedMimicGait(Loaded):
    """Student, teacher and visibility estimation network.

    Attributes:
        inference: "paper" embeds with the guided student, "released-code" with the student before the
            mixer, as the released evaluation does.
    """

    def __init__(self, spec: BackboneSpec, detector: OcclusionDetector) -> None:
        super().__init__(spec)
        self.student = Student(spec.build, None)
        self.teacher = spec.build()
        self.detector = detector
        self.inference: Literal["paper", "released-code"] = "paper"

    def forward(self, clips: Tensor) -> Tensor:
        """Embed occluded clips [n, t, h, w] as [n, c, p]."""
        guided = self.inference == "paper"
        return self.student.embed(clips, self.detector(clips), guided=guided)


class LoadedOccAware(Loaded):
    """A backbone that is told the occlusion by its detector, by deferred concatenation."""

    def __init__(
        self, spec: BackboneSpec, identities: int | None, detector: OcclusionDetector
    ) -> None:
        super().__init__(spec)
        # A backbone that was trained without a classifier gets one of two identities that nobody uses.
        self.network = OccAwareNetwork(spec.build(), identities or 2, "deferred-concat")
        if identities is None:
            self.network.neck = nn.Identity()
        self.detector = detector

    def forward(self, clips: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] as [n, c, p]."""
        return cast(Tensor, self.network(clips, self.detector(clips)))
