"""What each part of RG-Gait contributes, and further controls."""

from __future__ import annotations

from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.methods.base import get_method, methods_of_kind
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.base import Protocol
from gaitbench.results.estimates import Comparison, estimate, mark_ties
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import (
    Condition,
    Place,
    conditions,
    places,
    table_names,
    titles,
    values_of,
    where,
)
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import metric_title


@register("ablation")
@dataclass(frozen=True)
class Ablation(Protocol):
    """Source: RG-Gait (IJCB 2025), ablation table; the controls are this toolkit's own."""

    place = 6
    about = "RG-Gait without each of its parts, and controls"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every row under the setting and on whole clips."""
        variants = methods_of_kind("ablation", "control")
        rows = bench.method_names([*variants, "rg-gait", "baseline-2"])
        conditions = (
            (bench.setting.test, bench.setting.test_name),
            (HOLISTIC, HOLISTIC_TEST),
        )
        return [
            cell
            for row in rows
            for mix, test in conditions
            for backbone, seed in bench.runs()
            for cell in bench.cells(
                self.name, row, backbone, bench.stage(row, backbone, seed), mix, test
            )
        ]

    def sections(self, results: Results) -> list[Section]:
        """Return the tables of the ablation."""
        tables = tuple(ablation_tables(results))
        return [Section("Ablation", self.name, tables=tables)] if tables else []


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
    parts = list(conditions(results.of("ablation")))
    names = table_names("ablation", [(c.setting, c.side) for c, _ in parts])
    return [
        _table(results, name, condition, part)
        for name, (condition, part) in zip(names, parts, strict=True)
    ]


def _table(results: Results, name: str, condition: Condition, cells: pd.DataFrame) -> Table:
    columns = [Column("Method"), *(Column(title, unit=Unit.MARK) for title in _SWITCHES.values())]
    columns += [
        Column(metric_title(metric), f"{place.title}, {test}", Unit.PERCENT, Better.HIGHER)
        for place, test, metric in _columns_of(cells)
    ]
    printed = titles(cells)
    paper = [method for method in PAPER_ROWS if method in printed]
    controls = [method for method in printed if method not in PAPER_ROWS]
    rows = [_row(results, cells, method, printed[method]) for method in paper]
    for i, method in enumerate(controls):
        row = _row(results, cells, method, printed[method])
        rows.append(Row(row.cells, contest=None, rule_above=i == 0 and bool(rows)))
    done, tests = mark_ties(results, rows, columns, _comparisons(cells, paper))
    below = "The rows below the rule are further controls and do not compete." if controls else ""
    return Table(
        name=name,
        title=f"Ablation: {condition.title}",
        columns=tuple(columns),
        rows=done,
        footer=footer(
            results,
            cells,
            f"Rank-k in percent. {BOLD} {below}".rstrip(),
            tests,
            intervals=_METRICS[0],
        ),
    )


def _columns_of(cells: pd.DataFrame) -> list[tuple[Place, str, str]]:
    """Return what each column of values holds: place, test and metric."""
    return [
        (place, test, metric)
        for place in places(cells)
        for test in _tests(place.of(cells))
        for metric in _METRICS
    ]


def _comparisons(cells: pd.DataFrame, methods: list[str]) -> list[Comparison]:
    return [
        Comparison(
            (1 + len(_SWITCHES) + j,),
            metric,
            {i: where(place.of(cells), method=m, test=test) for i, m in enumerate(methods)},
        )
        for j, (place, test, metric) in enumerate(_columns_of(cells))
    ]


def _tests(cells: pd.DataFrame) -> list[str]:
    # Occluded first, as in the paper, which has no other.
    return sorted(values_of(cells, "test"), key=lambda test: test == HOLISTIC_TEST)


def _row(results: Results, cells: pd.DataFrame, method: str, title: str) -> Row:
    rows, seeds = where(cells, method=method), seeds_of(cells)
    marks = [Entry(_mark(method, switch)) for switch in _SWITCHES]
    values = [
        estimate(results, where(place.of(rows), test=test), metric, seeds)
        for place, test, metric in _columns_of(cells)
    ]
    return Row((Entry(title), *marks, *values))


def _mark(method: str, switch: str) -> str:
    ticks = get_method(method).checked_ticks()
    return "✓" if ticks.get(switch) else "✗"
