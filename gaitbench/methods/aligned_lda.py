"""Aligned LDA: clips are registered on the body, and strips compared as far as both clips show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.methods.base import Method, Plan
from gaitbench.methods.registration import BodyModelStage, body_model, registered
from gaitbench.training.closed_form import ClosedFormStage, check_discriminants
from gaitbench.training.stage import Embedded, Networks

if TYPE_CHECKING:
    from torch import nn

    from gaitbench.networks.strips import StripDiscriminants
    from gaitbench.training.batches import Batch

STRIPS = 16


@dataclass(frozen=True)
class AlignedLdaStage(ClosedFormStage):
    """Fits discriminants to each strip of registered energy images.

    Args:
        body: Finds what of the body a clip shows.
        neighbours: See `StripDiscriminants`.
        components: Principal components of each strip.
        channels: Discriminants of each strip.
        shrinkage: Of the scatter within identities, see `linear_discriminants`.

    Raises:
        ConfigurationError: If strips do not divide the height of frames.
    """

    body: BodyModelStage
    neighbours: int = 1
    components: int = 60
    channels: int = 40
    shrinkage: float = 0.1
    role = "aligned discriminants"

    def __post_init__(self) -> None:
        if self.data.height % STRIPS:
            raise ConfigurationError(
                f"Strips of frames of {self.data.height} rows: {STRIPS} strips need a height that is a "
                f"multiple of {STRIPS}. Choose a preset with such a height, or leave out aligned-lda."
            )

    def build(self, identities: int) -> "StripDiscriminants":
        """Return a map of frames of the data's size, all zero."""
        from gaitbench.networks.strips import StripDiscriminants

        channels = max(1, min(self.channels, identities - 1))
        size = (self.data.height, self.data.width)
        return StripDiscriminants(*size, STRIPS, self.neighbours, channels)

    def check(self, data: Silhouettes) -> None:
        """Check that there are two identities, and some with two sequences."""
        check_discriminants(data, "the method aligned-lda")

    def fit(self, network: "nn.Module", networks: Networks, batches: "Iterable[Batch]") -> None:
        """Set the discriminants, on whole clips and on occluded ones as registration finds them."""
        import torch

        images, rows, identities = [], [], []
        for batch in batches:
            found = registered(networks["body"], batch.clips)
            images.append(found.clips.mean(1).cpu())
            rows.append(found.rows.cpu())
            identities.append(batch.identities.cpu())
        cast("StripDiscriminants", network).fit(
            torch.cat(images),
            torch.cat(rows),
            torch.cat(identities),
            components=self.components,
            shrinkage=self.shrinkage,
        )

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return a part per strip, with its visibility."""
        found = registered(networks["body"], batch.clips)
        model = cast("StripDiscriminants", network)
        return Embedded(model(found.clips.mean(1)), visibility=model.visibility(found.rows))


@register("aligned-lda")
@dataclass(frozen=True)
class AlignedLda(Method):
    """Registration by a linear body model, discriminants of strips, a distance over what both clips show.

    Args:
        neighbours: See `AlignedLdaStage`.
        components: See `AlignedLdaStage`.
        channels: See `AlignedLdaStage`.
        shrinkage: See `AlignedLdaStage`.
    """

    neighbours: Annotated[int, Field(ge=0)] = 1
    components: Annotated[int, Field(ge=1)] = 60
    channels: Annotated[int, Field(ge=1)] = 40
    shrinkage: Annotated[float, Field(gt=0, lt=1)] = 0.1

    title = "Aligned LDA"
    source = "gaitbench"
    kind = "variant"
    place = 20
    about = "registered on a linear body model, strips compared as far as both clips show them"

    def stage(self, plan: Plan) -> AlignedLdaStage:
        """Return the discriminants on registered clips."""
        options = (self.neighbours, self.components, self.channels, self.shrinkage)
        mix = plan.occluded_mix(None)
        return AlignedLdaStage(plan.data, plan.occluded, mix, plan.seed, body_model(plan), *options)
