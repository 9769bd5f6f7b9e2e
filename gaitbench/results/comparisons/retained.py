"""Tables that print Rank-k beside the share of the holistic upper bound that it retains.

The main table and the retention table differ only in what the methods are tested on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.units import Better, Unit
from gaitbench.results.estimates import Comparison, compare_rows, estimate, estimate_ratio
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import Condition, Place, places, titles, upper_bound, where
from gaitbench.results.table import Column, Entry, Row, Table, best_printed, printed, uncertainty
from gaitbench.results.titles import listed, metric_title
from gaitbench.statistics.contrasts import PlannedContrasts

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
        contrasts: Of the protocol.
        bound_is_tested: Whether the upper bound meets the same clips, so that methods are compared with it.
    """

    name: str
    title: str
    share_title: str
    share_meaning: str
    condition: Condition
    contrasts: PlannedContrasts
    bound_is_tested: bool = False


def retained_table(results: Results, about: Retained, cells: pd.DataFrame) -> Table:
    """Return methods × places, with the upper bound as a reference row on top."""
    seeds, columns_of = seeds_of(cells), places(cells)
    columns = [Column("Method"), *(c for p in columns_of for c in _columns(p, about.share_title))]
    rows = [_reference_row(results, about.condition, columns_of, seeds)]
    entrants: dict[Place, dict[int, pd.DataFrame]] = {place: {} for place in columns_of}
    for place in columns_of if about.bound_is_tested else ():
        entrants[place][0] = upper_bound(results, place, about.condition)
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
    notes = ("Rank-k in percent.", about.share_meaning, BOLD, _BOUND)
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


def leader_words(table: Table, j: int, contest: str = "") -> str:
    """Return who is best in a column, with the interval; "" where nobody competes."""
    unit = table.columns[j].unit
    rivals = [row for row in table.rows if row.contest == contest]
    first = [rivals[i] for i in best_printed([row.cells[j] for row in rivals], table.columns[j])]
    if not first:
        return ""
    leading = [row for row in first if row.cells[j].best]
    cell = first[0].cells[j]
    per_cent = " %" if unit is Unit.PERCENT else ""
    behind = uncertainty(cell, unit)
    value = f"{printed(cell.value or 0.0, unit)}{per_cent}{f' {behind}' if behind else ''}"
    name = next(i for i, column in enumerate(table.columns) if column.title == "Method")
    names = listed([row.cells[name].text for row in leading or first])
    verb = "has" if len(leading or first) == 1 else "have"
    if any(row.cells[j].still_falls for row in first):
        return f"{names} {verb} the best mean, {value}, after a training whose loss still fell"
    # Bold says no more than that: who is not compared with whom is not told apart either.
    undecided = "" if leading else ", which no contrast decides"
    return f"{names} {verb} the best mean, {value}{undecided}"
