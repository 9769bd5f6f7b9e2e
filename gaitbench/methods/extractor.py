"""The gait signature extractor: a backbone with its neck, on whole or on occluded clips."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from gaitbench.backbones.base import BackboneSpec
from gaitbench.methods.base import Plan
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.training.stage import Embedded, Networks, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.networks.extractor import Extractor
    from gaitbench.training.batches import Batch

AnyExtractor = TypeVar("AnyExtractor", bound="ExtractorStage")


@dataclass(frozen=True)
class ExtractorStage(Stage):
    """Trains a backbone on the clips that its mix gives.

    On whole clips this is Baseline-1, RG-Gait's gait signature extractor and MimicGait's teacher; on
    occluded clips it is Baseline-2.

    Source: RG-Gait (IJCB 2025), section 3; losses as in OpenGait.
    """

    backbone: BackboneSpec
    role = "extractor"

    def build(self, identities: int) -> "Extractor":
        """Return a new backbone and neck."""
        from gaitbench.networks.extractor import Extractor

        return Extractor(self.backbone.build(), identities)

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return triplet loss and cross-entropy."""
        from gaitbench.training.losses import identity_losses

        model = cast("Extractor", network)
        embeddings = model(batch.clips)
        return identity_losses(embeddings, model.neck(embeddings), batch.identities, self.recipe)

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the backbone's part embeddings."""
        return Embedded(network(batch.clips))


@dataclass(frozen=True)
class ImportedExtractorStage(ExtractorStage):
    """An extractor on whole clips that comes from a file instead of being trained.

    Args:
        digest: SHA-256 of the file.
    """

    digest: str
    role = "imported extractor"

    @property
    def steps(self) -> int:
        """None: whoever made the file trained it."""
        return 0


def holistic_extractor(plan: Plan) -> ExtractorStage:
    """Return the extractor on whole clips that Baseline-1, MimicGait and RG-Gait share."""
    described = (plan.data, plan.extractor, HOLISTIC, plan.seed, plan.backbone)
    if plan.imported is not None:
        return ImportedExtractorStage(*described, plan.imported)
    return ExtractorStage(*described)


def occluded_extractor(kind: type[AnyExtractor], plan: Plan, share: float | None) -> AnyExtractor:
    """Return an extractor from scratch on occluded clips, as Baseline-2 is.

    Args:
        kind: Of stage.
        plan: Of the run.
        share: Of the clips that are occluded; None for the run's.
    """
    return kind(plan.data, plan.occluded, plan.occluded_mix(share), plan.seed, plan.backbone)
