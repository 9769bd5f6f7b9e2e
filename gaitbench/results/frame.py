"""What a report is made from: a row per evaluation, facts about the run, and per-probe scores.

The runner fills this from the store; tables and figures read nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import pandas as pd

from gaitbench.core.errors import StoreError
from gaitbench.data.rules import Rules
from gaitbench.evaluation.metrics import NoMate
from gaitbench.reports.pictures.clips import TestedClips
from gaitbench.results.uncertainty import Uncertainty

METRICS = (
    "rank_1",
    "rank_5",
    "rank_10",
    "rank_20",
    "map",
    "minp",
    "tar_far_0.01",
    "tar_far_0.001",
)
"""Recognition metrics of a cell: shares in [0, 1], NaN where missing."""

_IDENTIFYING = (
    "key",
    "status",
    "reason",
    "command",
    "protocol",
    "dataset",
    "test_dataset",
    "backbone",
    "method",
    "title",
    "setting",
    "trained",
    "stage",
    "side",
    "adapted_to",
    "adapted_steps",
    "test",
    "severity",
    "hidden_wanted",
    "check",
    "seed",
    "draw",
)
_SHARES = ("chance_rank_1", "chance_rank_5", "hidden_share")
_COUNTS = (
    "n_probes",
    "n_gallery",
    "n_identities",
    "n_without_mate",
    "steps_occluded",
    "steps_total",
)
COLUMNS = _IDENTIFYING + METRICS + _SHARES + _COUNTS
"""Columns that every frame of cells has; ablation switches and detector quality may be added."""

SEARCH_COLUMNS = ("key", "search", *METRICS, "n_probes", "n_without_mate", "n_gallery")
VIEW_COLUMNS = ("key", "search", "view", "rank_1")

_STATUSES = ("done", "missing")


def _empty(columns: tuple[str, ...]) -> Callable[[], pd.DataFrame]:
    return lambda: pd.DataFrame(columns=pd.Index(columns))


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a report says, before any averaging or rounding.

    Args:
        cells: One row per evaluation of a protocol, with `COLUMNS`; rows of two protocols that
            share an evaluation carry the same `key`. `stage` is the key of the trained network;
            `severity` (0: whole clips) and `hidden_wanted` (the share of the body that was to be hidden)
            are of the sweep, `check` of the sanity panel. Optional columns: `residual`, `adaptive`, `aware`
            (boolean, for ablations), `detector_accuracy`, `detector_error` (shares).
        facts: What the footers print about the run; unknown names are listed in the report.
        probes: Gives the per-probe scores of a `key`, read only when a figure needs them.
        rules: Of the test data; None before the data are there.
        searches: One row per finished evaluation and search of the rules, with `SEARCH_COLUMNS`.
        views: Rank-1 per finished evaluation, search by view and probe view, with `VIEW_COLUMNS`.
        clips: The clips that were tested, for pictures; None where there are none to be had.

    Raises:
        StoreError: If columns are missing, a status is unknown or a metric is not a share.
    """

    cells: pd.DataFrame
    facts: dict[str, object]
    probes: Callable[[str], pd.DataFrame]
    rules: Rules | None = None
    searches: pd.DataFrame = field(default_factory=_empty(SEARCH_COLUMNS))
    views: pd.DataFrame = field(default_factory=_empty(VIEW_COLUMNS))
    clips: TestedClips | None = None

    def __post_init__(self) -> None:
        absent = [name for name in COLUMNS if name not in self.cells.columns]
        if absent:
            raise StoreError(
                f"Results: the cells lack the columns {', '.join(absent)}. Collect them again from "
                "the store with this version of gaitbench."
            )
        _check_statuses(self.cells)
        _check_shares(self.cells, (*METRICS, *_SHARES))
        _check_shares(self.searches, METRICS)
        _check_shares(self.views, ("rank_1",))

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """Intervals and tests, from the per-probe scores."""
        return Uncertainty(self.probes, self.rules, cast(NoMate, self.facts.get("no_mate", "drop")))

    @property
    def finished(self) -> frozenset[str]:
        """Keys of the evaluations that are done."""
        return frozenset(self.cells.loc[self.cells["status"] == "done", "key"])

    def of(self, *protocols: str) -> pd.DataFrame:
        """Return the rows of these protocols, in their order."""
        return self.cells[self.cells["protocol"].isin(protocols)]


def _check_statuses(cells: pd.DataFrame) -> None:
    unknown = sorted(set(cells["status"]) - set(_STATUSES))
    if unknown:
        raise StoreError(
            f"Results: status {unknown[0]!r} is not known. Give every cell one of: "
            f"{', '.join(_STATUSES)}."
        )


def _check_shares(cells: pd.DataFrame, columns: tuple[str, ...]) -> None:
    for name in columns:
        values = cells[name].astype(float)
        # A mean of ones may exceed 1 by a rounding error.
        wrong = cells[(values < -1e-9) | (values > 1 + 1e-9)]
        if len(wrong):
            row = wrong.iloc[0]
            raise StoreError(
                f"Results: cell {row['key']}: {name}={row[name]} is not a share in [0, 1]. "
                "Percentages are made when a table is rendered; store the share."
            )
