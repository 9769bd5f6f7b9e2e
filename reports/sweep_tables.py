"""The severity sweep: Rank-1 for every generator and severity, and each generator in one number."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from gaitbench.reports.footers import footer
from gaitbench.reports.per_seed import (
    NOT_PLANNED,
    Outcome,
    PerSeed,
    combine,
    measured,
    ratio,
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
    printed,
)

TOLERANCE = 0.03
"""How much less of the body than wanted may be hidden, as a share of it."""

_BEST_OF_ROW = "Bold: best method of the row as printed; equal values are all bold."
_MEAN, _DEGRADATION, _WORST = "mean over types", "relative degradation", "worst type"
_OWN_HOLISTIC = "own Rank-1 on holistic clips"


def sweep_parts(results: Results) -> list[tuple[str, Condition, Place, pd.DataFrame]]:
    """Return name suffix, condition, place and cells of everything that is swept on its own."""
    cells = results.of("sweep")
    cells = cells[cells["severity"].notna()]
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


def severities(cells: pd.DataFrame) -> list[int]:
    """Return the severities of these cells, smallest first."""
    return sorted({int(severity) for severity in cells["severity"]})


def out_of_reach(cells: pd.DataFrame) -> Missing | None:
    """Return why one generator's cells at one severity compare with no other's, where they do not."""
    hidden = cells.loc[cells["status"] == "done", "hidden_share"].astype(float).mean()
    wanted = float(cells["hidden_wanted"].iloc[0])
    # Unknown while nothing is measured; then the cells are missing for that.
    if not hidden < wanted - TOLERANCE:
        return None
    return Missing(
        f"hides at most {printed(hidden, Unit.PERCENT)} % of the body, {100 * wanted:g} % was wanted"
    )


def _grid(
    results: Results, name: str, condition: Condition, place: Place, cells: pd.DataFrame
) -> Table:
    seeds, methods = seeds_of(cells), titles(cells)
    columns = [
        Column("Generator"),
        Column("Severity"),
        Column("Wanted", unit=Unit.PERCENT),
        Column("Hidden", unit=Unit.PERCENT),
        *(Column(title, "Rank-1", Unit.PERCENT, Better.HIGHER) for title in methods.values()),
    ]
    rows: list[Row] = []
    for generator in values_of(cells, "test"):
        own = where(cells, test=generator)
        for i, severity in enumerate(severities(own)):
            here = where(own, severity=severity)
            hidden, gap = summarise(_hidden(here, seeds)), out_of_reach(here)
            values = [
                Cell(missing=gap)
                if gap
                else summarise(measured(where(here, method=method), "rank_1", seeds))
                for method in methods
            ]
            lead = (
                Cell(generator if i == 0 else ""),
                Cell(str(severity)),
                Cell(value=float(here["hidden_wanted"].iloc[0])),
                Cell(value=hidden.value, missing=hidden.missing),
            )
            rows.append(Row((*lead, *values), rule_above=i == 0 and bool(rows)))
    return Table(
        name=f"{name}-grid",
        title=f"Severity sweep, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=mark_best_across(rows, columns),
        footer=footer(
            results,
            # One range per generator over all severities would only repeat the table's own column.
            cells.assign(hidden_share=float("nan")),
            "Wanted: share of the body that the generator's amounts were set to hide on average, in "
            f"percent. Hidden: measured share that it hid. {_BEST_OF_ROW}",
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
    methods, gaps = titles(cells), _gaps(cells)
    columns = [Column("Generator")]
    columns += [Column(t, "Rank-1", Unit.PERCENT, Better.HIGHER) for t in methods.values()]
    of_methods = [
        _in_short(where(cells, method=m), place.of(where(results.cells, method=m)), gaps)
        for m in methods
    ]
    labels = [*gaps, _MEAN, _DEGRADATION, _WORST]
    rows = [
        _marked(Row((Cell(label), *values), rule_above=label == _MEAN), columns)
        for label, *values in zip(labels, *of_methods, strict=True)
    ]
    return Table(
        name=name,
        title=f"Severity sweep in short, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=tuple(rows),
        footer=footer(results, cells, *_notes(results, cells, gaps)),
    )


def _marked(row: Row, columns: list[Column]) -> Row:
    """Return a row with its best value marked: the smallest degradation, the largest rate."""
    if row.cells[0].text == _DEGRADATION:
        columns = [columns[0], *(replace(c, better=Better.LOWER) for c in columns[1:])]
    return mark_best_across([row], columns)[0]


def _notes(
    results: Results, cells: pd.DataFrame, gaps: Mapping[str, Missing | None]
) -> tuple[str, ...]:
    shares = dict(zip(cells["severity"], cells["hidden_wanted"], strict=True))
    listed = ", ".join(f"{100 * shares[severity]:g}" for severity in severities(cells))
    left_out = "; ".join(f"{generator} {gap.reason}" for generator, gap in gaps.items() if gap)
    return (
        f"In percent. A generator's value: mean over the severities, at which all generators hide {listed} "
        f"% of the body. {_MEAN.capitalize()}: of these values. {_DEGRADATION.capitalize()}: the share of "
        f"a method's {_OWN_HOLISTIC} that the mean over types falls below it. {_WORST.capitalize()}: the "
        f"smallest value. {_BEST_OF_ROW}",
        f"Left out of the last three rows: {left_out}." if left_out else "",
        _frames_note(results.facts),
    )


def _frames_note(facts: dict[str, object]) -> str:
    swept, whole = facts.get("sweep_frames"), facts.get("test_frames")
    if swept is None or whole is None or swept == whole:
        return ""
    return (
        f"The sweep's clips have at most {swept} frames, holistic ones {whole}: a part of the degradation "
        "is that of shorter clips."
    )


def _gaps(cells: pd.DataFrame) -> dict[str, Missing | None]:
    """Return generator -> why it does not reach its largest severity that is out of reach, or None."""
    found: dict[str, Missing | None] = {}
    for generator in values_of(cells, "test"):
        own = where(cells, test=generator)
        missed = [out_of_reach(where(own, severity=severity)) for severity in severities(own)]
        found[generator] = next((gap for gap in reversed(missed) if gap), None)
    return found


def _in_short(
    swept: pd.DataFrame, everything: pd.DataFrame, gaps: Mapping[str, Missing | None]
) -> list[Cell]:
    """Return a method's column: a mean for each generator, their mean, the degradation, the worst type.

    Args:
        swept: The method's sweep.
        everything: All evaluations of the method at this place.
        gaps: See `_gaps`.
    """
    seeds = seeds_of(swept)
    means = {g: _over_severities(where(swept, test=g), seeds, gap) for g, gap in gaps.items()}
    reaching = {g: means[g] for g, gap in gaps.items() if gap is None}
    if not reaching:
        nothing = Cell(missing=Missing("no generator hides every wanted share"))
        return [*(summarise(mean) for mean in means.values()), nothing, nothing, nothing]
    over_types = combine(list(reaching.values()), _mean)
    # Of the trained networks that were swept: another training of the method may be stored too.
    whole = where(everything, test=HOLISTIC, adapted_to="")
    whole = whole[whole["stage"].isin(swept["stage"])]
    left = ratio(over_types, measured(whole, "rank_1", seeds), _OWN_HOLISTIC)
    degradation = summarise(combine([left], lambda values: 1 - values[0]))
    columns = [summarise(mean) for mean in means.values()]
    return [*columns, summarise(over_types), degradation, _worst(reaching)]


def _over_severities(mine: pd.DataFrame, seeds: list[int], gap: Missing | None) -> PerSeed:
    if gap is not None:
        return dict.fromkeys(seeds, gap)
    curve = [measured(where(mine, severity=s), "rank_1", seeds) for s in severities(mine)]
    return combine(curve, _mean)


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
