"""The methods of released code as they come out of a file, ready to embed silhouettes."""

from typing import cast

from torch import Tensor, nn

from gaitbench.backbones.base import Backbone, BackboneSpec
from gaitbench.baselines.mimicgait import Inference, Student
from gaitbench.baselines.occ_aware import OccAwareNetwork
from gaitbench.checkpoints.loaded import Loaded
from gaitbench.methods.oem import OcclusionDetector
from gaitbench.methods.rg_gait import Restoration, restored


class LoadedRGGait(Loaded):
    """Signature extractor, restoration network and occlusion evaluation module."""

    def __init__(self, spec: BackboneSpec, identities: int, detector: OcclusionDetector) -> None:
        super().__init__(spec)
        self.extractor: Backbone = spec.build()
        self.restoration = Restoration(spec, identities, aware=True, own_extractor=False)
        self.detector = detector

    def forward(self, clips: Tensor) -> Tensor:
        """Return f = G + alpha · R, [n, c, p]; alpha is the mean of the frames' amounts."""
        found = self.detector(clips)
        residual = self.restoration.residual(clips, found.feature)
        return restored(self.extractor(clips), found.amount, residual)


class LoadedMimicGait(Loaded):
    """Student, teacher and visibility estimation network.

    Attributes:
        inference: "paper" embeds with the guided student, "released-code" with the student before the
            mixer, as the released evaluation does.
    """

    def __init__(self, spec: BackboneSpec, detector: OcclusionDetector) -> None:
        super().__init__(spec)
        self.student = Student(spec, None)
        self.teacher: Backbone = spec.build()
        self.detector = detector
        self.inference: Inference = "paper"

    def forward(self, clips: Tensor) -> Tensor:
        """Embed occluded clips [n, t, h, w] as [n, c, p]."""
        return self.student.embed(clips, self.detector(clips), self.inference)


class LoadedOccAware(Loaded):
    """A backbone that is told the occlusion by its detector, by deferred concatenation."""

    def __init__(
        self, spec: BackboneSpec, identities: int | None, detector: OcclusionDetector
    ) -> None:
        super().__init__(spec)
        # A backbone that was trained without a classifier gets one of two identities that nobody uses.
        self.network = OccAwareNetwork(spec, identities or 2, "deferred-concat")
        if identities is None:
            self.network.neck = nn.Identity()
        self.detector = detector

    def forward(self, clips: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] as [n, c, p]."""
        return cast(Tensor, self.network(clips, self.detector(clips)))
