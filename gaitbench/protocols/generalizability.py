"""Tested on occlusion types that no training clip had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.evaluation.pair_groups import ALL_PAIRS
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import Mix
from gaitbench.protocols.base import Protocol
from gaitbench.results.comparisons.compared import compared_table, is_reference
from gaitbench.results.comparisons.leaders import leader_words
from gaitbench.results.estimates import Comparison, compare_rows, estimate
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import (
    Condition,
    Place,
    conditions,
    named,
    places,
    settings_and_places,
    table_names,
    titles,
    told_apart,
    values_of,
    where,
)
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
        for method in bench.compared_and_references()
        for name in bench.new_types()
        for backbone, seed in bench.runs()
        for cell in bench.compared_cells(
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
    parts = _poster_parts(results)
    poster = new_types_tables(results, parts)
    tables = (*poster, *new_type_comparisons(results))
    aparts = told_apart([(*condition.parts, *place.parts) for condition, place, _ in parts])
    summary = tuple(t for pair in zip(poster, aparts, strict=True) for t in _leaders(*pair))
    return [Section("New occlusion types", "new-types", summary, tables=tables)] if tables else []


def _leaders(table: Table, apart: str) -> Iterator[str]:
    for j, column in enumerate(table.columns):
        if column.title != "Rank-1":
            continue
        parts = [
            f"{contest}: {leader}"
            for contest in TRAININGS
            if (leader := leader_words(table, j, contest))
        ]
        if parts:
            yield f"{named(f'New type {column.group.lower()}', apart)}, {'; '.join(parts)}."


ZERO_SHOT, ADAPTED = TRAININGS = ("zero-shot", "adapted")
_METRICS = ("rank_1", "rank_5")
_PAPER_ORDER = ("middle", "dynamic")


def _poster_parts(results: Results) -> list[tuple[Condition, Place, pd.DataFrame]]:
    """Return what each table in the papers' form shows: both sides are occluded and all pairs count."""
    cells = where(results.of("generalizability", "adaptability"), side="both", pairs=ALL_PAIRS)
    cells = cells[cells["test"] != HOLISTIC_TEST]
    return [
        (condition, place, place.of(part))
        for condition, part in conditions(cells)
        for place in places(part)
    ]


def new_types_tables(
    results: Results, parts: Sequence[tuple[Condition, Place, pd.DataFrame]]
) -> list[Table]:
    """Return one table per setting and place: rows method × {zero-shot, adapted}."""
    names = table_names("new-types", [(*c.words, p.title) for c, p, _ in parts])
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
        for training in TRAININGS:
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
            contest = None if is_reference(method) else training
            rows.append(Row((*label, *values), contest, rule_above=i > 0 and first))
            first = False
    planned = Generalizability.contrasts
    comparisons = [
        Comparison((2 + t * len(_METRICS) + m,), metric, entrants[test], metric == planned.primary)
        for t, test in enumerate(tests)
        for m, metric in enumerate(_METRICS)
    ]
    compared = compare_rows(results, rows, columns, comparisons, planned)
    return Table(
        name=name,
        title=f"New occlusion types, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=compared.rows,
        footer=footer(
            results,
            cells,
            "Rank-k in percent. Zero-shot: the tested type was never trained. Adapted: trained on "
            "with the tested type added to the mix. Bold: best zero-shot and best adapted value of "
            "the column as printed; equal values are all bold.",
            compared.line,
            intervals=_METRICS[0],
        ),
        differences=compared.differences,
    )


def new_type_comparisons(results: Results) -> list[Table]:
    """Return one table per setting, place, new type and training, with the columns of the main table."""
    cells = results.of("generalizability", "adaptability")
    parts = [
        (setting, place, test, training, part)
        for setting, place, own in settings_and_places(cells)
        for test in _tests(own[own["test"] != HOLISTIC_TEST])
        for training in TRAININGS
        if len(part := _comparable(own, training, test))
    ]
    names = table_names("new-type", [(s, p.title, t, r) for s, p, t, r, _ in parts])
    return [
        compared_table(
            results,
            part,
            name=name,
            title=f"New type {test}, {training}, {place.title}: setting {setting}",
            planned=Generalizability.contrasts,
        )
        for name, (setting, place, test, training, part) in zip(names, parts, strict=True)
    ]


def _comparable(cells: pd.DataFrame, training: str, test: str) -> pd.DataFrame:
    """Return what was tested on a type and on whole clips, of one state of training.

    Beside adapted methods stand those that are never trained on occluded clips, as they are.
    """
    own = cells[cells["test"].isin([test, HOLISTIC_TEST])]
    unadapted = where(own, adapted_to="")
    if training == ZERO_SHOT:
        return unadapted
    adapted = own[[test in str(types).split("+") for types in own["adapted_to"]]]
    return pd.concat([where(unadapted, trained=""), adapted]) if len(adapted) else adapted


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
    return _adapted(cells, test) if training == ADAPTED else where(cells, test=test, adapted_to="")
