"""Tested on occlusion types that no training clip had."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import Mix
from gaitbench.protocols.base import Protocol


def new_type_mix(bench: Bench, name: str) -> Mix:
    """Return test clips under a new type at its own amounts, as often occluded as in the setting."""
    return Mix((make(name),), bench.setting.test.share)


def zero_shot_cells(bench: Bench, protocol: str) -> list[Cell]:
    """Return every method on every new type, without further training."""
    return [
        cell
        for method in bench.compared_methods()
        for name in bench.new_types()
        for backbone, seed in bench.runs()
        for cell in bench.cells(
            protocol,
            method,
            backbone,
            bench.stage(method, backbone, seed),
            new_type_mix(bench, name),
            name,
        )
    ]


@register("generalizability")
@dataclass(frozen=True)
class Generalizability(Protocol):
    """Zero-shot columns of MimicGait's table 2 and of RG-Gait's."""

    about = "tested on types that no training clip had: middle, dynamic"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return the zero-shot cells."""
        return zero_shot_cells(bench, self.name)
