"""The table of holistic retention: Rank-k on whole clips beside the share of the upper bound that it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.units import Better, Unit
from gaitbench.results.comparisons.leaders import leader_words
from gaitbench.results.estimates import Comparison, compare_rows, estimate, estimate_ratio
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import Condition, Place, places, titles, upper_bound, where
from gaitbench.results.table import Column, Entry, Row, Table, printed
from gaitbench.results.titles import metric_title
from gaitbench.statistics.contrasts import PlannedContrasts

_METRICS = ("rank_1", "rank_5")
_MEANING = (
    "HPR-k (holistic performance retention): Rank-k on holistic clips after training for occlusion / "
    "Rank-k of Baseline-1 on them, per seed."
)
_BOUND = "Upper bound: Baseline-1 on holistic clips; it does not compete."


@dataclass(frozen=True)
class Retained:
    """What a table of this form says about itself.

    Args:
        name: The table's name.
        title: The table's title.
        condition: Which setting and side the cells are from.
        contrasts: Of the protocol.
    """

    name: str
    title: str
    condition: Condition
    contrasts: PlannedContrasts


def retained_table(results: Results, about: Retained, cells: pd.DataFrame) -> Table:
    """Return methods × places, with the upper bound as a reference row on top."""
    seeds, columns_of = seeds_of(cells), places(cells)
    columns = [Column("Method"), *(c for p in columns_of for c in _columns(p))]
    rows = [_reference_row(results, about.condition, columns_of, seeds)]
    # The bound meets the same clips, so that methods are compared with it.
    entrants = {place: {0: upper_bound(results, place, about.condition)} for place in columns_of}
    for i, (method, title) in enumerate(titles(cells).items()):
        values: list[Entry] = []
        for place in columns_of:
            rows_of_method = place.of(where(cells, method=method))
            bound = upper_bound(results, place, about.condition)
            values += _values(results, rows_of_method, bound, seeds)
            entrants[place][len(rows)] = rows_of_method
        rows.append(Row((Entry(title), *values), rule_above=i == 0))
    comparisons = _comparisons(entrants, about.contrasts.primary)
    compared = compare_rows(results, rows, columns, comparisons, about.contrasts)
    notes = ("Rank-k in percent.", _MEANING, BOLD, _BOUND)
    return Table(
        name=about.name,
        title=about.title,
        columns=tuple(columns),
        rows=compared.rows,
        footer=footer(results, cells, " ".join(notes), compared.line, intervals=_METRICS[0]),
        differences=compared.differences,
    )


def _comparisons(entrants: dict[Place, dict[int, pd.DataFrame]], primary: str) -> list[Comparison]:
    """Return what is compared: one test decides a metric and its ratio to the common bound."""
    width = 2 * len(_METRICS)
    return [
        Comparison((1 + p * width + 2 * m, 2 + p * width + 2 * m), metric, rows, metric == primary)
        for p, rows in enumerate(entrants.values())
        for m, metric in enumerate(_METRICS)
    ]


def _columns(place: Place) -> list[Column]:
    columns = []
    for metric in _METRICS:
        columns.append(Column(metric_title(metric), place.title, Unit.PERCENT, Better.HIGHER))
        columns.append(Column(f"HPR-{metric[-1]}", place.title, Unit.RATIO, Better.HIGHER))
    return columns


def _values(
    results: Results, cells: pd.DataFrame, bound: pd.DataFrame, seeds: list[int]
) -> list[Entry]:
    values = []
    for metric in _METRICS:
        divisor = f"holistic {metric_title(metric)} of Baseline-1"
        values.append(estimate(results, cells, metric, seeds))
        values.append(estimate_ratio(results, cells, bound, metric, seeds, divisor))
    return values


def _reference_row(
    results: Results, condition: Condition, columns_of: list[Place], seeds: list[int]
) -> Row:
    cells = [Entry("Upper bound (holistic)")]
    for place in columns_of:
        bound = upper_bound(results, place, condition)
        for metric in _METRICS:
            # Its ratio to itself is 1 by definition and says nothing, so the entry is left empty.
            cells += [estimate(results, bound, metric, seeds), Entry()]
    return Row(tuple(cells), contest=None)


def leaders(table: Table, what: str) -> Iterator[str]:
    """Say who is best in Rank-1 and in its ratio to the upper bound, at every place of a table."""
    for j, column in enumerate(table.columns):
        if column.title != "Rank-1" or not (leader := leader_words(table, j)):
            continue
        bound = table.rows[0].cells[j]
        above = (
            f" The upper bound, Baseline-1 on whole clips, is {printed(bound.value, column.unit)} %."
            if bound.value is not None
            else ""
        )
        kept = leader_words(table, j + 1)
        ratio = f" {table.columns[j + 1].title}: {kept}." if kept else ""
        yield f"{what}, {column.group}: {leader}.{above}{ratio}"
