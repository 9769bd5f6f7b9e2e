"""What an experiment trains, without its seeds: each stage once, with the methods that rest on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gaitbench.experiment.cells import Cell
from gaitbench.experiment.expansion import Expansion
from gaitbench.training.stage import Stage

_NAMED = 2
"""Methods that a shared stage names; of more it says how many."""


@dataclass(frozen=True, eq=False)
class PlannedTraining:
    """Stages that differ in their seed alone.

    Args:
        title: What they are, in words.
        stages: By seed.
    """

    title: str
    stages: Mapping[int, Stage]


def planned_trainings(expansion: Expansion) -> list[PlannedTraining]:
    """Return everything that is trained for an experiment's cells, in an order that works.

    What is imported or fitted in closed form has no steps, and is left out.
    """
    several = len(expansion.bench.backbone_names()) > 1
    stages: dict[str, dict[int, Stage]] = {}
    resting: dict[str, dict[str, Cell]] = {}
    for cell in _one_per_network(expansion.cells):
        for stage in filter(lambda stage: stage.steps, cell.evaluation.stage.all_stages()):
            stages.setdefault(stage.seedless_key, {})[stage.seed] = stage
            resting.setdefault(stage.seedless_key, {}).setdefault(cell.title, cell)
    return [
        PlannedTraining(_title(next(iter(of_seed.values())), resting[key], several), of_seed)
        for key, of_seed in stages.items()
    ]


def _one_per_network(cells: Sequence[Cell]) -> list[Cell]:
    """Return the first cell of every method and network, those of networks that go on from others last.

    A network that others go on from is so named by its own method.
    """
    once: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        once.setdefault((cell.title, cell.evaluation.stage.key), cell)
    return sorted(once.values(), key=lambda cell: cell.evaluation.stage.initial is not None)


def _title(stage: Stage, resting: Mapping[str, Cell], several_backbones: bool) -> str:
    """Return a stage in words; `resting` has a cell of every method that rests on it, by printed name."""
    cell, users = next(iter(resting.values())), list(resting)
    own = cell.stage_title(stage)
    # A detector has no backbone: those of one size are shared by all.
    where = f" ({cell.backbone})" if several_backbones and hasattr(stage, "backbone") else ""
    if own.startswith(cell.title):
        return f"{own}{where}"
    under = f" under {cell.trained}" if stage.mix.share and cell.trained else ""
    others = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
    named = ", ".join(users[:_NAMED]) if others else " and ".join(users)
    return f"{own}{under}{where}, of {named}{others}"
