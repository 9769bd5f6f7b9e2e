"""Stages whose weights are computed from training clips at once, without steps and without a loss."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Self

from gaitbench.core.errors import DataError
from gaitbench.core.plugin_errors import calling
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.occlusion.base import Occlusion
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import Networks, Stage

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from gaitbench.training.batches import Batch
    from gaitbench.training.trainer import Trained

DRAWS = 4
"""How often each training sequence is seen, on average, every time with other frames and occlusions."""

MOST_CLIPS = 32_768
"""Clips that are seen at most: the energy images of them all are in memory together."""


@dataclass(frozen=True)
class ClosedFormStage(Stage):
    """A stage that is fitted in closed form, on the first batches of those that other stages train on.

    Its recipe says how clips and their frames are drawn; what it says of steps and optimiser is not used.
    """

    @property
    def steps(self) -> int:
        """None."""
        return 0

    def adapted(self, generator: Occlusion, recipe: Recipe, detector: Recipe) -> Self:
        """Return this stage fitted anew, with one more occlusion type."""
        return replace(self, mix=self.mix.plus(generator))

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Never called: nothing is minimised."""
        raise NotImplementedError(f"{type(self).__qualname__} is fitted, it has no losses")

    def check(self, data: Silhouettes) -> None:
        """Check that the training split is large enough; by default, any is.

        Raises:
            DataError: If it is not.
        """

    @abstractmethod
    def fit(self, network: "nn.Module", networks: Networks, batches: "Iterable[Batch]") -> None:
        """Set the network's weights from these batches."""


def check_discriminants(data: Silhouettes, methods: str) -> None:
    """Check that linear discriminants can be fitted: two identities, and some with two sequences.

    Args:
        data: With the split "train".
        methods: That cannot do without, in words.

    Raises:
        DataError: If not.
    """
    identities = data.table["identity"].iloc[data.split("train")]
    if identities.nunique() < 2 or identities.nunique() == len(identities):
        raise DataError(
            f"Data set {data.name!r}: linear discriminants need at least two training identities, and "
            f"more sequences than identities. Its training split has {len(identities)} sequences of "
            f"{identities.nunique()} identities. Leave out {methods}."
        )


def fitted(
    stage: ClosedFormStage, data: Silhouettes, networks: Networks, device: "torch.device"
) -> "Trained":
    """Return the stage's weights, fitted on its training data.

    Args:
        stage: What is fitted.
        data: With the split "train"; already for the size that the stage names.
        networks: Those of its inputs, frozen.
        device: Where to compute.

    Raises:
        ConfigurationError: If the training split has too few identities for a batch.
        DataError: If it is too small in another way.
        PluginError: If a plug-in's stage fails.
    """
    from gaitbench.training.batches import IdentitySampler, batches
    from gaitbench.training.history import nothing_recorded
    from gaitbench.training.trainer import Trained, new_network

    stage.check(data)
    indices = data.split("train")
    sampler = IdentitySampler(data, indices, stage.recipe)
    network = new_network(stage, len(sampler.names)).to(device)
    clips = min(DRAWS * len(indices), MOST_CLIPS)
    endless = batches(sampler, stage.mix, stage.seed, stage.purpose)
    seen = islice(endless, -(-clips // stage.recipe.batch_size))
    with calling(stage, "fit"):
        stage.fit(network, networks, (batch.to(device) for batch in seen))
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    return Trained(weights, nothing_recorded())
