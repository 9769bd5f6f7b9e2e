"""What further training with a new type gains, and what it costs, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell, Coordinate
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.protocols.adaptability import adaptation
from gaitbench.protocols.base import Protocol
from gaitbench.protocols.generalizability import new_type_mix
from gaitbench.results.estimates import estimate, estimate_difference
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
from gaitbench.results.section import Section
from gaitbench.results.table import NOT_A_NUMBER, Column, Entry, Missing, Row, Table
from gaitbench.training.stage import Stage

BUDGETS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Shares of the preset's steps of further training; the last is the protocol "adaptability" itself."""


@register("adaptation-curve")
@dataclass(frozen=True)
class AdaptationCurve(Protocol):
    """Rank-1 on the new type, the old types and whole clips against the steps of further training.

    Every budget is trained by itself, with a schedule that ends at its last step: a point says what
    somebody with that budget gets, not what a longer training looked like on its way.
    """

    place = 5
    coordinates: ClassVar[Mapping[str, Coordinate]] = {"adapted_to": "", "adapted_steps": 0}
    about = "gain on a new type, loss on old ones, against steps of further training"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return method × new type × budget, each on the new type, the old types and whole clips."""
        return [
            cell
            for method in bench.compared_methods()
            if bench.method(method).adaptable
            for name in bench.new_types()
            for backbone, seed in bench.runs()
            for stage in _trained(bench, method, name, backbone, seed)
            for test, mix in _tests(bench, name).items()
            for cell in bench.cells(
                self.name, method, backbone, stage, mix, test, at=adaptation(name, stage), draws=1
            )
        ]

    def sections(self, results: Results) -> list[Section]:
        """Return a table per curve."""
        tables = tuple(adaptation_tables(results))
        return [Section("Adaptation as a curve", self.name, tables=tables)] if tables else []


def _trained(bench: Bench, method: str, name: str, backbone: str, seed: int) -> list[Stage]:
    """Return the last stage after every budget, shortest first; of two with equal steps the larger."""
    adapted = [bench.adapted(method, backbone, seed, make(name), b) for b in BUDGETS if b]
    stages = [bench.stage(method, backbone, seed), *(s for s in adapted if s is not None)]
    return list({stage.adapted_steps: stage for stage in stages}.values())


def _tests(bench: Bench, name: str) -> dict[str, Mix]:
    return {
        name: new_type_mix(bench, name),
        bench.setting.test_name: bench.setting.test,
        HOLISTIC_TEST: HOLISTIC,
    }


METRIC = "rank_1"
NEARLY = 0.95
"""Share of the final value that counts as reached."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The evaluations of further training with one new type.

    Args:
        name: Of its table.
        condition: Setting and side.
        place: Data and backbone.
        new_type: That was trained on with.
        cells: Of all methods, tests and budgets.
    """

    name: str
    condition: Condition
    place: Place
    new_type: str
    cells: pd.DataFrame

    @property
    def tests(self) -> dict[str, str]:
        """Names of the tests and what they are called here."""
        old = [t for t in values_of(self.cells, "test") if t not in (self.new_type, HOLISTIC_TEST)]
        return {
            self.new_type: "new type",
            **dict.fromkeys(old, "old types"),
            HOLISTIC_TEST: "whole clips",
        }

    @property
    def budgets(self) -> list[int]:
        """Steps of further training, 0 first."""
        return sorted({int(steps) for steps in self.cells["adapted_steps"]})

    def at(self, method: str, test: str, steps: int) -> pd.DataFrame:
        """Return the evaluations of one point."""
        return where(self.cells, method=method, test=test, adapted_steps=steps)


def adaptation_curves(results: Results) -> list[Curve]:
    """Return one curve per setting, side, place and new type."""
    cells = results.of("adaptation-curve")
    parts = [
        (condition, place, new_type, where(place.of(part), adapted_to=new_type))
        for condition, part in conditions(cells)
        for place in places(part)
        for new_type in values_of(place.of(part), "adapted_to")
    ]
    names = table_names("adaptation", [(*c.words, p.title, t) for c, p, t, _ in parts])
    return [Curve(name, *rest) for name, rest in zip(names, parts, strict=True)]


def adaptation_tables(results: Results) -> list[Table]:
    """Return a table per curve: rows method × test, columns budgets, and what they come to."""
    return [_table(results, curve) for curve in adaptation_curves(results)]


def _table(results: Results, curve: Curve) -> Table:
    seeds, budgets = seeds_of(curve.cells), curve.budgets
    columns = [
        Column("Method"),
        Column("Tested on"),
        *(
            Column(str(steps), "Rank-1 after steps", Unit.PERCENT, Better.HIGHER)
            for steps in budgets
        ),
        Column("Change", "", Unit.PERCENT, Better.HIGHER),
        Column("Forgetting", "", Unit.PERCENT, Better.LOWER),
        Column(f"Steps to {NEARLY:.0%}"),
    ]
    rows: list[Row] = []
    for i, (method, title) in enumerate(titles(curve.cells).items()):
        for j, (test, words) in enumerate(curve.tests.items()):
            points = [curve.at(method, test, steps) for steps in budgets]
            values = [estimate(results, cells, METRIC, seeds) for cells in points]
            is_new = test == curve.new_type
            rows.append(
                Row(
                    (
                        Entry(title if j == 0 else ""),
                        Entry(words),
                        *values,
                        estimate_difference(results, points[-1], points[0], METRIC, seeds),
                        Entry() if is_new else _forgetting(values),
                        Entry(_steps_to(values, budgets)) if is_new else Entry(),
                    ),
                    contest=None,
                    rule_above=i > 0 and j == 0,
                )
            )
    return Table(
        name=curve.name,
        title=f"Adaptation to {curve.new_type}, {curve.place.title}: {curve.condition.title}",
        columns=tuple(columns),
        rows=tuple(rows),
        footer=footer(
            results,
            curve.cells,
            "Rank-1 in percent, after so many steps of further training with the new type added to the old "
            "ones; every number of steps is a training of its own, whose schedule ends there. Change: "
            "after the last number of steps less before; on old types and whole clips this is the backward "
            "transfer. Forgetting: the best value before the end less the last one, so 0 or more where "
            f"anything was lost. Steps to {NEARLY:.0%}: the first number of steps from which on Rank-1 on "
            f"the new type is at least {NEARLY:.0%} of its last value.",
            intervals=METRIC,
        ),
    )


def _forgetting(values: list[Entry]) -> Entry:
    """Return the best value before the last less the last, Chaudhry et al., ECCV 2018."""
    gaps = [cell.missing for cell in values if cell.missing]
    numbers = [cell.value for cell in values if cell.value is not None]
    if gaps or len(numbers) < 2:
        return Entry(missing=gaps[0] if gaps else Missing("there is one number of steps alone"))
    return Entry(
        value=max(numbers[:-1]) - numbers[-1],
        still_falls=any(cell.still_falls for cell in values),
    )


def _steps_to(values: list[Entry], budgets: list[int]) -> str:
    numbers = [cell.value for cell in values]
    last = numbers[-1]
    if last is None or any(value is None for value in numbers):
        return NOT_A_NUMBER
    reached = [value is not None and value >= NEARLY * last for value in numbers]
    first = max((i + 1 for i, is_reached in enumerate(reached) if not is_reached), default=0)
    return str(budgets[first])


def adaptation_points(
    results: Results, curve: Curve, method: str, test: str
) -> list[tuple[int, Entry]]:
    """Return what a figure draws of a method: steps and Rank-1 with its interval."""
    seeds = seeds_of(curve.cells)
    return [
        (steps, estimate(results, curve.at(method, test, steps), METRIC, seeds))
        for steps in curve.budgets
    ]
