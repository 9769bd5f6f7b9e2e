"""A table of any protocol's cells: what stands in the report of one that writes none itself."""

from __future__ import annotations

from gaitbench.core.arrays import pd
from gaitbench.evaluation.metrics.base import main_metrics
from gaitbench.results.estimates import Comparison, compare_rows, estimate
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import Condition, Place, conditions, places, table_names, titles
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.statistics.contrasts import PlannedContrasts


def generic_tables(
    results: Results,
    protocol: str,
    title: str,
    coordinates: tuple[str, ...],
    planned: PlannedContrasts,
) -> list[Table]:
    """Return, per condition and place, a row per method and test, with a column per coordinate that varies.

    Args:
        results: Of the run.
        protocol: Whose cells.
        title: Of the tables.
        coordinates: Of the protocol.
        planned: What the protocol tests between methods.
    """
    parts = [
        (condition, place, place.of(part))
        for condition, part in conditions(results.of(protocol))
        for place in places(part)
    ]
    names = table_names(protocol, [(*c.words, p.title) for c, p, _ in parts])
    return [
        _table(results, name, title, coordinates, planned, *part)
        for name, part in zip(names, parts, strict=True)
    ]


def _table(
    results: Results,
    name: str,
    title: str,
    coordinates: tuple[str, ...],
    planned: PlannedContrasts,
    condition: Condition,
    place: Place,
    cells: pd.DataFrame,
) -> Table:
    labels = [n for n in ("test", "trained", *coordinates) if cells[n].nunique(dropna=False) > 1]
    metrics, printed, seeds = main_metrics(), titles(cells), seeds_of(cells)
    columns = [
        *(Column(label.replace("_", " ").capitalize()) for label in labels),
        Column("Method"),
        *(Column(metric.title, "", metric.unit, metric.better) for metric in metrics),
    ]
    groups = cells.groupby(labels, sort=False, dropna=False) if labels else [((), cells)]
    rows: list[Row] = []
    entrants: dict[int, pd.DataFrame] = {}
    for values, tested in groups:
        contest = " ".join(map(str, values))
        for method, method_title in printed.items():
            own = tested[tested["method"] == method]
            if own.empty:
                continue
            is_first = not rows or rows[-1].contest != contest
            entrants[len(rows)] = own
            shown = [Entry(_text(value) if is_first else "") for value in values]
            estimates = [estimate(results, own, metric.name, seeds) for metric in metrics]
            rows.append(
                Row((*shown, Entry(method_title), *estimates), contest, is_first and bool(rows))
            )
    comparisons = [
        Comparison((len(labels) + 1 + i,), metric.name, entrants, metric.name == planned.primary)
        for i, metric in enumerate(metrics)
    ]
    compared = compare_rows(results, rows, columns, comparisons, planned)
    return Table(
        name=name,
        title=f"{title}, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=compared.rows,
        footer=footer(
            results, cells, f"In percent. {BOLD}", compared.line, intervals=metrics[0].name
        ),
        differences=compared.differences,
    )


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return str(value)
