"""What a training recorded of its losses: a file beside its weights. Read by reports, so without torch."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaitbench.core.arrays import Doubles, Integers, pd
from gaitbench.core.errors import StoreError

HISTORY = ("step", "term", "training", "validation")
"""Columns of a stage's recorded losses: one row per check and loss term."""

_FILE = "history.csv"


def nothing_recorded() -> pd.DataFrame:
    """Return an empty history, of weights that were not trained here."""
    return pd.DataFrame(columns=list(HISTORY))


def write_history(history: pd.DataFrame, folder: Path) -> None:
    """Write a history, with the columns `HISTORY`, beside the weights in `folder`."""
    history.to_csv(folder / _FILE, index=False, lineterminator="\n")


@dataclass(frozen=True, eq=False)
class RecordedLosses:
    """What one training minimised, at its checks: the sums of its loss terms.

    Args:
        steps: Shape (checks,), rising: how many steps were made.
        training: Shape (checks,): mean since the check before.
        validation: Shape (checks,): on identities that are not trained on, the sum of the terms that
            these have; NaN where there are none.
    """

    steps: Integers
    training: Doubles
    validation: Doubles


def read_losses(folder: Path) -> RecordedLosses | None:
    """Return what lies beside the weights in `folder`; None where nothing was recorded.

    Raises:
        StoreError: If the file is there, but cannot be read.
    """
    path = folder / _FILE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != HISTORY:
                raise ValueError(f"its columns are {reader.fieldnames}, not {', '.join(HISTORY)}")
            return _summed(list(reader))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"{path} is no history of losses: {error}. Remove its folder to make it again."
        ) from error


def _summed(rows: list[dict[str, str]]) -> RecordedLosses | None:
    training: dict[int, float] = {}
    validation: dict[int, float] = {}
    for row in rows:
        step, unseen = int(row["step"]), row["validation"]
        training[step] = training.get(step, 0.0) + float(row["training"])
        if unseen:
            validation[step] = validation.get(step, 0.0) + float(unseen)
    if not training:
        return None
    steps = sorted(training)
    return RecordedLosses(
        np.array(steps),
        np.array([training[step] for step in steps]),
        np.array([validation.get(step, math.nan) for step in steps]),
    )
