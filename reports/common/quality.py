"""What stands beside Rank-1 and Rank-5: further recognition metrics, and how good detectors are."""

import pandas as pd

from gaitbench.core.units import Better, Unit
from gaitbench.evaluation.metrics.base import all_metrics
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.results.comparisons.compared import is_reference
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import averaged, seeds_of
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
from gaitbench.results.table import Column, Entry, Row, Table, mark_best

_DETECTOR = ("detector_accuracy", "detector_error")


def detector_sections(results: Results) -> list[Section]:
    """Return how good the detectors are."""
    tables = tuple(detector_tables(results))
    return [Section("Occlusion detectors", "detectors", tables=tables)] if tables else []


def metrics_sections(results: Results) -> list[Section]:
    """Return all metrics."""
    tables = tuple(metrics_tables(results))
    return [Section("All metrics", "metrics", tables=tables)] if tables else []


def metrics_tables(results: Results) -> list[Table]:
    """Return all recognition metrics on occluded clips, one table per condition, test and place."""
    parts = _parts(results)
    columns = {m.name: Column(m.title, "", m.unit, m.better) for m in all_metrics()}
    names = table_names("metrics", [(*c.words, t, p.title) for c, t, p, _ in parts])
    return [
        _table(
            results,
            name,
            f"All metrics, {place.title}: {condition.title}, tested on {test}",
            columns,
            cells,
        )
        for name, (condition, test, place, cells) in zip(names, parts, strict=True)
    ]


def detector_tables(results: Results) -> list[Table]:
    """Return type accuracy and amount error of the methods that have a detector."""
    parts = [
        (condition, test, place, cells)
        for condition, test, place, all_cells in _parts(results)
        if len(cells := _with_detector(all_cells))
    ]
    columns = {
        "detector_accuracy": Column("Type accuracy", "Detector", Unit.PERCENT, Better.HIGHER),
        "detector_error": Column("Amount error", "Detector", Unit.PERCENT, Better.LOWER),
    }
    names = table_names("detector", [(*c.words, t, p.title) for c, t, p, _ in parts])
    return [
        _table(
            results,
            name,
            f"Occlusion detectors, {place.title}: {condition.title}, tested on {test}",
            columns,
            cells,
        )
        for name, (condition, test, place, cells) in zip(names, parts, strict=True)
    ]


def _parts(results: Results) -> list[tuple[Condition, str, Place, pd.DataFrame]]:
    cells = results.of("occluded")
    cells = cells[cells["test"] != HOLISTIC_TEST]
    return [
        (condition, test, place, place.of(where(part, test=test)))
        for condition, part in conditions(cells)
        for test in values_of(part, "test")
        for place in places(where(part, test=test))
    ]


def _with_detector(cells: pd.DataFrame) -> pd.DataFrame:
    # Asked of the method, not of the cell: a missing seed of such a method stays visible.
    detected = cells[cells[list(_DETECTOR)].notna().any(axis="columns")]
    return cells[cells["method"].isin(detected["method"])]


def _table(
    results: Results, name: str, title: str, columns: dict[str, Column], cells: pd.DataFrame
) -> Table:
    seeds, printed = seeds_of(cells), titles(cells)
    rows: list[Row] = []
    for method in sorted(printed, key=is_reference):
        values = [averaged(where(cells, method=method), c, seeds) for c in columns]
        contest = None if is_reference(method) else ""
        is_first = contest is None and bool(rows) and rows[-1].contest is not None
        rows.append(Row((Entry(printed[method]), *values), contest, rule_above=is_first))
    every = (Column("Method"), *columns.values())
    return Table(
        name=name,
        title=title,
        columns=every,
        rows=mark_best(rows, every),
        footer=footer(results, cells, f"In percent. {BOLD}"),
    )
