"""The gait signature extractor: a backbone with its neck, on whole or on occluded clips."""

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from gaitbench.backbones.base import Backbone, BackboneSpec
from gaitbench.methods.base import Embedded, Networks, Plan, Stage
from gaitbench.setting import HOLISTIC
from gaitbench.training.batches import Batch
from gaitbench.training.losses import batch_all_triplet, part_cross_entropy
from gaitbench.training.recipe import Recipe


def identity_losses(
    embeddings: Tensor, logits: Tensor, batch: Batch, recipe: Recipe
) -> dict[str, Tensor]:
    """Return triplet loss and cross-entropy of part embeddings [n, c, p] and logits [n, k, p]."""
    return {
        "triplet": batch_all_triplet(embeddings, batch.identities, margin=recipe.margin),
        "cross-entropy": part_cross_entropy(
            logits, batch.identities, label_smoothing=recipe.label_smoothing
        ),
    }


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


def holistic_extractor(plan: Plan) -> ExtractorStage:
    """Return the extractor on whole clips that Baseline-1, MimicGait and RG-Gait share."""
    return ExtractorStage(
        data=plan.data,
        recipe=plan.extractor,
        mix=HOLISTIC,
        seed=plan.seed,
        backbone=plan.backbone,
    )
