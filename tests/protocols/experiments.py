"""Experiments of the smallest preset, and what tells their cells apart."""

from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand

COMPARED = ["baseline-1", "baseline-2", "occ-aware", "mimicgait", "rg-gait"]
BARE = {"sanity": False, "test_draws": 1}
"""A protocol by itself, every test once."""


def bench(**changes):
    return Bench.resolve(Experiment(**({"preset": "smoke", "protocol": "occluded"} | changes)))


def cells_of(**changes):
    return list(expand(bench(**changes)).cells)


def keys_of(**changes):
    return {cell.evaluation.key for cell in cells_of(**changes)}


def whereabouts(cell):
    """Return everything that says where a cell belongs, but for backbone and seed."""
    return (
        *(cell.protocol, cell.method, cell.title, cell.test, cell.setting, cell.trained),
        *(
            cell.at.get("adapted_to", ""),
            cell.at.get("adapted_steps", 0),
            cell.at.get("severity", None),
            cell.at.get("check", ""),
            cell.evaluation.draw,
        ),
    )
