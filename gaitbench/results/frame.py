"""What a report is made from: a row per evaluation, facts about the run, and per-probe scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from gaitbench.core.arrays import pd
from gaitbench.core.errors import StoreError
from gaitbench.data.rules import Rules
from gaitbench.evaluation.counted_rows import CountedRows
from gaitbench.evaluation.metrics.base import NoMate, get_metric, metrics
from gaitbench.evaluation.pair_groups import ALL_PAIRS, rows_of_group
from gaitbench.experiment.cells import Coordinate, Evaluation
from gaitbench.results.uncertainty import Uncertainty
from gaitbench.statistics.convergence import Convergence, trend_of
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.training.history import RecordedLosses

PLACE = (
    "protocol",
    "dataset",
    "test_dataset",
    "backbone",
    "method",
    "title",
    "setting",
    "trained",
    "side",
    "pairs",
    "test",
)
"""Columns that say where an evaluation stands in tables, beside the coordinates of the protocols."""

_IDENTIFYING = (
    *("key", "status", "reason", "command", "stage", "still_falls"),
    *("hidden_wanted", "seed", "draw"),
)
_COUNTS = (
    "n_probes",
    "n_gallery",
    "n_identities",
    "n_without_mate",
    "steps_occluded",
    "steps_total",
)
_TRAINING = ("occluded_share",)
_DETECTOR = ("detector_accuracy", "detector_error", "alpha")
_STATUSES = ("done", "missing")


def number_columns() -> tuple[str, ...]:
    """Return the columns of numbers that scores give: metrics, their chance levels, counts, detectors."""
    names = metrics.names()
    chances = (f"chance_{name}" for name, metric in metrics.items() if metric.has_chance())
    return (*names, *chances, "hidden_share", *_COUNTS[:4], *_DETECTOR)


def columns() -> tuple[str, ...]:
    """Return the columns that every frame of evaluations has, but for the coordinates."""
    return (*_IDENTIFYING, *PLACE, *number_columns(), *_COUNTS[4:], *_TRAINING)


def search_columns() -> tuple[str, ...]:
    """Return the columns of the frame of searches."""
    return ("key", "search", *metrics.names(), "n_probes", "n_without_mate", "n_gallery")


VIEW_COLUMNS = ("key", "search", "view", "rank_1")


def _empty(names: Callable[[], tuple[str, ...]]) -> Callable[[], pd.DataFrame]:
    return lambda: pd.DataFrame(columns=pd.Index(names()))


@dataclass(frozen=True, eq=False)
class RecordedTraining:
    """What one stage recorded under all the seeds that it was trained with.

    Args:
        title: What was trained, in words.
        is_further: Whether it went on from another training.
        steps: Of the schedule.
        hidden: Share of its clips that were occluded, in [0, 1].
        losses: By seed, each with the same checks.
        stages: Keys of the trained networks.
    """

    title: str
    is_further: bool
    steps: int
    hidden: float
    losses: Mapping[int, RecordedLosses]
    stages: frozenset[str]

    @cached_property
    def convergence(self) -> Convergence:
        """Whether the training was over when it ended."""
        recorded = list(self.losses.values())
        steps = recorded[0].steps
        training = np.stack([losses.training for losses in recorded])
        validation = np.stack([losses.validation for losses in recorded])
        is_measured = bool(np.isfinite(validation).all())
        return Convergence(
            trend_of(steps, training), trend_of(steps, validation) if is_measured else None
        )


def training_names(trainings: Sequence[RecordedTraining]) -> list[str]:
    """Return their titles, with the share of occluded clips where those of one title differ in it."""
    shares: dict[str, set[float]] = {}
    for training in trainings:
        shares.setdefault(training.title, set()).add(training.hidden)
    return [
        t.title if len(shares[t.title]) == 1 else f"{t.title} ({t.hidden:.0%} occluded)"
        for t in trainings
    ]


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that a report says, before any averaging or rounding.

    Args:
        cells: One row per evaluation of a protocol, with `columns` and the coordinates; rows of two
            protocols that share an evaluation carry the same `key`. `stage` is the key of the trained
            network, `still_falls` whether a loss of a training behind it still fell when that ended,
            `hidden_wanted` the share of the body that was to be hidden, where one was asked for.
        facts: What the footers print about the run; unknown names are listed in the report.
        probes: Gives the per-probe scores of a `key`, of all its groups of pairs, read only when something
            needs them.
        rules: Of the test data; None before the data are there.
        searches: One row per finished evaluation and search of the rules, with `search_columns`.
        views: Rank-1 per finished evaluation, search by view and probe view, with `VIEW_COLUMNS`.
        coordinates: Names of coordinates with what an evaluation has that lacks one.
        sums: What every identity adds to metrics that were computed when the scores were read, by key,
            group of pairs and metric.
        evaluations: By key, for pictures of what was tested, and for what networks see of it.
        folders: Where data sets lie, by fingerprint, for the same.
        trainings: Of the stages behind the evaluations, those that recorded losses.

    Raises:
        StoreError: If columns are missing, a status is unknown or a metric is not a share.
    """

    cells: pd.DataFrame
    facts: dict[str, object]
    probes: Callable[[str], pd.DataFrame]
    rules: Rules | None = None
    searches: pd.DataFrame = field(default_factory=_empty(search_columns))
    views: pd.DataFrame = field(default_factory=_empty(lambda: VIEW_COLUMNS))
    coordinates: Mapping[str, Coordinate] = field(default_factory=dict)
    sums: Mapping[tuple[str, str, str], IdentitySums] = field(default_factory=dict)
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    trainings: tuple[RecordedTraining, ...] = ()

    def __post_init__(self) -> None:
        needed = (*columns(), *self.coordinates)
        absent = [name for name in needed if name not in self.cells.columns]
        if absent:
            raise StoreError(
                f"Results: the cells lack the columns {', '.join(absent)}. Collect them again from "
                "the store with this version of gaitbench."
            )
        _check_statuses(self.cells)
        shares = [name for name, metric in metrics.items() if metric.is_share]
        chances = [name for name in number_columns() if name.startswith("chance_")]
        _check_shares(self.cells, (*shares, *chances, "hidden_share"))
        _check_shares(self.searches, tuple(shares))
        _check_shares(self.views, ("rank_1",))

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """Intervals and tests."""
        return Uncertainty(self.sums_of, self.rules is not None)

    @property
    def no_mate(self) -> NoMate:
        """What becomes of probes without a mate."""
        return cast(NoMate, self.facts.get("no_mate", "drop"))

    def sums_of(self, key: str, pairs: str, metric: str) -> IdentitySums:
        """Return what every identity adds to a metric of a group of an evaluation's pairs."""
        if (key, pairs, metric) in self.sums:
            return self.sums[key, pairs, metric]
        rows = rows_of_group(self.probes(key), pairs)
        counted = CountedRows.of(rows, self.rules or Rules(), no_mate=self.no_mate)
        return counted.sums(get_metric(metric))

    def all_pairs(self, key: str) -> pd.DataFrame:
        """Return the per-probe scores of an evaluation over all its pairs."""
        return rows_of_group(self.probes(key), ALL_PAIRS)

    @property
    def finished(self) -> frozenset[str]:
        """Keys of the evaluations that are done."""
        return frozenset(self.cells.loc[self.cells["status"] == "done", "key"])

    def of(self, *protocols: str) -> pd.DataFrame:
        """Return the rows of these protocols, in their order."""
        return self.cells[self.cells["protocol"].isin(protocols)]

    def without(self, *coordinates: str) -> pd.DataFrame:
        """Return the rows that stand at the default of these coordinates."""
        cells = self.cells
        for name in coordinates:
            default = self.coordinates.get(name)
            if name in cells.columns:
                cells = (
                    cells[cells[name] == default]
                    if default == default
                    else cells[cells[name].isna()]
                )
        return cells


def _check_statuses(cells: pd.DataFrame) -> None:
    unknown = sorted(set(cells["status"]) - set(_STATUSES))
    if unknown:
        raise StoreError(
            f"Results: status {unknown[0]!r} is not known. Give every cell one of: "
            f"{', '.join(_STATUSES)}."
        )


def _check_shares(cells: pd.DataFrame, names: tuple[str, ...]) -> None:
    for name in names:
        values = cells[name].astype(float)
        # A mean of ones may exceed 1 by a rounding error.
        wrong = cells[(values < -1e-9) | (values > 1 + 1e-9)]
        if len(wrong):
            row = wrong.iloc[0]
            raise StoreError(
                f"Results: cell {row['key']}: {name}={row[name]} is not a share in [0, 1]. "
                "Percentages are made when a table is rendered; store the share."
            )
