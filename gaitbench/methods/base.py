"""What a method is: a chain of stages, each trained by the one trainer.

A `Stage` is a frozen description of a network to train: on which clips, from which frozen networks,
for how long. It holds the stages that it builds on as fields, so its key covers everything that its
weights depend on, and two methods that describe the same stage share the trained one by themselves.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from torch import Tensor, nn

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.keys import canonical, key_of, tag
from gaitbench.core.registry import Registry
from gaitbench.occlusion.base import Occlusion
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import Setting
from gaitbench.training.batches import Batch
from gaitbench.training.recipe import Recipe

TEST_ONLY = {"test only": True}
"""Metadata of a stage's field that training does not depend on: one trained network serves all values."""


Networks = Mapping[str, nn.Module]
"""Frozen networks that a stage builds on, by the name of the field that holds their stage."""


@dataclass(frozen=True)
class TrainingData:
    """What a stage learns from, whatever folder it lies in.

    Args:
        name: Of the data set.
        fingerprint: Of its description or content.
        height: Of the frames that the network sees, in pixels.
        width: As height.
    """

    name: str
    fingerprint: str
    height: int
    width: int


@dataclass(frozen=True, eq=False)
class Embedded:
    """What a trained stage says about clips.

    Args:
        embeddings: Shape [n, c, p].
        alpha: Shape [n]: the weight of the correction, in [0, 1], where the method has one.
        types: Shape [n]: the detected type, an index into the detector's classes, where it has one.
        amount: Shape [n]: the detected hidden share, where it has one.
    """

    embeddings: Tensor
    alpha: Tensor | None = None
    types: Tensor | None = None
    amount: Tensor | None = None


@dataclass(frozen=True)
class Stage(ABC):
    """A network to train.

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

    def described(self) -> dict[str, Any]:
        """Return what the weights depend on as plain values, other stages by their keys."""
        return {
            f.name: value.key if isinstance(value, Stage) else canonical(value)
            for f in dataclasses.fields(self)
            if f.metadata != TEST_ONLY
            for value in [getattr(self, f.name)]
        }

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
        found = {s.key: s for stage in self.before() for s in stage.all_stages()}
        return [*found.values(), self]

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

    learns_types: ClassVar[bool] = False
    """Whether the stage is a detector, which is adapted before the stages that use it."""

    @abstractmethod
    def build(self, identities: int) -> nn.Module:
        """Return the network that is trained, with new weights; `identities` sizes the classifier."""

    def start(self, network: nn.Module, networks: Networks) -> None:  # noqa: B027 - an optional hook
        """Copy weights that training starts from out of the frozen networks; by default none."""

    def resume(self, network: nn.Module, weights: Mapping[str, Tensor]) -> None:
        """Load the weights of `initial`."""
        network.load_state_dict(dict(weights))

    @abstractmethod
    def losses(self, network: nn.Module, networks: Networks, batch: Batch) -> dict[str, Tensor]:
        """Return the named terms whose sum is minimised."""

    @abstractmethod
    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
        """Return embeddings of a batch at test time."""


@dataclass(frozen=True)
class Plan:
    """What a method needs to know to describe its stages.

    Args:
        data: Training data.
        backbone: Of every network that a method trains.
        setting: Who is occluded and how much.
        extractor: Recipe of stages that see whole clips.
        occluded: Recipe of stages that see occluded clips: the same for every method.
        detector: Recipe of occlusion detectors.
        seed: Of the experiment.
        detector_channels: Widths of the detector's convolutions.
        imported: SHA-256 of a file that holds the extractor on whole clips, which is then not trained.
    """

    data: TrainingData
    backbone: BackboneSpec
    setting: Setting
    extractor: Recipe
    occluded: Recipe
    detector: Recipe
    seed: int
    detector_channels: tuple[int, int, int] = (32, 64, 128)
    imported: str | None = None


@dataclass(frozen=True)
class Method(ABC):
    """A way to recognise gait under occlusion.

    Its frozen fields are its options.
    """

    title: ClassVar[str]
    """As printed in tables."""

    source: ClassVar[str]
    """Paper, venue and year."""

    about: ClassVar[str]
    """One line for lists."""

    kind: ClassVar[Literal["compared", "ablation", "control", "variant"]] = "compared"
    """Where it appears unasked: in comparison tables; in the ablation, as row or control; nowhere."""

    adaptable: ClassVar[bool] = True
    """Whether it has a stage that sees occluded clips and can be trained on with a new type."""

    @abstractmethod
    def stage(self, plan: Plan) -> Stage:
        """Return the last stage, which holds all others and embeds clips."""


methods: Registry[Method] = Registry(
    "method", Method, homes=("gaitbench.methods", "gaitbench.baselines")
)


def frozen(network: nn.Module) -> nn.Module:
    """Freeze weights and batch-norm statistics; the released code lets the statistics drift."""
    return network.eval().requires_grad_(False)
