"""The severity sweep: Rank-1 for every generator and amount, and curves as single numbers."""

from collections.abc import Sequence

import pandas as pd
from scipy.integrate import trapezoid

from gaitbench.reports.footers import footer
from gaitbench.reports.per_seed import (
    NOT_PLANNED,
    Outcome,
    PerSeed,
    combine,
    measured,
    seeds_of,
    summarise,
)
from gaitbench.reports.places import (
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
from gaitbench.reports.results import Results
from gaitbench.reports.table import (
    Better,
    Cell,
    Column,
    Missing,
    Row,
    Table,
    Unit,
    mark_best_across,
)

_BEST_OF_ROW = "Bold: best method of the row as printed; equal values are all bold."


def sweep_parts(results: Results) -> list[tuple[str, Condition, Place, pd.DataFrame]]:
    """Return name suffix, condition, place and cells of everything that is swept on its own."""
    cells = results.of("sweep")
    cells = cells[(cells["test"] != HOLISTIC) & cells["amount"].notna()]
    found = [
        (condition, place, place.of(part))
        for condition, part in conditions(cells)
        for place in places(part)
    ]
    names = table_names("sweep", [(c.setting, c.side, p.title) for c, p, _ in found])
    return [(name, *rest) for name, rest in zip(names, found, strict=True)]


def sweep_tables(results: Results) -> list[Table]:
    """Return, per setting, side and place, a summary by method and the grid that it summarises."""
    return [
        build(results, name, condition, place, cells)
        for name, condition, place, cells in sweep_parts(results)
        for build in (_summary, _grid)
    ]


def levels(cells: pd.DataFrame, generator: str) -> list[float]:
    """Return the amounts of a generator, smallest first."""
    return sorted({float(amount) for amount in where(cells, test=generator)["amount"]})


def area(shares: Sequence[float], rates: Sequence[float]) -> Outcome:
    """Return the area under `rates` over hidden shares, divided by their range: a mean rate.

    >>> area([0.25, 0.5, 0.75], [1.0, 0.5, 0.0])
    0.5
    """
    points = sorted(zip(shares, rates, strict=True))
    x, y = [p[0] for p in points], [p[1] for p in points]
    if len(points) < 2 or x[0] == x[-1]:
        return Missing("an area needs two different severities")
    return float(trapezoid(y, x)) / (x[-1] - x[0])


def _grid(
    results: Results, name: str, condition: Condition, place: Place, cells: pd.DataFrame
) -> Table:
    seeds, printed = seeds_of(cells), titles(cells)
    columns = [
        Column("Generator"),
        Column("Amount", unit=Unit.PERCENT),
        Column("Hidden", unit=Unit.PERCENT),
        *(Column(title, "Rank-1", Unit.PERCENT, Better.HIGHER) for title in printed.values()),
    ]
    rows: list[Row] = []
    for generator in values_of(cells, "test"):
        for i, amount in enumerate(levels(cells, generator)):
            here = where(cells, test=generator, amount=amount)
            hidden = summarise(_hidden(here, seeds))
            values = [
                summarise(measured(where(here, method=method), "rank_1", seeds))
                for method in printed
            ]
            first = Cell(generator if i == 0 else "")
            lead = (first, Cell(value=amount), Cell(value=hidden.value, missing=hidden.missing))
            rows.append(Row((*lead, *values), rule_above=i == 0 and bool(rows)))
    return Table(
        name=f"{name}-grid",
        title=f"Severity sweep, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=mark_best_across(rows, columns),
        footer=footer(
            results,
            # One range per generator over all amounts would only repeat the table's own column.
            cells.assign(hidden_share=float("nan")),
            "Amount: what the generator was asked to hide, in percent. Hidden: measured share of "
            f"the body that it hid. {_BEST_OF_ROW}",
        ),
    )


def _hidden(cells: pd.DataFrame, seeds: list[int]) -> PerSeed:
    # All methods meet the same draws, so any finished evaluation of a seed knows the share.
    known = cells[(cells["status"] == "done") & cells["hidden_share"].notna()]
    shares = {int(s): float(x) for s, x in zip(known["seed"], known["hidden_share"], strict=True)}
    return {seed: shares.get(seed, Missing("no evaluation of this row is done")) for seed in seeds}


def _summary(
    results: Results, name: str, condition: Condition, place: Place, cells: pd.DataFrame
) -> Table:
    printed, generators = titles(cells), values_of(cells, "test")
    columns = [Column("Generator")]
    columns += [Column(t, "Rank-1", Unit.PERCENT, Better.HIGHER) for t in printed.values()]
    shares = {g: _shares(cells, g, seeds_of(cells)) for g in generators}
    of_methods = [_in_short(where(cells, method=m), cells, shares) for m in printed]
    labels = [*(f"{generator}, area" for generator in generators), "mean", "worst type"]
    rows = [
        Row((Cell(label), *values), rule_above=label == "mean")
        for label, *values in zip(labels, *of_methods, strict=True)
    ]
    return Table(
        name=name,
        title=f"Severity sweep in short, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=mark_best_across(rows, columns),
        footer=footer(
            results,
            cells,
            "In percent. Area: under Rank-1 over the measured hidden share, divided by the range "
            "of shares that the generator covered. Mean: of the generators' means over amounts. "
            f"Worst type: the generator with the smallest mean. {_BEST_OF_ROW}",
        ),
    )


def _in_short(
    mine: pd.DataFrame, cells: pd.DataFrame, shares: dict[str, list[PerSeed]]
) -> list[Cell]:
    """Return a method's column: the area of each generator, the mean and the worst type."""
    seeds = seeds_of(cells)
    curves = {g: _curve(mine, g, levels(cells, g), seeds) for g in shares}
    areas = [summarise(_area_per_seed(curves[g], shares[g])) for g in shares]
    means = {g: combine(curve, _mean) for g, curve in curves.items()}
    return [*areas, summarise(combine(list(means.values()), _mean)), _worst(means)]


def _shares(cells: pd.DataFrame, generator: str, seeds: list[int]) -> list[PerSeed]:
    here = where(cells, test=generator)
    return [_hidden(where(here, amount=amount), seeds) for amount in levels(cells, generator)]


def _curve(
    mine: pd.DataFrame, generator: str, amounts: list[float], seeds: list[int]
) -> list[PerSeed]:
    here = where(mine, test=generator)
    return [measured(where(here, amount=amount), "rank_1", seeds) for amount in amounts]


def _area_per_seed(curve: list[PerSeed], shares: list[PerSeed]) -> PerSeed:
    n = len(curve)
    return combine([*curve, *shares], lambda numbers: area(numbers[n:], numbers[:n]))


def _mean(values: list[float]) -> Outcome:
    return sum(values) / len(values)


def _worst(means: dict[str, PerSeed]) -> Cell:
    """Return the smallest mean with its generator's name, known only if all are."""
    every = {generator: summarise(per_seed) for generator, per_seed in means.items()}
    gaps = [cell.missing for cell in every.values() if cell.missing]
    if gaps:
        return summarise(combine(list(means.values()), _mean))
    values = {generator: cell.value for generator, cell in every.items() if cell.value is not None}
    if not values:
        return Cell(missing=NOT_PLANNED)
    worst = min(values, key=lambda generator: values[generator])
    return summarise(means[worst], text=f"({worst})")
