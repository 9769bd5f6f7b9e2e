"""What further training with a new type gains, and what it costs, step by step."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.protocols.base import Protocol
from gaitbench.protocols.generalizability import new_type_mix
from gaitbench.training.stage import Stage

BUDGETS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Shares of the preset's steps of further training; the last is the protocol "adaptability" itself."""


@register("adaptation-curve")
@dataclass(frozen=True)
class AdaptationCurve(Protocol):
    """Rank-1 on the new type, the old types and whole clips against the steps of further training.

    Every budget is trained by itself, with a schedule that ends at its last step: a point says what
    somebody with that budget gets, not what a longer training looked like on its way.
    """

    about = "gain on a new type, loss on old ones, against steps of further training"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return method × new type × budget, each on the new type, the old types and whole clips."""
        return [
            cell
            for method in bench.compared_methods()
            if bench.method(method).adaptable
            for name in bench.new_types()
            for backbone, seed in bench.runs()
            for stage in _trained(bench, method, name, backbone, seed)
            for test, mix in _tests(bench, name).items()
            for cell in bench.cells(
                self.name, method, backbone, stage, mix, test, adapted_to=name, draws=1
            )
        ]


def _trained(bench: Bench, method: str, name: str, backbone: str, seed: int) -> list[Stage]:
    """Return the last stage after every budget, shortest first; of two with equal steps the larger."""
    adapted = [bench.adapted(method, backbone, seed, make(name), b) for b in BUDGETS if b]
    stages = [bench.stage(method, backbone, seed), *(s for s in adapted if s is not None)]
    return list({stage.adapted_steps: stage for stage in stages}.values())


def _tests(bench: Bench, name: str) -> dict[str, Mix]:
    return {
        name: new_type_mix(bench, name),
        bench.setting.test_name: bench.setting.test,
        HOLISTIC_TEST: HOLISTIC,
    }
