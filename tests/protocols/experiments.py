"""Experiments of the smallest preset, and what tells their cells apart."""

from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.expansion import expand

COMPARED = ["baseline-1", "baseline-2", "occ-aware", "mimicgait", "rg-gait"]
REFERENCES = ["gei-lda-whole", "gei-lda", "oracle-type", "oracle-window"]
NEVER_OCCLUDED = ["baseline-1", "gei-lda-whole"]
"""Methods whose training clips are whole."""
BARE = {"sanity": False, "test_draws": 1}
"""A protocol by itself, every test once."""


def bench(**changes):
    return Bench.resolve(Experiment(**({"preset": "smoke", "protocol": "occluded"} | changes)))


def cells_of(**changes):
    return list(expand(bench(**changes)).cells)


def keys_of(**changes):
    return {cell.evaluation.key for cell in cells_of(**changes)}


def sides(cell):
    """Return what hides probes and gallery entries of a cell, by its side and the mix of that side."""
    hidden = cell.evaluation.gallery if cell.side == "gallery" else cell.evaluation.probe
    return {
        "both": (hidden, hidden),
        "probe": (hidden, HOLISTIC),
        "gallery": (HOLISTIC, hidden),
    }[cell.side]


def whereabouts(cell):
    """Return everything that says where a cell belongs, but for backbone and seed."""
    return (
        *(cell.protocol, cell.method, cell.title, cell.test, cell.setting, cell.trained),
        *(cell.side, cell.pairs, cell.evaluation.data.name),
        *(
            cell.at.get("adapted_to", ""),
            cell.at.get("adapted_steps", 0),
            cell.at.get("severity", None),
            cell.at.get("check", ""),
            cell.evaluation.draw,
        ),
    )
