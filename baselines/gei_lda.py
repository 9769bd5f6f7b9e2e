"""Gait energy image and linear discriminants: the linear reference of 2006.

Source: Han and Bhanu, "Individual recognition using gait energy image", TPAMI 2006.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from gaitbench.core.registry import register
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.methods.base import Method, Plan
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.training.closed_form import ClosedFormStage, check_discriminants
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import Embedded, Networks

if TYPE_CHECKING:
    from torch import nn

    from gaitbench.networks.energy_image import LinearDiscriminant
    from gaitbench.training.batches import Batch


@dataclass(frozen=True)
class GeiLdaStage(ClosedFormStage):
    """Fits principal components and linear discriminants to the energy images of the training clips.

    Args:
        components: Principal components of the energy images.
        shrinkage: Of the scatter within identities, see `linear_discriminants`.
    """

    components: int = 100
    shrinkage: float = 0.1
    role = "linear reference"

    def build(self, identities: int) -> "LinearDiscriminant":
        """Return a map of frames of the data's size, all zero."""
        from gaitbench.networks.energy_image import LinearDiscriminant

        pixels = self.data.height * self.data.width
        return LinearDiscriminant(pixels, max(1, min(identities - 1, self.components, pixels)))

    def check(self, data: Silhouettes) -> None:
        """Check that there are two identities, and some with two sequences."""
        check_discriminants(data, "the methods gei-lda and gei-lda-whole")

    def fit(self, network: "nn.Module", networks: Networks, batches: "Iterable[Batch]") -> None:
        """Set mean and projection."""
        import torch

        from gaitbench.networks.energy_image import energy_images, linear_discriminants

        seen = [(energy_images(batch.clips).cpu(), batch.identities.cpu()) for batch in batches]
        images, identities = (torch.cat(parts) for parts in zip(*seen, strict=True))
        people = torch.unique(identities, return_inverse=True)[1]
        model = cast("LinearDiscriminant", network)
        mean = images.double().mean(0)
        projection = linear_discriminants(
            images.double() - mean, people, components=self.components, shrinkage=self.shrinkage
        )
        model.mean.copy_(mean)
        model.projection[:, : projection.shape[1]] = projection.to(model.projection)

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the discriminants as an embedding of one part."""
        return Embedded(network(batch.clips))


@register("gei-lda")
@dataclass(frozen=True)
class GeiLda(Method):
    """Principal components and linear discriminants of gait energy images, on Baseline-2's clips.

    Args:
        components: See `GeiLdaStage`.
        shrinkage: See `GeiLdaStage`.
    """

    components: Annotated[int, Field(ge=1)] = 100
    shrinkage: Annotated[float, Field(gt=0, lt=1)] = 0.1

    title = "GEI + LDA"
    source = "Han and Bhanu, TPAMI 2006"
    kind = "reference"
    place = 11
    about = "linear reference: discriminants of the mean frame, on Baseline-2's clips"

    def stage(self, plan: Plan) -> GeiLdaStage:
        """Return the one stage."""
        return self._stage(plan, plan.occluded, plan.occluded_mix(None))

    def _stage(self, plan: Plan, recipe: Recipe, mix: Mix) -> GeiLdaStage:
        options = (self.components, self.shrinkage)
        return GeiLdaStage(plan.data, recipe, mix, plan.seed, *options)


@register("gei-lda-whole")
@dataclass(frozen=True)
class GeiLdaWhole(GeiLda):
    """The same on Baseline-1's clips: what a network on whole clips must not lose to."""

    title = "GEI + LDA, whole clips"
    place = 10
    about = "linear reference: discriminants of the mean frame, on whole clips"
    adaptable = False

    def stage(self, plan: Plan) -> GeiLdaStage:
        """Return the one stage."""
        return self._stage(plan, plan.extractor, HOLISTIC)
