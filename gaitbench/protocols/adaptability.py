"""Trained on with a new occlusion type, then tested on it."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.base import make
from gaitbench.protocols.base import Protocol
from gaitbench.protocols.generalizability import new_type_mix, zero_shot_cells


@register("adaptability")
@dataclass(frozen=True)
class Adaptability(Protocol):
    """Source: MimicGait (WACV 2025), table 2: about 11 % of the training steps with the new type."""

    about = "the same after further training with the new type"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return zero-shot and adapted cells."""
        adapted = []
        for method in bench.compared_methods():
            for name in bench.new_types():
                for backbone, seed in bench.runs():
                    generator = make(name)
                    stage = bench.adapted(method, backbone, seed, generator)
                    if stage is not None:
                        mix = new_type_mix(bench, name)
                        adapted += bench.cells(
                            self.name, method, backbone, stage, mix, name, adapted_to=name
                        )
        return zero_shot_cells(bench, self.name) + adapted
