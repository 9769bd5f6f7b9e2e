"""Synthetic trainings, whose losses do what their names say."""

import numpy as np

from gaitbench.results.frame import RecordedTraining
from gaitbench.training.history import RecordedLosses

STEPS = np.arange(90, 1801, 90)
TIME = STEPS / STEPS[-1]
CURVES = {
    "over": np.exp(-30 * TIME),
    "falls": 2 - TIME,
    "rises": np.abs(TIME - 0.5),
    "nowhere": np.full(len(TIME), np.nan),
}


def recorded(title, training="over", validation="over", seeds=(0,), stages=(), **changes):
    """A training whose losses follow two of `CURVES`, a little apart between seeds."""
    losses = {s: RecordedLosses(STEPS, CURVES[training] + s, CURVES[validation] + s) for s in seeds}
    about = {"is_further": False, "steps": 1800, "hidden": 0.5} | changes
    return RecordedTraining(title=title, losses=losses, stages=frozenset(stages), **about)
