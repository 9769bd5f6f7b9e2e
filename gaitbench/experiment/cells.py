"""What is evaluated, and where it stands.

An `Evaluation` is one trained stage met by one test condition; its key covers everything that its
scores depend on. A `Cell` is an evaluation with its place in a table. Two protocols that ask for the
same evaluation share it.
"""

import dataclasses
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from gaitbench.core.keys import canonical, key_of, tag
from gaitbench.core.registry import Registry
from gaitbench.evaluation.distances.base import distances
from gaitbench.evaluation.pair_groups import ALL_PAIRS
from gaitbench.evaluation.tampering.base import UNTOUCHED, tamperings
from gaitbench.occlusion.mix import Mix
from gaitbench.training.stage import Stage, TrainingData


@dataclass(frozen=True)
class Evaluation:
    """One trained stage, tested under one condition.

    Args:
        stage: Embeds the clips.
        data: Name and fingerprint of the test data, with the frame size.
        frames: Longest clip.
        probe: What hides the probes.
        gallery: What hides the gallery.
        seed: Of the draws.
        draw: Number of the draw.
        distance: Between embeddings.
        precision: Of the embedding, "fp32" or "bf16".
        hidden: Share of the body that the mix's generators hide on average, in (0, 1]: their amounts are
            set for it on the test data. None leaves them as they are.
        tampering: What is changed about the test, by name.
    """

    stage: Stage
    data: TrainingData
    frames: int
    probe: Mix
    gallery: Mix
    seed: int
    draw: int
    distance: str
    precision: str
    hidden: float | None = None
    tampering: str = UNTOUCHED

    version: ClassVar[int] = 5
    """Raised when the same evaluation gives other scores than before."""

    @cached_property
    def key(self) -> str:
        """Name of the scores in the store."""
        return key_of(["evaluation", self.version, self.described()])

    @property
    def test_clips(self) -> Hashable:
        """What the test clips depend on; evaluations that share it differ in who embeds them, and how."""
        occluded = (self.probe, self.gallery, self.hidden, self.tampering)
        return (self.data, self.frames, self.seed, self.draw, *occluded)

    def described(self) -> dict[str, Any]:
        """Return the fields as plain values, the stage by its key."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        described = {k: v.key if isinstance(v, Stage) else canonical(v) for k, v in fields.items()}
        return described | {
            "at_test": self.stage.at_test(),
            "distance": _described(distances, self.distance),
            "tampering": _described(tamperings, self.tampering),
        }


def _described(registry: Registry[Any], name: str) -> str:
    """Return the name of gaitbench's own thing; of a third party's its version or the hash of its file."""
    if name not in registry.third_party():
        return name
    return f"{name} ({tag(registry.get(name))})"


Coordinate = str | int | float
"""Where a cell stands along an axis that its protocol has and others do not."""


@dataclass(frozen=True)
class Cell:
    """An evaluation and its place in a table.

    Args:
        evaluation: Gives the numbers.
        protocol: That asked for it.
        method: Registered name.
        title: As printed.
        backbone: Registered name.
        test: Name of the test condition: "holistic", the setting's types, or a generator.
        setting: Whose test clips it meets.
        trained: Setting whose training clips the method saw; "" where it saw whole clips alone.
        side: Which clips are occluded: "both", "probe", "gallery".
        pairs: Which pairs of a probe and a gallery entry count, see `gaitbench.evaluation.pair_groups`.
        at: Its coordinates, by name; the protocol says which there are and what a cell without one has.
    """

    evaluation: Evaluation
    protocol: str
    method: str
    title: str
    backbone: str
    test: str
    setting: str
    trained: str
    side: str = "both"
    pairs: str = ALL_PAIRS
    at: Mapping[str, Coordinate] = field(default_factory=dict, hash=False)

    @property
    def occluded_steps(self) -> int:
        """Steps of the last stage and of the stages it goes on from."""
        stage: Stage | None = self.evaluation.stage
        total = 0
        while stage is not None:
            total += stage.steps if stage.mix.share else 0
            stage = stage.initial
        return total

    @property
    def total_steps(self) -> int:
        """Steps of all stages, shared ones included."""
        return sum(s.steps for s in self.evaluation.stage.all_stages())

    @property
    def label(self) -> str:
        """What is tested on what, in words."""
        trained = f"trained under {self.trained} " if self.trained not in ("", self.setting) else ""
        at = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.at.items())
        hides = [self.evaluation.probe.share, self.evaluation.gallery.share]
        side = "" if all(hides) or not any(hides) else f", {self.side} only"
        tested, own = self.evaluation.data.name, self.evaluation.stage.data.name
        data = "" if tested == own else f", {tested}"
        return f"{trained}on {self.test} of {self.setting}{side}{data}{f' ({at})' if at else ''}"

    def stage_title(self, stage: Stage) -> str:
        """Return what one of the stages behind the evaluation is, in words, without backbone and seed."""
        adapted = f" adapted to {stage.mix.generators[-1].name}" if stage.initial else ""
        # A shared stage is named by itself, a method's own stage by the method.
        if stage.key == self.evaluation.stage.key and stage.mix.share:
            return f"{self.title} under {self.trained}{adapted}"
        on_whole = " on whole clips" if stage.role == "extractor" and not stage.mix.share else ""
        return f"{stage.role}{on_whole}{adapted}"
