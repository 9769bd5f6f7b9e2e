"""What changed between the results of two stores, beyond noise: the same cells, probe by probe."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gaitbench.core.errors import ProtocolError
from gaitbench.core.units import Unit
from gaitbench.evaluation.metrics.base import metrics
from gaitbench.results.estimates import LEVEL, estimate_difference
from gaitbench.results.facts import rules_title
from gaitbench.results.frame import PLACE, Results
from gaitbench.results.per_seed import averaged, seeds_of
from gaitbench.results.table import Column, Entry, Row, Table, explained
from gaitbench.results.titles import backbone_title, dataset_title, metric_title, side_title
from gaitbench.statistics.intervals import Unavailable
from gaitbench.statistics.paired_tests import PERMUTATIONS, holm

NOT_THE_SAME_PROBES = "not the same probes"
OTHERS_HAVE_MATES = "not the same probes have a mate in the gallery"

_PLACE = tuple(name for name in PLACE if name not in ("dataset", "title"))
"""Together with the coordinates, what identifies a cell of a table; its evaluations are seeds and draws."""

_PROBE = ["search", "pairs", "gallery_view", "sequence"]
"""What identifies a row of scores in any store; a position in the data set does not."""

PlaceKey = tuple[Hashable, ...]
PairedCells = tuple[pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Change:
    """One cell that is not the same in both results, on the seeds and draws that both have.

    Args:
        pair: Its evaluations in both, as rows of `Difference.results`.
        difference: Second less first, mean over seeds and draws.
        p: Of the paired test.
        p_corrected: By Holm's method, for all cells that were tested.
    """

    pair: PairedCells
    difference: float
    p: float
    p_corrected: float


@dataclass(frozen=True, eq=False)
class Difference:
    """How the results of two stores differ.

    Args:
        results: Of both stores together, with keys of their own.
        metric: That was compared.
        tested: The cells that differ somewhere and could be tested.
        n_same: Cells whose scores are the same to the last digit.
        n_only: Cells that only the first has, and only the second.
        n_apart: Cells that both have, but with no seed and draw in common.
        untested: How many cells differ, but could not be tested, by reason.
    """

    results: Results
    metric: str
    tested: tuple[Change, ...]
    n_same: int
    n_only: tuple[int, int]
    n_apart: int
    untested: Mapping[str, int]

    @property
    def changed(self) -> tuple[Change, ...]:
        """The cells that changed beyond noise."""
        return tuple(change for change in self.tested if change.p_corrected < LEVEL)

    @property
    def within_noise(self) -> tuple[Change, ...]:
        """The cells that differ, but no more than other people or seeds would make them."""
        return tuple(change for change in self.tested if change.p_corrected >= LEVEL)


def compare_results(first: Results, second: Results, metric: str = "rank_1") -> Difference:
    """Compare the cells that two results have in common.

    Args:
        first: Of one store.
        second: Of another one.
        metric: A recognition metric.

    Raises:
        UnknownNameError: If there is no such metric.
        ProtocolError: If the two were scored by different rules, or count probes in different ways.
    """
    metrics.check(metric)
    _check_comparable(first, second)
    joint = _joined(first, second)
    places = [_places(joint, mark) for mark in _MARKS]
    n_same, n_apart, n_only = 0, 0, [0, 0]
    untested: Counter[str] = Counter()
    tested: list[Change] = []
    for in_first, in_second in _once(*places):
        if in_first is None or in_second is None:
            n_only[in_first is None] += 1
            continue
        pair = _common(in_first, in_second)
        if pair is None:
            n_apart += 1
            continue
        outcome = _compared(joint, pair, metric)
        if outcome is None:
            n_same += 1
        elif isinstance(outcome, Unavailable):
            untested[outcome.reason] += 1
        else:
            tested.append(outcome)
    corrected = holm(np.array([change.p for change in tested]))
    return Difference(
        joint,
        metric,
        tuple(replace(c, p_corrected=float(p)) for c, p in zip(tested, corrected, strict=True)),
        n_same,
        (n_only[0], n_only[1]),
        n_apart,
        untested,
    )


_MARKS = ("first:", "second:")


def _check_comparable(first: Results, second: Results) -> None:
    if first.rules and second.rules and first.rules != second.rules:
        raise ProtocolError(
            f"The first store's scores follow the rules {rules_title(first.rules)}, the second's "
            f"{rules_title(second.rules)}: their numbers answer different questions. Evaluate both by the "
            "same rules."
        )
    no_mate = [str(results.facts.get("no_mate")) for results in (first, second)]
    if no_mate[0] != no_mate[1]:
        raise ProtocolError(
            f"Probes without a mate are counted by --no-mate {no_mate[0]} in the first store's experiment "
            f"and by --no-mate {no_mate[1]} in the second's. Say which experiment to compare with "
            "--protocol, --no-mate and the other options."
        )


def _joined(first: Results, second: Results) -> Results:
    """Return both results as one; equal keys are different evaluations here."""
    both = dict(zip(_MARKS, (first, second), strict=True))
    cells = [
        results.cells.assign(key=mark + results.cells["key"]) for mark, results in both.items()
    ]

    def probes(key: str) -> pd.DataFrame:
        mark = next(m for m in _MARKS if key.startswith(m))
        return both[mark].probes(key.removeprefix(mark))

    return Results(
        pd.concat(cells, ignore_index=True),
        {"no_mate": first.no_mate},
        probes,
        first.rules or second.rules,
        coordinates=dict(second.coordinates) | dict(first.coordinates),
    )


def _places(joint: Results, mark: str) -> dict[PlaceKey, pd.DataFrame]:
    """Return the finished evaluations of one of the two by place."""
    cells = joint.cells
    cells = cells[cells["key"].str.startswith(mark) & (cells["status"] == "done")]
    columns = [_comparable(cells[name]) for name in (*_PLACE, *joint.coordinates)]
    return {tuple(place): rows for place, rows in cells.groupby(columns, sort=False)}


def _comparable(values: "pd.Series[Any]") -> "pd.Series[Any]":
    # Not a number, where there is no coordinate, equals nothing.
    return values.fillna(-1) if values.dtype.kind == "f" else values


def _once(
    first: Mapping[PlaceKey, pd.DataFrame], second: Mapping[PlaceKey, pd.DataFrame]
) -> Iterator[tuple[pd.DataFrame | None, pd.DataFrame | None]]:
    """Yield every place of either, but what several protocols share only once."""
    seen: set[tuple[str, ...]] = set()
    for place in dict.fromkeys([*first, *second]):
        in_first, in_second = first.get(place), second.get(place)
        keys = [str(k) for rows in (in_first, in_second) if rows is not None for k in rows["key"]]
        shared = tuple(sorted(keys))
        if shared not in seen:
            seen.add(shared)
            yield in_first, in_second


def _common(first: pd.DataFrame, second: pd.DataFrame) -> PairedCells | None:
    """Return the evaluations of the seeds that both have, with the draws that all of these have."""
    both = _draws(first) & _draws(second)
    seeds = {seed for seed, _ in both}
    draws = {draw for _, draw in both if all((seed, draw) in both for seed in seeds)}
    if not draws:
        return None
    pair = [
        rows[rows["seed"].isin(seeds) & rows["draw"].isin(draws)].sort_values(["seed", "draw"])
        for rows in (first, second)
    ]
    return pair[0], pair[1]


def _draws(rows: pd.DataFrame) -> set[tuple[int, int]]:
    return {(int(s), int(d)) for s, d in zip(rows["seed"], rows["draw"], strict=True)}


def _compared(joint: Results, pair: PairedCells, metric: str) -> Change | Unavailable | None:
    """Return what changed, why that cannot be tested, or None where every score is the same."""
    first, second = pair
    same = True
    for first_key, second_key in zip(first["key"], second["key"], strict=True):
        a, b = (_scores(joint, str(key)) for key in (first_key, second_key))
        if not a.index.equals(b.index) or not a["identity"].equals(b["identity"]):
            return Unavailable(NOT_THE_SAME_PROBES)
        if not (a["mates"] > 0).equals(b["mates"] > 0):
            return Unavailable(OTHERS_HAVE_MATES)
        # Columns that came with a later version are no change of what both have.
        columns = [name for name in a.columns if name in b.columns]
        same = same and a[columns].equals(b[columns])
    if same:
        return None
    if pd.concat(pair)[metric].isna().any():
        return Unavailable(f"{metric_title(metric)} was not measured")
    test = joint.uncertainty.compare([second, first], [(0, 1)], metric)
    if isinstance(test, Unavailable):
        return test
    return Change(pair, float(test.difference[0]), float(test.p[0]), 1.0)


def _scores(joint: Results, key: str) -> pd.DataFrame:
    return joint.probes(key).drop(columns="probe").set_index(_PROBE).sort_index()


def difference_table(difference: Difference, names: Sequence[str]) -> Table | None:
    """Return the cells that changed beyond noise; None if there are none.

    Args:
        difference: What was compared.
        names: Of the two stores.
    """
    if not difference.changed:
        return None
    metric = metric_title(difference.metric)
    columns = (
        *(Column(title) for title in ("Protocol", "Method", "Backbone", "Tested on")),
        *(Column(letter, metric, Unit.PERCENT) for letter in "AB"),
        Column("B less A", metric, Unit.PERCENT),
        Column("p, corrected", "", Unit.P_VALUE),
    )
    rows = tuple(_row(difference, change) for change in difference.changed)
    footer = (
        f"A: {names[0]}. B: {names[1]}. Means over the seeds and draws that both have; [ ]: 95 % interval.",
        "p: paired test on the same probes, seeds and draws, permuting identities, corrected by Holm's "
        f"method for {_cells(len(difference.tested))} that could be tested; shown are those below "
        f"{LEVEL:g}.",
    )
    return explained(Table("difference", "Changed beyond noise", columns, rows, footer))


def _row(difference: Difference, change: Change) -> Row:
    first, second = change.pair
    seeds = seeds_of(first)
    row = first.iloc[0]
    return Row(
        (
            Entry(str(row["protocol"])),
            Entry(str(row["title"])),
            Entry(backbone_title(str(row["backbone"]))),
            Entry(_tested_on(row, difference.results)),
            *(averaged(cells, difference.metric, seeds) for cells in change.pair),
            estimate_difference(difference.results, second, first, difference.metric, seeds),
            Entry(value=change.p_corrected),
        ),
        contest=None,
    )


def _tested_on(row: "pd.Series[Any]", results: Results) -> str:
    """Return what a cell was tested on and trained for, in words."""
    parts = [f"{row['test']} of {row['setting']}, {side_title(str(row['side']))}"]
    if row["test_dataset"] != row["dataset"]:
        parts.append(dataset_title(str(row["test_dataset"])))
    for name, default in results.coordinates.items():
        if row[name] != default and pd.notna(row[name]):
            value = f"{row[name]:g}" if isinstance(row[name], float) else str(row[name])
            parts.append(f"{name.replace('_', ' ')} {value}")
    if row["trained"] not in ("", row["setting"]):
        parts.append(f"trained under {row['trained']}")
    return "; ".join(parts)


def difference_words(difference: Difference) -> list[str]:
    """Return how many cells are the same, differ within noise, are in one store only, or stay open."""
    metric = metric_title(difference.metric)
    n_changed, noise = len(difference.changed), difference.within_noise
    largest = max((abs(change.difference) for change in noise), default=0.0)
    within = f" (by {100 * largest:.1f} points of {metric} at most)" if noise else ""
    lines = [
        f"{_cells(n_changed)} changed beyond noise."
        if n_changed
        else "Nothing changed beyond noise.",
        f"{_cells(difference.n_same, 'is', 'are')} the same to the last digit, {len(noise)} differ within "
        f"noise{within}, {difference.n_only[0]} only in A, {difference.n_only[1]} only in B.",
    ]
    if difference.n_apart:
        lines.append(f"{_cells(difference.n_apart, 'has', 'have')} no seed and draw in common.")
    for reason, n in difference.untested.items():
        lines.append(f"{_cells(n, 'differs', 'differ')}, but cannot be tested: {reason}.")
    least = len(difference.tested) / (PERMUTATIONS + 1)
    if least >= LEVEL:
        lines.append(
            f"{len(difference.tested)} tests at once are too many for {PERMUTATIONS} permutations: no "
            f"corrected p is below {least:.2g}, so no change can be found. Compare fewer cells at a time."
        )
    return lines


def _cells(n: int, singular: str = "", plural: str = "") -> str:
    return f"{n} cell {singular}".strip() if n == 1 else f"{n} cells {plural}".strip()
