"""What each part of RG-Gait contributes, and further controls."""

from __future__ import annotations

from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.evaluation.pair_groups import ALL_PAIRS
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.methods.base import get_method, methods_of_kind
from gaitbench.protocols.base import Protocol
from gaitbench.results.comparisons.compared import CONDITIONS, WHOLE_GALLERY, TestCondition
from gaitbench.results.estimates import Comparison, compare_rows, estimate
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import settings_and_places, table_names, titles, where
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import metric_title
from gaitbench.statistics.contrasts import Contrast, PlannedContrasts


@register("ablation")
@dataclass(frozen=True)
class Ablation(Protocol):
    """Source: RG-Gait (IJCB 2025), ablation table; the controls are this toolkit's own."""

    place = 6
    about = "RG-Gait without each of its parts, and controls"
    contrasts = PlannedContrasts(
        primary="rank_1",
        declared=(
            Contrast("vanilla-residual", "rg-gait"),
            Contrast("aware-only", "rg-gait"),
            Contrast("adaptive-only", "rg-gait"),
            Contrast("rg-gait", "baseline-1"),
        ),
    )

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every row under the setting and on whole clips."""
        variants = methods_of_kind("ablation", "control")
        rows = bench.method_names([*variants, "rg-gait", "baseline-2"])
        return bench.compared_cells_of(self.name, rows)

    def sections(self, results: Results) -> list[Section]:
        """Return the tables of the ablation."""
        tables = tuple(ablation_tables(results))
        return [Section("Ablation", self.name, tables=tables)] if tables else []


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
    """Return one table per setting and place, with the conditions of the main table."""
    cells = results.of("ablation")
    parts = settings_and_places(cells)
    names = table_names("ablation", [(setting, place.title) for setting, place, _ in parts])
    return [
        _table(results, part, name, f"Ablation: setting {setting}, {place.title}")
        for name, (setting, place, part) in zip(names, parts, strict=True)
    ]


def _table(results: Results, cells: pd.DataFrame, name: str, title: str) -> Table:
    columns = [Column("Method"), *(Column(title, unit=Unit.MARK) for title in _SWITCHES.values())]
    columns += [
        Column(metric_title(metric), condition.title, Unit.PERCENT, Better.HIGHER)
        for condition, metric in _columns_of()
    ]
    printed = titles(cells)
    paper = [method for method in PAPER_ROWS if method in printed]
    controls = [method for method in printed if method not in PAPER_ROWS]
    rows = [_row(results, cells, method, printed[method]) for method in paper]
    for i, method in enumerate(controls):
        row = _row(results, cells, method, printed[method])
        rows.append(Row(row.cells, contest=None, rule_above=i == 0 and bool(rows)))
    compared = compare_rows(results, rows, columns, _comparisons(cells, paper), Ablation.contrasts)
    below = "The rows below the rule are further controls and do not compete." if controls else ""
    return Table(
        name=name,
        title=title,
        columns=tuple(columns),
        rows=compared.rows,
        footer=footer(
            results,
            where(cells, pairs=ALL_PAIRS),
            f"Rank-k in percent. {BOLD} {below}".rstrip(),
            compared.line,
            intervals=Ablation.contrasts.primary,
        ),
        differences=compared.differences,
    )


def _columns_of() -> list[tuple[TestCondition, str]]:
    """Return what each column of values holds: condition and metric."""
    return [(condition, metric) for condition in CONDITIONS for metric in condition.metrics]


def _comparisons(cells: pd.DataFrame, methods: list[str]) -> list[Comparison]:
    """Return what is compared; the primary column is that of the main table."""
    primary = (WHOLE_GALLERY, Ablation.contrasts.primary)
    return [
        Comparison(
            (1 + len(_SWITCHES) + j,),
            metric,
            {i: condition.of(where(cells, method=m)) for i, m in enumerate(methods)},
            is_primary=(condition, metric) == primary,
        )
        for j, (condition, metric) in enumerate(_columns_of())
    ]


def _row(results: Results, cells: pd.DataFrame, method: str, title: str) -> Row:
    rows, seeds = where(cells, method=method), seeds_of(cells)
    marks = [Entry(_mark(method, switch)) for switch in _SWITCHES]
    values = [
        estimate(results, condition.of(rows), metric, seeds) for condition, metric in _columns_of()
    ]
    return Row((Entry(title), *marks, *values))


def _mark(method: str, switch: str) -> str:
    ticks = get_method(method).checked_ticks()
    return "✓" if ticks.get(switch) else "✗"
