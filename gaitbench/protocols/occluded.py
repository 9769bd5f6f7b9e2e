"""Trained and tested on the setting's own types."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.protocols.base import Protocol


@register("occluded")
@dataclass(frozen=True)
class Occluded(Protocol):
    """The main table. Source: RG-Gait (IJCB 2025), table 1."""

    about = "trained and tested on the setting's types: Rank-1, Rank-5, RP"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every method under the setting, and the upper bound."""
        return self.holistic_reference(bench) + [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for cell in bench.cells(
                self.name,
                method,
                backbone,
                bench.stage(method, backbone, seed),
                bench.setting.test,
                bench.setting.test_name,
            )
        ]
