"""What is trained: a stage, the frozen description of a network and of its training.

A `Stage` says on which clips, from which frozen networks and for how long a network is trained. It holds
the stages that it builds on as fields, so its key covers everything that its weights depend on, and two
methods that describe the same stage share the trained one by themselves.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from gaitbench.core.keys import canonical, key_of, tag
from gaitbench.data.silhouettes import Representation
from gaitbench.occlusion.base import Occlusion
from gaitbench.occlusion.mix import Mix
from gaitbench.training.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.training.batches import Batch

TEST_ONLY = {"test only": True}
"""Metadata of a stage's field that training does not depend on: one trained network serves all values."""

Networks: TypeAlias = "Mapping[str, nn.Module]"
"""Frozen networks that a stage builds on, by the name of the field that holds their stage."""


@dataclass(frozen=True)
class TrainingData:
    """What a stage learns from, whatever folder it lies in.

    Args:
        name: Of the data set.
        fingerprint: Of its description or content.
        height: Of the frames that the network sees, in pixels.
        width: As height.
        representation: What the network sees of a clip.
    """

    name: str
    fingerprint: str
    height: int
    width: int
    representation: Representation = "silhouettes"

    @property
    def form(self) -> tuple[int, int, Representation]:
        """How the network sees a clip: height, width, representation."""
        return self.height, self.width, self.representation


@dataclass(frozen=True, eq=False)
class Embedded:
    """What a trained stage says about clips.

    Args:
        embeddings: Shape [n, c, p].
        alpha: Shape [n]: the weight of the correction, in [0, 1], where the method has one.
        types: Shape [n]: the detected type, an index into the detector's classes, where it has one.
        amount: Shape [n]: the detected hidden share, where it has one.
        visibility: Shape [n, p], in [0, 1]: how far each part rests on what the clip shows, where the
            method says; distances weigh parts by it.
    """

    embeddings: "Tensor"
    alpha: "Tensor | None" = None
    types: "Tensor | None" = None
    amount: "Tensor | None" = None
    visibility: "Tensor | None" = None


@dataclass(frozen=True)
class Stage(ABC):
    """A network to train.

    Whatever needs torch is imported within its methods, so that cells are described without it.

    Args:
        data: Training data.
        recipe: Budget and optimiser.
        mix: What hides the training clips.
        seed: Of the experiment.
        initial: The stage whose weights this one goes on from, where it does.
    """

    data: TrainingData
    recipe: Recipe
    mix: Mix
    seed: int
    initial: Self | None = dataclasses.field(default=None, kw_only=True)

    role: ClassVar[str]
    """What the network is, in progress lines: "extractor", "detector", "restoration" …"""

    version: ClassVar[int] = 1
    """Raised when the same description trains to other weights than before."""

    learns_types: ClassVar[bool] = False
    """Whether the stage is a detector, which is adapted before the stages that use it."""

    @property
    def steps(self) -> int:
        """Optimiser steps that gaitbench spends on it."""
        return self.recipe.steps

    @property
    def adapted_steps(self) -> int:
        """Those of going on from another stage; 0 where it begins anew."""
        return self.steps if self.initial else 0

    @cached_property
    def key(self) -> str:
        """Name of the trained weights in the store."""
        return key_of([tag(type(self)), self.described()])

    @cached_property
    def seedless_key(self) -> str:
        """What stages share that differ in their seed alone."""
        fields = {
            name: value.seedless_key if isinstance(value, Stage) else canonical(value)
            for name, value in self._trained_fields()
            if name != "seed"
        }
        return key_of([tag(type(self)), fields])

    def described(self) -> dict[str, Any]:
        """Return what the weights depend on as plain values, other stages by their keys."""
        return {
            name: value.key if isinstance(value, Stage) else canonical(value)
            for name, value in self._trained_fields()
        }

    def _trained_fields(self) -> Iterator[tuple[str, Any]]:
        for f in dataclasses.fields(self):
            if f.metadata != TEST_ONLY:
                yield f.name, getattr(self, f.name)

    def at_test(self) -> dict[str, Any]:
        """Return what only its embeddings depend on: the fields marked `TEST_ONLY`."""
        fields = [f.name for f in dataclasses.fields(self) if f.metadata == TEST_ONLY]
        return {name: canonical(getattr(self, name)) for name in fields}

    @property
    def inputs(self) -> dict[str, "Stage"]:
        """The stages whose trained networks this one uses, by field name."""
        return {
            f.name: value
            for f in dataclasses.fields(self)
            if f.name != "initial" and isinstance(value := getattr(self, f.name), Stage)
        }

    def all_stages(self) -> "list[Stage]":
        """Return every stage that has to be trained for this one, in an order that works, itself last."""
        needed = {s.key: s for stage in self.before() for s in stage.all_stages()}
        return [*needed.values(), self]

    def before(self) -> "list[Stage]":
        """Return the stages that must be trained right before this one."""
        first: list[Stage] = [self.initial] if self.initial is not None else []
        return [*self.inputs.values(), *first]

    @property
    def purpose(self) -> str:
        """Name of the random streams of its batches.

        Stages that see occluded clips share one, so that all methods meet the same draws.
        """
        return "holistic" if not self.mix.share else "occluded"

    def adapted(self, generator: Occlusion, recipe: Recipe, detector: Recipe) -> Self:
        """Return this stage trained on with one more occlusion type; its detector goes first."""
        changes: dict[str, Any] = {
            name: stage.adapted(generator, detector, detector)
            for name, stage in self.inputs.items()
            if stage.learns_types
        }
        return replace(self, initial=self, mix=self.mix.plus(generator), recipe=recipe, **changes)

    @abstractmethod
    def build(self, identities: int) -> "nn.Module":
        """Return the network that is trained, with new weights; `identities` sizes the classifier."""

    def start(self, network: "nn.Module", networks: Networks) -> None:  # noqa: B027 - an optional hook
        """Copy weights that training starts from out of the frozen networks; by default none."""

    def resume(self, network: "nn.Module", weights: "Mapping[str, Tensor]") -> None:
        """Load the weights of `initial`."""
        network.load_state_dict(dict(weights))

    @abstractmethod
    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return the named terms whose sum is minimised."""

    @abstractmethod
    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return embeddings of a batch at test time."""


def frozen(network: "nn.Module") -> "nn.Module":
    """Freeze weights and batch-norm statistics; the released code lets the statistics drift."""
    return network.eval().requires_grad_(False)
