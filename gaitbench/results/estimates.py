"""Printed values with their intervals, and which of them a test can tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaitbench.core.arrays import pd
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import averaged, combine, flagged, measured, ratio, summarise
from gaitbench.results.table import (
    UNDECIDED,
    Column,
    ContrastTest,
    Entry,
    MethodDifference,
    Missing,
    Row,
    mark_best,
)
from gaitbench.results.titles import listed, metric_title
from gaitbench.statistics.contrasts import PlannedContrasts
from gaitbench.statistics.intervals import Interval, Unavailable
from gaitbench.statistics.paired_tests import PairedDifferences, holm

LEVEL = 0.05
"""Of the tests between methods, for all contrasts of a table together."""


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
    cell = averaged(cells, metric, seeds, text)
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
    cell = flagged(summarise(values), part, whole)
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
    cell = flagged(summarise(combine(both, lambda values: values[0] - values[1])), part, whole)
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
        metric: That is compared.
        entrants: The evaluations of each row that is compared, by the row's position. A row outside of all
            contests can be a reference, and has no marks.
        is_primary: Whether the contrasts are tested here; elsewhere differences have intervals alone.
    """

    columns: tuple[int, ...]
    metric: str
    entrants: Mapping[int, pd.DataFrame]
    is_primary: bool


@dataclass(frozen=True, eq=False)
class Compared:
    """The rows of a table after its contrasts were tested.

    Args:
        rows: With their marks.
        line: For the footer: what was tested.
        differences: Of the contrasts first, then of all that was not tested.
    """

    rows: tuple[Row, ...]
    line: str
    differences: tuple[MethodDifference, ...]


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two rows whose difference is asked for; `has_rival` where the reference competes too."""

    comparison: Comparison
    method: int
    reference: int
    has_rival: bool

    @property
    def cells(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        entrants = self.comparison.entrants
        return entrants[self.method], entrants[self.reference]


def compare_rows(
    results: Results,
    rows: Sequence[Row],
    columns: Sequence[Column],
    comparisons: Sequence[Comparison],
    planned: PlannedContrasts,
) -> Compared:
    """Test the planned contrasts in a table's primary columns, and mark what they decide.

    p-values are corrected for all contrasts of the table together. The best value of each column is bold as
    it is printed; in a primary column it loses that where a contrast with a rival is not decided.

    Args:
        results: For the per-probe scores.
        rows: One per method; those of one contest are rivals.
        columns: Of the table.
        comparisons: What its columns compare.
        planned: Of the protocol.
    """
    marked = mark_best(rows, columns)
    asked = [
        pair
        for comparison in comparisons
        if comparison.is_primary
        for pair in _contrasts(marked, comparison, planned)
    ]
    tested, contrasts, reasons = _tested(results, columns, marked, asked)
    exploratory = (
        _difference(results, columns, marked, pair)
        for pair in _untested(marked, comparisons, planned)
    )
    others = [difference for difference in exploratory if difference.value.low is not None]
    line = _tests_line(contrasts, planned) if contrasts else ""
    if reasons and results.rules:
        line = f"{line} Not tested: {reasons[0]}.".lstrip()
    undecided = [
        pair
        for pair, contrast in zip(tested, contrasts, strict=True)
        if contrast.test is not None and not contrast.test.is_decided
    ]
    return Compared(_with_marks(marked, undecided), line, (*contrasts, *others))


def _tested(
    results: Results, columns: Sequence[Column], rows: Sequence[Row], asked: Sequence[_Pair]
) -> tuple[list[_Pair], list[MethodDifference], list[str]]:
    """Return which pairs could be tested, what came out, and why others could not be."""
    outcomes: list[tuple[_Pair, PairedDifferences]] = []
    reasons: list[str] = []
    for pair in asked:
        # Holm's method asks the smallest p-value to pass this level, so power is told at it.
        first_level = LEVEL / len(asked)
        metric = pair.comparison.metric
        outcome = results.uncertainty.compare(pair.cells, [(0, 1)], metric, level=first_level)
        if isinstance(outcome, Unavailable):
            reasons.append(outcome.reason)
        else:
            outcomes.append((pair, outcome))
    corrected = holm(np.array([outcome.p[0] for _, outcome in outcomes]))
    differences = [
        replace(
            _difference(results, columns, rows, pair),
            test=ContrastTest(
                p=float(outcome.p[0]),
                p_corrected=float(p),
                is_decided=bool(p < LEVEL),
                detectable=float(outcome.detectable[0]),
            ),
        )
        for (pair, outcome), p in zip(outcomes, corrected, strict=True)
    ]
    return [pair for pair, _ in outcomes], differences, reasons


def _contrasts(
    rows: Sequence[Row], comparison: Comparison, planned: PlannedContrasts
) -> Iterator[_Pair]:
    """Yield the planned contrasts of every contest between rows that are measured."""
    outside, contests = _by_contest(rows, comparison)
    for rivals in contests:
        for contrast in planned.among(rivals, outside):
            has_rival = contrast.reference in rivals
            reference = (rivals if has_rival else outside)[contrast.reference]
            yield _Pair(comparison, rivals[contrast.method], reference, has_rival)


def _untested(
    rows: Sequence[Row], comparisons: Sequence[Comparison], planned: PlannedContrasts
) -> Iterator[_Pair]:
    """Yield all other pairs of rivals in primary columns, and the contrasts in other columns."""
    for comparison in comparisons:
        contrasts = list(_contrasts(rows, comparison, planned))
        if not comparison.is_primary:
            yield from contrasts
            continue
        tested = {frozenset((pair.method, pair.reference)) for pair in contrasts}
        for rivals in _by_contest(rows, comparison)[1]:
            positions = list(rivals.values())
            for i, reference in enumerate(positions):
                for method in positions[i + 1 :]:
                    if frozenset((method, reference)) not in tested:
                        yield _Pair(comparison, method, reference, has_rival=True)


def _by_contest(
    rows: Sequence[Row], comparison: Comparison
) -> tuple[dict[str, int], list[dict[str, int]]]:
    """Return the measured rows by method: those outside of all contests, and those of each contest."""
    outside: dict[str, int] = {}
    contests: dict[str, dict[str, int]] = {}
    for i, cells in comparison.entrants.items():
        if rows[i].cells[comparison.columns[0]].value is not None:
            contest = rows[i].contest
            group = outside if contest is None else contests.setdefault(contest, {})
            group[str(cells["method"].iloc[0])] = i
    return outside, list(contests.values())


def _difference(
    results: Results, columns: Sequence[Column], rows: Sequence[Row], pair: _Pair
) -> MethodDifference:
    first, second = pair.cells
    column = columns[pair.comparison.columns[0]]
    where = (rows[pair.method].contest, column.group, column.title)
    interval = results.uncertainty.difference(first, second, pair.comparison.metric)
    values = [
        rows[i].cells[pair.comparison.columns[0]].value or 0.0
        for i in (pair.method, pair.reference)
    ]
    return MethodDifference(
        where=", ".join(filter(None, where)),
        method=str(first["title"].iloc[0]),
        reference=str(second["title"].iloc[0]),
        value=_bounded(Entry(value=values[0] - values[1]), interval),
    )


def _with_marks(rows: Sequence[Row], undecided: Sequence[_Pair]) -> tuple[Row, ...]:
    """Return the rows with undecided methods marked, and bold only where nothing is left undecided."""
    cells = [list(row.cells) for row in rows]
    for pair in undecided:
        if not pair.has_rival:
            continue
        for j in pair.comparison.columns:
            for i in (pair.method, pair.reference):
                cells[i][j] = replace(cells[i][j], best=False)
            cells[pair.method][j] = replace(cells[pair.method][j], undecided=True)
    return tuple(replace(r, cells=tuple(c)) for r, c in zip(rows, cells, strict=True))


def _tests_line(contrasts: Sequence[MethodDifference], planned: PlannedContrasts) -> str:
    methods: dict[str, list[str]] = {}
    for contrast in contrasts:
        methods.setdefault(contrast.reference, []).append(contrast.method)
    against = "; ".join(
        f"{listed(list(dict.fromkeys(names)))} against {reference}"
        for reference, names in methods.items()
    )
    number = f"{len(contrasts)} contrast{'s' if len(contrasts) > 1 else ''}"
    return (
        f"Tested in {metric_title(planned.primary)}, as the protocol declares beforehand: {against}. "
        f"{UNDECIDED}: such a contrast is not decided; there, the best value is bold only if every "
        "contrast that it takes part in with a rival is decided. Paired tests on the same probes, draws "
        f"and seeds, permuting identities, at the {LEVEL:.0%} level after Holm's correction for the "
        f"{number} of this table. Smallest true difference that a test at {LEVEL:.0%} / {len(contrasts)} "
        f"finds in 80 % of cases, in points: {_points([c.test.detectable for c in contrasts if c.test])}."
    )


def _points(values: Sequence[float]) -> str:
    low, high = f"{100 * min(values):.1f}", f"{100 * max(values):.1f}"
    return low if low == high else f"{low}–{high}"
