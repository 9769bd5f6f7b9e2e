"""Tables that print Rank-k beside the share of the holistic upper bound that it retains.

The main table and the retention table differ only in what the methods are tested on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.units import Better, Unit
from gaitbench.results.estimates import Comparison, estimate, estimate_ratio, mark_ties
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import Condition, Place, places, titles, upper_bound, where
from gaitbench.results.table import Column, Entry, Row, Table, printed, uncertainty
from gaitbench.results.titles import listed, metric_title

_METRICS = ("rank_1", "rank_5")
_BOUND = "Upper bound: Baseline-1 on holistic clips; it does not compete."


@dataclass(frozen=True)
class Retained:
    """What a table of this form says about itself.

    Args:
        name: The table's name.
        title: The table's title.
        share_title: Column title of the ratio.
        share_meaning: A sentence for the footer.
        condition: Which setting and side the cells are from.
    """

    name: str
    title: str
    share_title: str
    share_meaning: str
    condition: Condition


def retained_table(results: Results, about: Retained, cells: pd.DataFrame) -> Table:
    """Return methods × places, with the upper bound as a reference row on top."""
    seeds, columns_of = seeds_of(cells), places(cells)
    columns = [Column("Method"), *(c for p in columns_of for c in _columns(p, about.share_title))]
    rows = [_reference_row(results, about.condition, columns_of, seeds)]
    entrants: dict[Place, dict[int, pd.DataFrame]] = {place: {} for place in columns_of}
    for i, (method, title) in enumerate(titles(cells).items()):
        values: list[Entry] = []
        for place in columns_of:
            rows_of_method = place.of(where(cells, method=method))
            bound = upper_bound(results, place, about.condition)
            values += _values(results, rows_of_method, bound, seeds)
            entrants[place][len(rows)] = rows_of_method
        rows.append(Row((Entry(title), *values), rule_above=i == 0))
    done, tests = mark_ties(results, rows, columns, _comparisons(entrants))
    notes = ("Rank-k in percent.", about.share_meaning, BOLD, _BOUND)
    return Table(
        name=about.name,
        title=about.title,
        columns=tuple(columns),
        rows=done,
        footer=footer(results, cells, " ".join(notes), tests, intervals=_METRICS[0]),
    )


def _comparisons(entrants: dict[Place, dict[int, pd.DataFrame]]) -> list[Comparison]:
    """Return what is tested: one test decides a metric and its ratio to the common bound."""
    width = 2 * len(_METRICS)
    return [
        Comparison((1 + p * width + 2 * m, 2 + p * width + 2 * m), metric, rows)
        for p, rows in enumerate(entrants.values())
        for m, metric in enumerate(_METRICS)
    ]


def _columns(place: Place, share_title: str) -> list[Column]:
    columns = []
    for metric in _METRICS:
        columns.append(Column(metric_title(metric), place.title, Unit.PERCENT, Better.HIGHER))
        columns.append(
            Column(f"{share_title}-{metric[-1]}", place.title, Unit.RATIO, Better.HIGHER)
        )
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
        if column.title != "Rank-1" or not (leader := best_words(table.rows, j, column.unit)):
            continue
        bound = table.rows[0].cells[j]
        above = (
            f" The upper bound, Baseline-1 on whole clips, is {printed(bound.value, column.unit)} %."
            if bound.value is not None
            else ""
        )
        kept = best_words(table.rows, j + 1, Unit.RATIO)
        ratio = f" {table.columns[j + 1].title}: {kept}." if kept else ""
        yield f"{what}, {column.group}: {leader}.{above}{ratio}"


def best_words(rows: Sequence[Row], j: int, unit: Unit, contest: str = "") -> str:
    """Return who is best in a column, with the interval and what ties; "" where nobody competes."""
    rivals = [row for row in rows if row.contest == contest]
    best = [row for row in rivals if row.cells[j].best]
    if not best:
        return ""
    cell = best[0].cells[j]
    per_cent = " %" if unit is Unit.PERCENT else ""
    behind = uncertainty(cell, unit)
    value = f"{printed(cell.value or 0.0, unit)}{per_cent}{f' {behind}' if behind else ''}"
    tied = [row.cells[0].text for row in rivals if row.cells[j].tied]
    beside = f", not told apart from {listed(tied)}" if tied else ""
    verb = "leads" if len(best) == 1 else "lead"
    return f"{listed([row.cells[0].text for row in best])} {verb} with {value}{beside}"
