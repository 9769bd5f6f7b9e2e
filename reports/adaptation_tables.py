"""Further training with a new type as a curve: what it gains, what it costs, how fast."""

from dataclasses import dataclass

import pandas as pd

from gaitbench.results.estimates import estimate, estimate_difference
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import (
    HOLISTIC,
    Condition,
    Place,
    conditions,
    places,
    table_names,
    titles,
    values_of,
    where,
)
from gaitbench.results.table import NOT_A_NUMBER, Better, Cell, Column, Missing, Row, Table, Unit

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
        old = [t for t in values_of(self.cells, "test") if t not in (self.new_type, HOLISTIC)]
        return {
            self.new_type: "new type",
            **dict.fromkeys(old, "old types"),
            HOLISTIC: "whole clips",
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
    found = [
        (condition, place, new_type, where(place.of(part), adapted_to=new_type))
        for condition, part in conditions(cells)
        for place in places(part)
        for new_type in values_of(place.of(part), "adapted_to")
    ]
    names = table_names("adaptation", [(c.setting, c.side, p.title, t) for c, p, t, _ in found])
    return [Curve(name, *rest) for name, rest in zip(names, found, strict=True)]


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
                        Cell(title if j == 0 else ""),
                        Cell(words),
                        *values,
                        estimate_difference(results, points[-1], points[0], METRIC, seeds),
                        Cell() if is_new else _forgetting(values),
                        Cell(_steps_to(values, budgets)) if is_new else Cell(),
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


def _forgetting(values: list[Cell]) -> Cell:
    """Return the best value before the last less the last, Chaudhry et al., ECCV 2018."""
    gaps = [cell.missing for cell in values if cell.missing]
    numbers = [cell.value for cell in values if cell.value is not None]
    if gaps or len(numbers) < 2:
        return Cell(missing=gaps[0] if gaps else Missing("there is one number of steps alone"))
    return Cell(value=max(numbers[:-1]) - numbers[-1])


def _steps_to(values: list[Cell], budgets: list[int]) -> str:
    numbers = [cell.value for cell in values]
    last = numbers[-1]
    if last is None or any(value is None for value in numbers):
        return NOT_A_NUMBER
    reached = [value is not None and value >= NEARLY * last for value in numbers]
    first = max((i + 1 for i, there in enumerate(reached) if not there), default=0)
    return str(budgets[first])


def adaptation_points(
    results: Results, curve: Curve, method: str, test: str
) -> list[tuple[int, Cell]]:
    """Return what a figure draws of a method: steps and Rank-1 with its interval."""
    seeds = seeds_of(curve.cells)
    return [
        (steps, estimate(results, curve.at(method, test, steps), METRIC, seeds))
        for steps in curve.budgets
    ]
