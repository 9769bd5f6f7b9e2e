"""Aligned: any backbone on registered clips, whose parts count as far as clips show them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from gaitbench.backbones.base import backbones
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register
from gaitbench.methods.base import Method, Plan
from gaitbench.methods.extractor import ExtractorStage, holistic_extractor
from gaitbench.methods.registration import BodyModelStage, body_model, registered
from gaitbench.training.stage import Embedded, Networks

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.networks.extractor import Extractor
    from gaitbench.training.batches import Batch


@dataclass(frozen=True)
class AlignedStage(ExtractorStage):
    """Trains a backbone on registered clips; each part learns from clips as far as they show it.

    Args:
        body: Finds what of the body a clip shows.
        extractor: Whose weights training goes on from; None to begin anew.
        weighs: Whether losses and distances weigh parts by what is visible of them.

    Raises:
        ConfigurationError: From `build`, if the backbone's parts are not horizontal.
    """

    body: BodyModelStage
    extractor: ExtractorStage | None
    weighs: bool = True
    role = "aligned extractor"

    def build(self, identities: int) -> "Extractor":
        """Return a new backbone and neck."""
        network = super().build(identities)
        if self.weighs and network.backbone.spans() is None:
            raise ConfigurationError(
                f"Method aligned weighs horizontal parts by what clips show of them, but backbone "
                f"{self.backbone.name!r} does not say which rows its parts describe. Use one of "
                f"{', '.join(backbones_with_spans())}, or aligned[weighs=false]; a backbone of your own "
                "says so in `spans`."
            )
        return network

    def start(self, network: "nn.Module", networks: Networks) -> None:
        """Begin with the extractor's weights, where there is one."""
        if "extractor" in networks:
            network.load_state_dict(networks["extractor"].state_dict())

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return triplet loss and cross-entropy; a clip weighs in a part's what it shows of it."""
        from gaitbench.training.losses import identity_losses

        seen = self.embed(network, networks, batch)
        logits = cast("Extractor", network).neck(seen.embeddings)
        labelled = (seen.embeddings, logits, batch.identities)
        return identity_losses(*labelled, self.recipe, seen.visibility)

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the backbone's parts with what is visible of each."""
        from gaitbench.networks.parts import shown_of_parts

        found = registered(networks["body"], batch.clips)
        spans = cast("Extractor", network).backbone.spans() if self.weighs else None
        visibility = None if spans is None else shown_of_parts(found.rows, spans)
        return Embedded(network(found.clips), visibility=visibility)


def backbones_with_spans() -> list[str]:
    """Return the names of the backbones that say which rows their parts describe."""
    import torch

    with torch.device("meta"):
        return [n for n in backbones.names() if backbones.make(n).build().spans() is not None]


@register("aligned")
@dataclass(frozen=True)
class Aligned(Method):
    """Registration by a linear body model, any backbone, a distance over what both clips show.

    Args:
        weighs: See `AlignedStage`.
        begins_as_extractor: Whether training goes on from the extractor on whole clips.
    """

    weighs: bool = True
    begins_as_extractor: bool = True

    title = "Aligned"
    source = "gaitbench"
    kind = "variant"
    place = 21
    about = (
        "registered on a linear body model, parts learned and compared as far as clips show them"
    )

    def stage(self, plan: Plan) -> AlignedStage:
        """Return the extractor on registered clips."""
        return AlignedStage(
            data=plan.data,
            recipe=plan.occluded,
            mix=plan.occluded_mix(None),
            seed=plan.seed,
            backbone=plan.backbone,
            body=body_model(plan),
            extractor=holistic_extractor(plan) if self.begins_as_extractor else None,
            weighs=self.weighs,
        )
