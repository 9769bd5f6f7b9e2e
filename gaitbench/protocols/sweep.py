"""Every generator at every severity."""

from dataclasses import dataclass

from gaitbench.occlusion import grid_names, make
from gaitbench.protocols.base import Bench, Cell, Protocol
from gaitbench.setting import Mix


@dataclass(frozen=True)
class Sweep(Protocol):
    """The grid of generators and amounts; every clip of the chosen side is occluded."""

    name = "sweep"
    about = "every generator at every severity: curves, area under the curve, worst type"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return the grid."""
        cells = []
        for method in bench.compared_methods():
            for backbone, seed in bench.runs():
                stage = bench.stage(method, backbone, seed)
                for name in grid_names():
                    for amount in bench.preset.severities:
                        cells += bench.cells(
                            self.name,
                            method,
                            backbone,
                            stage,
                            Mix((make(name).at(amount),), 1.0),
                            name,
                            amount=amount,
                            frames=bench.preset.sweep_frames,
                            draws=1,
                        )
        return cells
