"""Ceilings: Baseline-2's network, told what hides a clip. What they lack, no detection can bring back."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from gaitbench.core.registry import register
from gaitbench.methods.base import Method, Plan
from gaitbench.methods.extractor import ExtractorStage, occluded_extractor
from gaitbench.training.stage import Embedded, Networks

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.networks.told import ToldExtractor
    from gaitbench.training.batches import Batch


@dataclass(frozen=True)
class ToldTypeStage(ExtractorStage):
    """Trains a backbone whose embedding is mixed with the true type, one-hot, part by part.

    A type that no training clip had is told as none.
    """

    role = "told the type"

    def build(self, identities: int) -> "ToldExtractor":  # type: ignore[override]
        """Return a new network."""
        from gaitbench.networks.told import ToldExtractor

        return ToldExtractor(self.backbone.build(), identities, len(self.mix.classes))

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return triplet loss and cross-entropy."""
        from gaitbench.training.losses import identity_losses

        model = cast("ToldExtractor", network)
        embeddings = model(batch.clips, self._types(batch))
        return identity_losses(embeddings, model.neck(embeddings), batch.identities, self.recipe)

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the mixed embedding."""
        return Embedded(network(batch.clips, self._types(batch)))

    def _types(self, batch: "Batch") -> "Tensor":
        """Return each clip's type as an index into this stage's own classes."""
        own = self.mix.classes
        index = [own.index(name) if name in own else 0 for name in batch.classes]
        return batch.types.new_tensor(index)[batch.types]


@dataclass(frozen=True)
class ToldWindowStage(ExtractorStage):
    """Trains a backbone on clips whose visible part is put back in its place; what is hidden is black."""

    role = "told the window"

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return triplet loss and cross-entropy."""
        return super().losses(network, networks, replace(batch, clips=_put_back(batch)))

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the backbone's part embeddings of the clips put back."""
        return Embedded(network(_put_back(batch)))


def _put_back(batch: "Batch") -> "Tensor":
    return batch.whole * (1 - batch.hidden)


@register("oracle-type")
@dataclass(frozen=True)
class OracleType(Method):
    """Baseline-2 that is told the true type of every clip, in training and at test."""

    title = "Told the type"
    source = "gaitbench"
    kind = "reference"
    place = 12
    about = "ceiling: Baseline-2, told each clip's true type of occlusion"

    def stage(self, plan: Plan) -> ToldTypeStage:
        """Return the one stage."""
        return occluded_extractor(ToldTypeStage, plan, None)


@register("oracle-window")
@dataclass(frozen=True)
class OracleWindow(Method):
    """Baseline-2 that is told which part of the body is hidden, in training and at test."""

    title = "Told the window"
    source = "gaitbench"
    kind = "reference"
    place = 13
    about = "ceiling: Baseline-2, told what of the body each clip hides"

    def stage(self, plan: Plan) -> ToldWindowStage:
        """Return the one stage."""
        return occluded_extractor(ToldWindowStage, plan, None)
