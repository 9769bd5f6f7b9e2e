"""MimicGait: a student on occluded clips imitates a teacher on the same clips unoccluded.

Source: Gupta and Chellappa, "MimicGait: A Model Agnostic Approach for Occluded Gait Recognition Using
Correlational Knowledge Distillation", WACV 2025, section 3.
"""

from dataclasses import dataclass, field
from typing import Literal, cast

import torch
from torch import Tensor, nn

from gaitbench.backbones.base import Backbone, BackboneSpec
from gaitbench.backbones.parts import PartLinear, append_vector
from gaitbench.core.registry import register
from gaitbench.methods.base import TEST_ONLY, Embedded, Method, Networks, Plan, Stage
from gaitbench.methods.extractor import (
    Extractor,
    ExtractorStage,
    cross_entropy,
    holistic_extractor,
)
from gaitbench.methods.oem import (
    FEATURE_CHANNELS,
    Detection,
    DetectorStage,
    detect,
    occlusion_detector,
)
from gaitbench.training.batches import Batch
from gaitbench.training.losses import distillation_triplet

Inference = Literal["paper", "released-code"]


class Student(nn.Module):
    """A backbone and the per-part mixer that the detector's feature guides.

    Args:
        spec: The backbone's.
        identities: Size of the classifier, where there is one.
        own_teacher: Whether it carries a copy of the teacher, without gradient.
    """

    def __init__(
        self, spec: BackboneSpec, identities: int | None, *, own_teacher: bool = False
    ) -> None:
        super().__init__()
        self.backbone: Backbone = spec.build()
        channels, parts = self.backbone.channels, self.backbone.parts
        self.mixer = PartLinear(parts, channels + FEATURE_CHANNELS, channels)
        self.neck = self.backbone.neck(identities) if identities else None
        self.teacher = spec.build().requires_grad_(False) if own_teacher else None

    def guided(self, clips: Tensor, found: Detection) -> Tensor:
        """Return T(Fm(x) concat V(x)), [n, c, p]."""
        return cast(Tensor, self.mixer(append_vector(self.backbone(clips), found.feature)))

    def embed(self, clips: Tensor, found: Detection, inference: Inference) -> Tensor:
        """Return what is compared at test time: guided, or for "released-code" before the mixer."""
        return self.guided(clips, found) if inference == "paper" else self.backbone(clips)


@dataclass(frozen=True)
class MimicStage(Stage):
    """Trains student and mixer by multi-instance correlational distillation.

    Args:
        backbone: Of the student, the same as the teacher's.
        teacher: Frozen; sees the clips before occlusion.
        detector: Frozen; sees the student's clips.
        distance_margin: Of the distillation's triplet loss; 0.05 in the paper, 0.2 in the released
            configurations.
        cross_entropy: Adds a classifier; the paper shows that it hurts.
        teacher_pairs: Whether two teacher embeddings also are anchor and positive, as in the released code.
        drifting_teacher: Whether batch norm in a copy of the teacher takes its statistics from the batches
            of the distillation, as in the released code (where a backbone drops paths, those too), instead
            of being frozen.
        inference: "paper" compares the guided embedding, "released-code" the student's before the mixer.
    """

    backbone: BackboneSpec
    teacher: ExtractorStage
    detector: DetectorStage
    distance_margin: float = 0.05
    cross_entropy: bool = False
    teacher_pairs: bool = False
    drifting_teacher: bool = False
    inference: Inference = field(default="paper", metadata=TEST_ONLY)
    role = "student"

    def build(self, identities: int) -> Student:
        """Return a new student."""
        return Student(
            self.backbone,
            identities if self.cross_entropy else None,
            own_teacher=self.drifting_teacher,
        )

    def start(self, network: nn.Module, networks: Networks) -> None:
        """Begin with the teacher's weights and statistics, where the network has a copy of it."""
        copy = cast(Student, network).teacher
        if copy is not None:
            copy.load_state_dict(cast(Extractor, networks["teacher"]).backbone.state_dict())

    def losses(self, network: nn.Module, networks: Networks, batch: Batch) -> dict[str, Tensor]:
        """Return the distillation loss over student and teacher embeddings."""
        model = cast(Student, network)
        student = model.guided(batch.clips, detect(networks["detector"], batch.clips))
        imitated = networks["teacher"] if model.teacher is None else model.teacher
        with torch.no_grad():
            teacher = imitated(batch.whole)
        terms = {
            "distillation": distillation_triplet(
                student,
                teacher,
                batch.identities,
                margin=self.distance_margin,
                teacher_pairs=self.teacher_pairs,
            )
        }
        if model.neck is not None:
            terms["cross-entropy"] = cross_entropy(model.neck(student), batch, self.recipe)
        return terms

    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
        """Return the guided embedding, or the student's own for "released-code"."""
        model = cast(Student, network)
        found = detect(networks["detector"], batch.clips)
        embeddings = model.embed(batch.clips, found, self.inference)
        amount = self.detector.hidden_share(found)
        return Embedded(embeddings, types=found.type_logits.argmax(1), amount=amount)


@register("mimicgait")
@dataclass(frozen=True)
class MimicGait(Method):
    """MimicGait as the paper describes it.

    Args:
        margin: See `MimicStage.distance_margin`.
        cross_entropy: See `MimicStage`.
        teacher_pairs: See `MimicStage`.
        drifting_teacher: See `MimicStage`.
        inference: See `MimicStage`.
    """

    margin: float = 0.05
    cross_entropy: bool = False
    teacher_pairs: bool = False
    drifting_teacher: bool = False
    inference: Inference = "paper"

    title = "MimicGait"
    source = "MimicGait, WACV 2025"
    about = "student on occluded clips imitates Baseline-1 on the same clips unoccluded"

    def stage(self, plan: Plan) -> MimicStage:
        """Return the distillation stage on top of the shared extractor and detector."""
        return MimicStage(
            data=plan.data,
            recipe=plan.occluded,
            mix=plan.setting.train,
            seed=plan.seed,
            backbone=plan.backbone,
            teacher=holistic_extractor(plan),
            detector=occlusion_detector(plan),
            distance_margin=self.margin,
            cross_entropy=self.cross_entropy,
            teacher_pairs=self.teacher_pairs,
            drifting_teacher=self.drifting_teacher,
            inference=self.inference,
        )


@register("mimicgait-released-inference")
@dataclass(frozen=True)
class ReleasedInference(MimicGait):
    """MimicGait compared as its released code does: by the student's embedding before the mixer."""

    inference: Inference = "released-code"

    title = "MimicGait, released inference"
    about = "variant: the student's embedding without guidance at test time"
    kind = "variant"


@register("mimicgait-released-margin")
@dataclass(frozen=True)
class ReleasedMargin(MimicGait):
    """MimicGait with the margin of its released configurations."""

    margin: float = 0.2

    title = "MimicGait, margin 0.2"
    about = "variant: the released configurations' margin"
    kind = "variant"


@register("mimicgait-cross-entropy")
@dataclass(frozen=True)
class WithCrossEntropy(MimicGait):
    """MimicGait with a classifier beside the distillation, which the paper reports to hurt."""

    cross_entropy: bool = True

    title = "MimicGait with cross-entropy"
    about = "variant: a classifier beside the distillation"
    kind = "variant"


@register("mimicgait-teacher-pairs")
@dataclass(frozen=True)
class WithTeacherPairs(MimicGait):
    """MimicGait whose average holds pairs of two teacher embeddings too."""

    teacher_pairs: bool = True

    title = "MimicGait, teacher pairs"
    about = "variant: two teacher embeddings are anchor and positive too, as released"
    kind = "variant"


@register("mimicgait-drifting-statistics")
@dataclass(frozen=True)
class DriftingTeacher(MimicGait):
    """MimicGait whose teacher's batch norm takes its statistics from the distillation's batches."""

    drifting_teacher: bool = True

    title = "MimicGait, drifting statistics"
    about = "variant: the teacher's batch-norm statistics go on moving, as released"
    kind = "variant"
