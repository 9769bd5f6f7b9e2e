"""Trained on with a new occlusion type, then tested on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gaitbench.core.registry import register
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Coordinate
from gaitbench.occlusion.base import make
from gaitbench.protocols.base import Protocol
from gaitbench.protocols.generalizability import (
    new_type_mix,
    new_types_sections,
    zero_shot_cells,
)
from gaitbench.results.frame import Results
from gaitbench.results.section import Section
from gaitbench.training.stage import Stage


@register("adaptability")
@dataclass(frozen=True)
class Adaptability(Protocol):
    """Source: MimicGait (WACV 2025), table 2: about 11 % of the training steps with the new type."""

    place = 2
    coordinates: ClassVar[Mapping[str, Coordinate]] = {"adapted_to": "", "adapted_steps": 0}
    about = "the same after further training with the new type"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return zero-shot and adapted cells."""
        adapted = []
        for method in bench.compared_and_references():
            for name in bench.new_types():
                for backbone, seed in bench.runs():
                    generator = make(name)
                    stage = bench.adapted(method, backbone, seed, generator)
                    if stage is not None:
                        mix = new_type_mix(bench, name)
                        adapted += bench.compared_cells(
                            self.name,
                            method,
                            backbone,
                            stage,
                            mix,
                            name,
                            at=adaptation(name, stage),
                        )
        return zero_shot_cells(bench, self.name) + adapted

    def sections(self, results: Results) -> list[Section]:
        """Return the tables of new types, unless generalizability's section has them already."""
        return [] if len(results.of("generalizability")) else new_types_sections(results)


def adaptation(name: str, stage: Stage) -> dict[str, Coordinate]:
    """Return where a stage stands that was trained on with a new type."""
    return {"adapted_to": name, "adapted_steps": stage.adapted_steps}
