"""Every generator at every severity."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.base import grid_names, make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.protocols.base import Protocol


@register("sweep")
@dataclass(frozen=True)
class Sweep(Protocol):
    """The grid of generators and severities; every clip of the chosen side is occluded.

    A severity is a share of the body, and amounts are set for it: so generators are compared where they
    hide equally much. Whole clips of the same length say what hiding costs.
    """

    about = "every generator where all hide the same shares: curves, means, worst type"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return the grid."""
        cells = []
        for method in bench.compared_methods():
            for backbone, seed in bench.runs():
                stage = bench.stage(method, backbone, seed)
                cells += bench.cells(
                    self.name, method, backbone, stage, HOLISTIC, HOLISTIC_TEST, severity=0
                )
                for name in grid_names():
                    for severity in range(1, len(bench.preset.severities) + 1):
                        cells += bench.cells(
                            self.name,
                            method,
                            backbone,
                            stage,
                            Mix((make(name),), 1.0),
                            name,
                            severity=severity,
                            draws=1,
                        )
        return cells
