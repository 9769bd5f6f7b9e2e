"""Tables that print Rank-k beside the share of the holistic upper bound that it retains.

The main table and the retention table differ only in what the methods are tested on.
"""

from dataclasses import dataclass

import pandas as pd

from gaitbench.results.estimates import Comparison, estimate, estimate_ratio, mark_ties
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.names import metric_title
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import Condition, Place, places, titles, upper_bound, where
from gaitbench.results.table import Better, Cell, Column, Row, Table, Unit

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
        values: list[Cell] = []
        for place in columns_of:
            mine = place.of(where(cells, method=method))
            bound = upper_bound(results, place, about.condition)
            values += _values(results, mine, bound, seeds)
            entrants[place][len(rows)] = mine
        rows.append(Row((Cell(title), *values), rule_above=i == 0))
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
) -> list[Cell]:
    found = []
    for metric in _METRICS:
        divisor = f"holistic {metric_title(metric)} of Baseline-1"
        found.append(estimate(results, cells, metric, seeds))
        found.append(estimate_ratio(results, cells, bound, metric, seeds, divisor))
    return found


def _reference_row(
    results: Results, condition: Condition, columns_of: list[Place], seeds: list[int]
) -> Row:
    cells = [Cell("Upper bound (holistic)")]
    for place in columns_of:
        bound = upper_bound(results, place, condition)
        for metric in _METRICS:
            # Its ratio to itself is 1 by definition and says nothing, so the entry is left empty.
            cells += [estimate(results, bound, metric, seeds), Cell()]
    return Row(tuple(cells), contest=None)
