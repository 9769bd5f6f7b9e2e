"""The gait signature extractor: a backbone with its neck, on whole or on occluded clips."""

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from gaitbench.backbones.base import Backbone, BackboneSpec
from gaitbench.methods.base import Embedded, Networks, Plan, Stage
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.training.batches import Batch
from gaitbench.training.losses import batch_all_triplet, part_cross_entropy
from gaitbench.training.recipe import Recipe


def identity_losses(
    embeddings: Tensor, logits: Tensor, batch: Batch, recipe: Recipe
) -> dict[str, Tensor]:
    """Return triplet loss and cross-entropy of part embeddings [n, c, p] and logits [n, k, p].

    Both carry the recipe's weight; a term of weight 0 is left out.
    """
    terms: dict[str, Tensor] = {}
    if recipe.triplet_weight:
        terms["triplet"] = recipe.triplet_weight * batch_all_triplet(
            embeddings,
            batch.identities,
            margin=recipe.margin,
            self_positive=recipe.self_positive,
        )
    if recipe.cross_entropy_weight:
        terms["cross-entropy"] = recipe.cross_entropy_weight * cross_entropy(logits, batch, recipe)
    return terms


def cross_entropy(logits: Tensor, batch: Batch, recipe: Recipe) -> Tensor:
    """Return the cross-entropy of logits [n, k, p], scaled and smoothed as the recipe says."""
    return part_cross_entropy(
        logits,
        batch.identities,
        scale=recipe.cross_entropy_scale,
        label_smoothing=recipe.label_smoothing,
    )


class Extractor(nn.Module):
    """A backbone and its neck."""

    def __init__(self, spec: BackboneSpec, identities: int) -> None:
        super().__init__()
        self.backbone: Backbone = spec.build()
        self.neck = self.backbone.neck(identities)

    def forward(self, clips: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] as [n, c, p]."""
        return cast(Tensor, self.backbone(clips))


@dataclass(frozen=True)
class ExtractorStage(Stage):
    """Trains a backbone on the clips that its mix gives.

    On whole clips this is Baseline-1, RG-Gait's gait signature extractor and MimicGait's teacher; on
    occluded clips it is Baseline-2.

    Source: RG-Gait (IJCB 2025), section 3; losses as in OpenGait.
    """

    backbone: BackboneSpec
    role = "extractor"

    def build(self, identities: int) -> Extractor:
        """Return a new backbone and neck."""
        return Extractor(self.backbone, identities)

    def losses(self, network: nn.Module, networks: Networks, batch: Batch) -> dict[str, Tensor]:
        """Return triplet loss and cross-entropy."""
        model = cast(Extractor, network)
        embeddings = model(batch.clips)
        return identity_losses(embeddings, model.neck(embeddings), batch, self.recipe)

    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
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
