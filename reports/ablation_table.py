"""The ablation of RG-Gait: what each of its three ideas does, and controls the paper lacks."""

import pandas as pd

from gaitbench.reports.footers import BOLD, footer
from gaitbench.reports.names import metric_title
from gaitbench.reports.per_seed import measured, seeds_of, summarise
from gaitbench.reports.places import (
    HOLISTIC,
    Condition,
    conditions,
    places,
    table_names,
    titles,
    values_of,
    where,
)
from gaitbench.reports.results import Results
from gaitbench.reports.table import Better, Cell, Column, Row, Table, Unit, mark_best

_METRICS = ("rank_1", "rank_5")
_SWITCHES = {"residual": "Residual", "adaptive": "Adaptive", "aware": "Aware"}
PAPER_ROWS = (
    "baseline-1",
    "vanilla-residual",
    "aware-only",
    "adaptive-only",
    "rg-gait",
)
"""Methods of the paper's table, in its order; all others are printed below a rule as controls."""


def ablation_tables(results: Results) -> list[Table]:
    """Return one table per setting and side; holistic clips, where tested, have own columns."""
    found = list(conditions(results.of("ablation")))
    names = table_names("ablation", [(c.setting, c.side) for c, _ in found])
    return [
        _table(results, name, condition, part)
        for name, (condition, part) in zip(names, found, strict=True)
    ]


def _table(results: Results, name: str, condition: Condition, cells: pd.DataFrame) -> Table:
    columns = [Column("Method"), *(Column(title, unit=Unit.MARK) for title in _SWITCHES.values())]
    for place in places(cells):
        for test in _tests(place.of(cells)):
            columns += [
                Column(metric_title(m), f"{place.title}, {test}", Unit.PERCENT, Better.HIGHER)
                for m in _METRICS
            ]
    printed = titles(cells)
    paper = [method for method in PAPER_ROWS if method in printed]
    controls = [method for method in printed if method not in PAPER_ROWS]
    rows = [_row(cells, method, printed[method]) for method in paper]
    for i, method in enumerate(controls):
        row = _row(cells, method, printed[method])
        rows.append(Row(row.cells, contest=None, rule_above=i == 0 and bool(rows)))
    below = "The rows below the rule are further controls and do not compete." if controls else ""
    return Table(
        name=name,
        title=f"Ablation: {condition.title}",
        columns=tuple(columns),
        rows=mark_best(rows, columns),
        footer=footer(results, cells, f"Rank-k in percent. {BOLD} {below}".rstrip()),
    )


def _tests(cells: pd.DataFrame) -> list[str]:
    # Occluded first, as in the paper, which has no other.
    return sorted(values_of(cells, "test"), key=lambda test: test == HOLISTIC)


def _row(cells: pd.DataFrame, method: str, title: str) -> Row:
    mine, seeds = where(cells, method=method), seeds_of(cells)
    marks = [Cell(_mark(mine, switch)) for switch in _SWITCHES]
    values = [
        summarise(measured(where(place.of(mine), test=test), metric, seeds))
        for place in places(cells)
        for test in _tests(place.of(cells))
        for metric in _METRICS
    ]
    return Row((Cell(title), *marks, *values))


def _mark(cells: pd.DataFrame, switch: str) -> str:
    known = cells[switch].dropna() if switch in cells.columns else cells["key"].iloc[:0]
    if known.empty:
        return ""
    return "✓" if bool(known.iloc[0]) else "✗"
