"""Printed values with their intervals, and which of them a test can tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaitbench.core.arrays import pd
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import combine, measured, ratio, summarise
from gaitbench.results.table import TIED, Column, Entry, Missing, Row, mark_best
from gaitbench.results.titles import metric_title
from gaitbench.statistics.intervals import Interval, Unavailable
from gaitbench.statistics.paired_tests import PairedDifferences, holm

LEVEL = 0.05
"""Of the tests between methods."""


def estimate(
    results: Results, cells: pd.DataFrame, metric: str, seeds: Sequence[int], text: str = ""
) -> Entry:
    """Return the mean of a metric over seeds and draws with its interval, or what is missing.

    Args:
        results: For the per-probe scores.
        cells: The evaluations of one place in a table.
        metric: A recognition metric.
        seeds: What a complete answer has.
        text: Printed behind the value.
    """
    cell = summarise(measured(cells, metric, seeds), text)
    return cell if cell.missing else _bounded(cell, results.uncertainty.interval(cells, metric))


def estimate_ratio(
    results: Results,
    part: pd.DataFrame,
    whole: pd.DataFrame,
    metric: str,
    seeds: Sequence[int],
    whole_title: str,
) -> Entry:
    """Return the mean over seeds of a ratio of two metrics with its interval.

    Where the divisor may be near chance the ratio says nothing: it is missing, for that reason.
    """
    values = ratio(measured(part, metric, seeds), measured(whole, metric, seeds), whole_title)
    cell = summarise(values)
    if cell.missing:
        return cell
    chance = float(whole[f"chance_{metric}"].astype(float).max())
    interval = results.uncertainty.ratio(part, whole, metric, chance)
    divisor = results.uncertainty.interval(whole, metric)
    if isinstance(interval, Unavailable) and isinstance(divisor, Interval):
        return Entry(missing=Missing(f"{whole_title}: {interval.reason}"))
    return _bounded(cell, interval)


def estimate_difference(
    results: Results, part: pd.DataFrame, whole: pd.DataFrame, metric: str, seeds: Sequence[int]
) -> Entry:
    """Return the mean over seeds of a metric of `part` less that of `whole`, with its interval."""
    both = [measured(part, metric, seeds), measured(whole, metric, seeds)]
    cell = summarise(combine(both, lambda values: values[0] - values[1]))
    if cell.missing:
        return cell
    return _bounded(cell, results.uncertainty.difference(part, whole, metric))


def _bounded(cell: Entry, interval: Interval | Unavailable) -> Entry:
    if isinstance(interval, Unavailable):
        return cell
    return replace(cell, low=interval.low, high=interval.high)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Rows of a table that are compared in some of its columns.

    Args:
        columns: Positions of the columns that one test decides: a metric, and its ratios to one divisor.
        metric: That is tested.
        entrants: The evaluations of each row, by the row's position.
    """

    columns: tuple[int, ...]
    metric: str
    entrants: Mapping[int, pd.DataFrame]


def mark_ties(
    results: Results,
    rows: Sequence[Row],
    columns: Sequence[Column],
    comparisons: Sequence[Comparison],
) -> tuple[tuple[Row, ...], str]:
    """Return the rows with the best of each column marked and what ties with it, and a line on the tests.

    All pairs of rows of one contest are compared, and p-values are corrected for all of them together.
    """
    marked = mark_best(rows, columns)
    tested: list[tuple[Comparison, list[int], PairedDifferences]] = []
    reasons: list[str] = []
    for comparison in comparisons:
        for group in _contests(marked, comparison):
            differences = results.uncertainty.compare(
                [comparison.entrants[i] for i in group], comparison.metric
            )
            if isinstance(differences, Unavailable):
                reasons.append(differences.reason)
            else:
                tested.append((comparison, group, differences))
    if not tested:
        return marked, f"No tests: {reasons[0]}." if reasons and results.rules else ""
    corrected = holm(np.concatenate([differences.p for *_, differences in tested]))
    cells = [list(row.cells) for row in marked]
    start = 0
    for comparison, group, differences in tested:
        p = corrected[start : start + len(differences.pairs)]
        start += len(differences.pairs)
        equal = {
            frozenset((group[i], group[j]))
            for (i, j), q in zip(differences.pairs, p, strict=True)
            if q >= LEVEL
        }
        for j in comparison.columns:
            best = [i for i in group if cells[i][j].best]
            for i in group:
                if i not in best and any(frozenset((i, b)) in equal for b in best):
                    cells[i][j] = replace(cells[i][j], tied=True)
    done = tuple(replace(r, cells=tuple(c)) for r, c in zip(marked, cells, strict=True))
    return done, _tests_line(tested, len(corrected))


def _contests(rows: Sequence[Row], comparison: Comparison) -> list[list[int]]:
    """Return the compared rows of each contest, where they are two or more and measured."""
    groups: dict[str, list[int]] = {}
    for i in comparison.entrants:
        contest = rows[i].contest
        if contest is not None and rows[i].cells[comparison.columns[0]].value is not None:
            groups.setdefault(contest, []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def _tests_line(
    tested: Sequence[tuple[Comparison, list[int], PairedDifferences]], n_tests: int
) -> str:
    by_metric: dict[str, list[float]] = {}
    for comparison, _, differences in tested:
        by_metric.setdefault(metric_title(comparison.metric), []).extend(differences.detectable)
    ranges = [f"{title} {_points(values)}" for title, values in by_metric.items()]
    return (
        f"{TIED} cannot be told from the best value of its column: paired test on the same probes, draws "
        f"and seeds, permuting identities, at the {LEVEL:.0%} level after Holm's correction for the "
        f"{n_tests} comparisons of this table. Smallest true difference that one such test finds in 80 % "
        f"of cases, uncorrected, in points: {'; '.join(ranges)}."
    )


def _points(values: Sequence[float]) -> str:
    low, high = f"{100 * min(values):.1f}", f"{100 * max(values):.1f}"
    return low if low == high else f"{low}–{high}"
