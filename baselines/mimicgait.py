"""MimicGait: a student on occluded clips imitates a teacher on the same clips unoccluded.

Source: Gupta and Chellappa, "MimicGait: A Model Agnostic Approach for Occluded Gait Recognition Using
Correlational Knowledge Distillation", WACV 2025, section 3.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from pydantic import Field

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.registry import register
from gaitbench.methods.base import Method, Plan, Variant
from gaitbench.methods.extractor import ExtractorStage, holistic_extractor
from gaitbench.methods.oem import DetectorStage, occlusion_detector
from gaitbench.training.stage import TEST_ONLY, Embedded, Networks, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.networks.extractor import Extractor
    from gaitbench.networks.student import Student
    from gaitbench.training.batches import Batch

Inference = Literal["paper", "released-code"]


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

    def build(self, identities: int) -> "Student":
        """Return a new student."""
        from gaitbench.networks.student import Student

        return Student(
            self.backbone.build,
            identities if self.cross_entropy else None,
            own_teacher=self.drifting_teacher,
        )

    def start(self, network: "nn.Module", networks: Networks) -> None:
        """Begin with the teacher's weights and statistics, where the network has a copy of it."""
        copy = cast("Student", network).teacher
        if copy is not None:
            copy.load_state_dict(cast("Extractor", networks["teacher"]).backbone.state_dict())

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return the distillation loss over student and teacher embeddings."""
        import torch

        from gaitbench.networks.detector import detect
        from gaitbench.training.losses import cross_entropy, distillation_triplet

        model = cast("Student", network)
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
            logits = model.neck(student)
            terms["cross-entropy"] = cross_entropy(logits, batch.identities, self.recipe)
        return terms

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the guided embedding, or the student's own for "released-code"."""
        from gaitbench.networks.detector import detect

        detection = detect(networks["detector"], batch.clips)
        guided = self.inference == "paper"
        embeddings = cast("Student", network).embed(batch.clips, detection, guided=guided)
        amount = self.detector.hidden_share(detection)
        return Embedded(embeddings, types=detection.type_logits.argmax(1), amount=amount)


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

    margin: Annotated[float, Field(ge=0)] = 0.05
    cross_entropy: bool = False
    teacher_pairs: bool = False
    drifting_teacher: bool = False
    inference: Inference = "paper"

    title = "MimicGait"
    source = "MimicGait, WACV 2025"
    place = 4
    about = "student on occluded clips imitates Baseline-1 on the same clips unoccluded"

    variants: ClassVar[tuple[Variant, ...]] = (
        Variant(
            "mimicgait-released-inference",
            "MimicGait, released inference",
            about="variant: the student's embedding without guidance at test time",
            options={"inference": "released-code"},
        ),
        Variant(
            "mimicgait-released-margin",
            "MimicGait, margin 0.2",
            about="variant: the released configurations' margin",
            options={"margin": 0.2},
        ),
        Variant(
            "mimicgait-cross-entropy",
            "MimicGait with cross-entropy",
            about="variant: a classifier beside the distillation",
            options={"cross_entropy": True},
        ),
        Variant(
            "mimicgait-teacher-pairs",
            "MimicGait, teacher pairs",
            about="variant: two teacher embeddings are anchor and positive too, as released",
            options={"teacher_pairs": True},
        ),
        Variant(
            "mimicgait-drifting-statistics",
            "MimicGait, drifting statistics",
            about="variant: the teacher's batch-norm statistics go on moving, as released",
            options={"drifting_teacher": True},
        ),
    )

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
