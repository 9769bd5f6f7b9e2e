"""Tested on occlusion types that no training clip had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import Mix
from gaitbench.protocols.base import Protocol
from gaitbench.results.estimates import Comparison, estimate, mark_ties
from gaitbench.results.footers import footer
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
from gaitbench.results.retained import best_words
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import metric_title


def new_type_mix(bench: Bench, name: str) -> Mix:
    """Return test clips under a new type at its own amounts, as often occluded as in the setting."""
    return Mix((make(name),), bench.setting.test.share)


def zero_shot_cells(bench: Bench, protocol: str) -> list[Cell]:
    """Return every method on every new type, without further training."""
    return [
        cell
        for method in bench.compared_methods()
        for name in bench.new_types()
        for backbone, seed in bench.runs()
        for cell in bench.cells(
            protocol,
            method,
            backbone,
            bench.stage(method, backbone, seed),
            new_type_mix(bench, name),
            name,
        )
    ]


@register("generalizability")
@dataclass(frozen=True)
class Generalizability(Protocol):
    """Zero-shot columns of MimicGait's table 2 and of RG-Gait's."""

    place = 2
    about = "tested on types that no training clip had: middle, dynamic"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return the zero-shot cells."""
        return zero_shot_cells(bench, self.name)

    def sections(self, results: Results) -> list[Section]:
        """Return the tables of new types, with the adapted columns where they were asked for."""
        return new_types_sections(results)


def new_types_sections(results: Results) -> list[Section]:
    """Return one section of everything that was tested on new types."""
    tables = tuple(new_types_tables(results))
    summary = tuple(text for table in tables for text in _leaders(table))
    return [Section("New occlusion types", "new-types", summary, tables=tables)] if tables else []


def _leaders(table: Table) -> Iterator[str]:
    for j, column in enumerate(table.columns):
        if column.title != "Rank-1":
            continue
        parts = [
            f"{contest}: {leader}"
            for contest in ("zero-shot", "adapted")
            if (leader := best_words(table.rows, j, column.unit, contest))
        ]
        if parts:
            yield f"New type {column.group.lower()}, {'; '.join(parts)}."


_METRICS = ("rank_1", "rank_5")
_PAPER_ORDER = ("middle", "dynamic")


def new_types_tables(results: Results) -> list[Table]:
    """Return one table per setting, side and place: rows method × {zero-shot, adapted}."""
    cells = results.of("generalizability", "adaptability")
    cells = cells[cells["test"] != HOLISTIC_TEST]
    parts = [
        (condition, place, place.of(part))
        for condition, part in conditions(cells)
        for place in places(part)
    ]
    names = table_names("new-types", [(c.setting, c.side, p.title) for c, p, _ in parts])
    return [
        _table(results, name, condition, place, part)
        for name, (condition, place, part) in zip(names, parts, strict=True)
    ]


def _table(
    results: Results, name: str, condition: Condition, place: Place, cells: pd.DataFrame
) -> Table:
    seeds, tests = seeds_of(cells), _tests(cells)
    columns = [Column("Method"), Column("Training"), *(c for test in tests for c in _columns(test))]
    rows: list[Row] = []
    entrants: dict[str, dict[int, pd.DataFrame]] = {test: {} for test in tests}
    for i, (method, title) in enumerate(titles(cells).items()):
        method_cells = where(cells, method=method)
        first = True
        for training in ("zero-shot", "adapted"):
            tested = {test: _tested(method_cells, training, test) for test in tests}
            if not any(map(len, tested.values())):
                continue
            for test, test_cells in tested.items():
                entrants[test][len(rows)] = test_cells
            values = [
                estimate(results, test_cells, metric, seeds)
                for test_cells in tested.values()
                for metric in _METRICS
            ]
            label = (Entry(title), Entry(training))
            rows.append(Row((*label, *values), contest=training, rule_above=i > 0 and first))
            first = False
    comparisons = [
        Comparison((2 + t * len(_METRICS) + m,), metric, entrants[test])
        for t, test in enumerate(tests)
        for m, metric in enumerate(_METRICS)
    ]
    done, tests_line = mark_ties(results, rows, columns, comparisons)
    return Table(
        name=name,
        title=f"New occlusion types, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=done,
        footer=footer(
            results,
            cells,
            "Rank-k in percent. Zero-shot: the tested type was never trained. Adapted: trained on "
            "with the tested type added to the mix. Bold: best zero-shot and best adapted value of "
            "the column as printed; equal values are all bold.",
            tests_line,
            intervals=_METRICS[0],
        ),
    )


def _tests(cells: pd.DataFrame) -> list[str]:
    # A test of old types after adapting measures forgetting; it belongs to no column here.
    unseen = [t for t in values_of(cells, "test") if len(where(cells, test=t, adapted_to=""))]
    names = [*unseen, *(t for t in values_of(cells, "test") if len(_adapted(cells, t)))]
    order = [t for t in _PAPER_ORDER if t in names] + [t for t in names if t not in _PAPER_ORDER]
    return list(dict.fromkeys(order))


def _adapted(cells: pd.DataFrame, test: str) -> pd.DataFrame:
    rows = where(cells, test=test)
    return rows[[test in str(types).split("+") for types in rows["adapted_to"]]]


def _columns(test: str) -> list[Column]:
    # A released reading, as "rg-gait.patch", is a name to be typed; a plain type is a word.
    group = test if "." in test else test.capitalize()
    return [Column(metric_title(m), group, Unit.PERCENT, Better.HIGHER) for m in _METRICS]


def _tested(cells: pd.DataFrame, training: str, test: str) -> pd.DataFrame:
    """Return the evaluations of a method on a type, before or after training with it."""
    return (
        _adapted(cells, test) if training == "adapted" else where(cells, test=test, adapted_to="")
    )
