"""What is left of the recognition of whole bodies after training for occlusion."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.base import Protocol


@register("retention")
@dataclass(frozen=True)
class Retention(Protocol):
    """Source: RG-Gait (IJCB 2025), holistic performance retention."""

    about = "tested on whole clips, beside the upper bound: Rank-1, Rank-5, HPR"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every method on whole clips; Baseline-1 is the upper bound."""
        return [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for cell in bench.cells(
                self.name,
                method,
                backbone,
                bench.stage(method, backbone, seed),
                HOLISTIC,
                HOLISTIC_TEST,
            )
        ]
