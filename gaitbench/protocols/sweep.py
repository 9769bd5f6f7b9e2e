"""Every generator at every severity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell, Coordinate
from gaitbench.occlusion.base import grid_names, make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.protocols.base import Protocol
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import (
    NOT_PLANNED,
    BySeed,
    Outcome,
    averaged,
    combine,
    flagged,
    measured,
    ratio,
    seeds_of,
    summarise,
)
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
from gaitbench.results.table import Column, Entry, Missing, Row, Table, mark_best_across, printed
from gaitbench.training.stage import Stage


@register("sweep")
@dataclass(frozen=True)
class Sweep(Protocol):
    """The grid of generators and severities; every clip of the chosen side is occluded.

    A severity is a share of the body, and amounts are set for it: so generators are compared where they
    hide equally much. Whole clips of the same length say what hiding costs.
    """

    place = 7
    coordinates: ClassVar[Mapping[str, Coordinate]] = {"severity": float("nan")}
    about = "every generator where all hide the same shares: curves, means, worst type"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return the grid."""
        return [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for cell in self._of_stage(bench, method, backbone, bench.stage(method, backbone, seed))
        ]

    def _of_stage(self, bench: Bench, method: str, backbone: str, stage: Stage) -> Iterator[Cell]:
        frames = bench.preset.sweep_frames
        yield from bench.cells(
            self.name, method, backbone, stage, HOLISTIC, HOLISTIC_TEST,
            at={"severity": 0}, frames=frames,
        )  # fmt: skip
        for name in grid_names():
            for severity, share in enumerate(bench.preset.severities, start=1):
                mix = Mix((make(name),), 1.0)
                yield from bench.cells(
                    self.name, method, backbone, stage, mix, name,
                    at={"severity": severity}, frames=frames, hidden=share, draws=1,
                )  # fmt: skip

    def sections(self, results: Results) -> list[Section]:
        """Return, per place, the summary and the grid."""
        tables = tuple(sweep_tables(results))
        return [Section("Severity sweep", self.name, tables=tables)] if tables else []


TOLERANCE = 0.03
"""How much less of the body than wanted may be hidden, as a share of it."""

_BEST_OF_ROW = "Bold: best method of the row as printed; equal values are all bold."
_MEAN, _WHOLE, _DEGRADATION, _WORST = (
    "mean over types",
    "whole clips",
    "relative degradation",
    "worst type",
)


@dataclass(frozen=True, eq=False)
class Swept:
    """Everything that is swept on its own.

    Args:
        name: Of its table and figure.
        condition: Setting and side.
        place: Data and backbone.
        cells: Of the grid of generators and severities.
        whole: Of whole clips that are as long as the grid's.
    """

    name: str
    condition: Condition
    place: Place
    cells: pd.DataFrame
    whole: pd.DataFrame


def sweeps(results: Results) -> list[Swept]:
    """Return one sweep per setting, side and place."""
    parts = [
        (condition, place, place.of(part))
        for condition, part in conditions(results.of("sweep"))
        for place in places(part)
    ]
    names = table_names("sweep", [(*c.words, p.title) for c, p, _ in parts])
    return [
        Swept(name, condition, place, part[part["severity"] > 0], where(part, severity=0))
        for name, (condition, place, part) in zip(names, parts, strict=True)
    ]


def sweep_tables(results: Results) -> list[Table]:
    """Return, per setting, side and place, a summary by method and the grid that it summarises."""
    return [build(results, swept) for swept in sweeps(results) for build in (_summary, _grid)]


def severities(cells: pd.DataFrame) -> list[int]:
    """Return the severities of these cells, smallest first."""
    return sorted({int(severity) for severity in cells["severity"]})


def out_of_reach(cells: pd.DataFrame) -> Missing | None:
    """Return why one generator's cells at one severity compare with no other's, where they do not."""
    hidden = cells.loc[cells["status"] == "done", "hidden_share"].astype(float).mean()
    target = float(cells["hidden_wanted"].iloc[0])
    # Unknown while nothing is measured; then the cells are missing for that.
    if not hidden < target - TOLERANCE:
        return None
    return Missing(
        f"hides at most {printed(hidden, Unit.PERCENT)} % of the body, {100 * target:g} % was wanted"
    )


def _grid(results: Results, swept: Swept) -> Table:
    cells = swept.cells
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
        of_generator = where(cells, test=generator)
        for i, severity in enumerate(severities(of_generator)):
            at_severity = where(of_generator, severity=severity)
            hidden, gap = summarise(_hidden(at_severity, seeds)), out_of_reach(at_severity)
            values = [
                Entry(missing=gap)
                if gap
                else averaged(where(at_severity, method=method), "rank_1", seeds)
                for method in methods
            ]
            lead = (
                Entry(generator if i == 0 else ""),
                Entry(str(severity)),
                Entry(value=float(at_severity["hidden_wanted"].iloc[0])),
                Entry(value=hidden.value, missing=hidden.missing),
            )
            rows.append(Row((*lead, *values), rule_above=i == 0 and bool(rows)))
    return Table(
        name=f"{swept.name}-grid",
        title=f"Severity sweep, {swept.place.title}: {swept.condition.title}",
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


def _hidden(cells: pd.DataFrame, seeds: list[int]) -> BySeed:
    # All methods meet the same draws, so any finished evaluation of a seed knows the share.
    finished = cells[(cells["status"] == "done") & cells["hidden_share"].notna()]
    shares = {
        int(s): float(x) for s, x in zip(finished["seed"], finished["hidden_share"], strict=True)
    }
    return {seed: shares.get(seed, Missing("no evaluation of this row is done")) for seed in seeds}


def _summary(results: Results, swept: Swept) -> Table:
    cells = swept.cells
    methods, gaps = titles(cells), _gaps(cells)
    columns = [Column("Generator")]
    columns += [Column(t, "Rank-1", Unit.PERCENT, Better.HIGHER) for t in methods.values()]
    of_methods = [
        _in_short(where(cells, method=m), where(swept.whole, method=m), gaps) for m in methods
    ]
    labels = [*gaps, _MEAN, _WHOLE, _DEGRADATION, _WORST]
    rows = [
        _marked(Row((Entry(label), *values), rule_above=label == _MEAN), columns)
        for label, *values in zip(labels, *of_methods, strict=True)
    ]
    return Table(
        name=swept.name,
        title=f"Severity sweep in short, {swept.place.title}: {swept.condition.title}",
        columns=tuple(columns),
        rows=tuple(rows),
        footer=footer(results, cells, *_notes(cells, gaps)),
    )


def _marked(row: Row, columns: list[Column]) -> Row:
    """Return a row with its best value marked: the smallest degradation, the largest rate."""
    if row.cells[0].text == _DEGRADATION:
        columns = [columns[0], *(replace(c, better=Better.LOWER) for c in columns[1:])]
    return mark_best_across([row], columns)[0]


def _notes(cells: pd.DataFrame, gaps: Mapping[str, Missing | None]) -> tuple[str, ...]:
    shares = dict(zip(cells["severity"], cells["hidden_wanted"], strict=True))
    listed = ", ".join(f"{100 * shares[severity]:g}" for severity in severities(cells))
    left_out = "; ".join(f"{generator} {gap.reason}" for generator, gap in gaps.items() if gap)
    return (
        f"In percent. A generator's value: mean over the severities, at which all generators hide {listed} "
        f"% of the body. {_MEAN.capitalize()}: of these values. {_WHOLE.capitalize()}: nothing hidden, "
        f"the same frames as in the grid. {_DEGRADATION.capitalize()}: the share of a method's own value "
        f"on whole clips that the mean over types falls below it. {_WORST.capitalize()}: the smallest "
        f"value. {_BEST_OF_ROW}",
        f"Left out of what stands below the line: {left_out}." if left_out else "",
    )


def _gaps(cells: pd.DataFrame) -> dict[str, Missing | None]:
    """Return generator -> why it does not reach its largest severity that is out of reach, or None."""
    gaps: dict[str, Missing | None] = {}
    for generator in values_of(cells, "test"):
        of_generator = where(cells, test=generator)
        missed = [
            out_of_reach(where(of_generator, severity=severity))
            for severity in severities(of_generator)
        ]
        gaps[generator] = next((gap for gap in reversed(missed) if gap), None)
    return gaps


def _in_short(
    swept: pd.DataFrame, whole: pd.DataFrame, gaps: Mapping[str, Missing | None]
) -> list[Entry]:
    """Return a method's column: a mean for each generator, their mean, and what is said of that.

    Args:
        swept: The method's grid.
        whole: The method on whole clips.
        gaps: By generator: why a severity is out of its reach, or None.
    """
    seeds = seeds_of(swept)
    means = {g: _over_severities(where(swept, test=g), seeds, gap) for g, gap in gaps.items()}
    reaching = {g: means[g] for g, gap in gaps.items() if gap is None}
    unhidden = measured(whole, "rank_1", seeds)
    if not reaching:
        absent = Entry(missing=Missing("no generator hides every wanted share"))
        column = [flagged(summarise(mean), swept) for mean in (*means.values(), unhidden)]
        return [*column[:-1], absent, column[-1], absent, absent]
    over_types = combine(list(reaching.values()), _mean)
    left = ratio(over_types, unhidden, "Rank-1 on whole clips")
    degradation = combine([left], lambda values: 1 - values[0])
    column = [summarise(mean) for mean in (*means.values(), over_types, unhidden, degradation)]
    return [flagged(cell, swept) for cell in (*column, _worst(reaching))]


def _over_severities(cells: pd.DataFrame, seeds: list[int], gap: Missing | None) -> BySeed:
    if gap is not None:
        return dict.fromkeys(seeds, gap)
    curve = [measured(where(cells, severity=s), "rank_1", seeds) for s in severities(cells)]
    return combine(curve, _mean)


def _mean(values: list[float]) -> Outcome:
    return sum(values) / len(values)


def _worst(means: dict[str, BySeed]) -> Entry:
    """Return the smallest mean with its generator's name, known only if all are."""
    every = {generator: summarise(per_seed) for generator, per_seed in means.items()}
    gaps = [cell.missing for cell in every.values() if cell.missing]
    if gaps:
        return summarise(combine(list(means.values()), _mean))
    values = {generator: cell.value for generator, cell in every.items() if cell.value is not None}
    if not values:
        return Entry(missing=NOT_PLANNED)
    worst = min(values, key=lambda generator: values[generator])
    return summarise(means[worst], text=f"({worst})")
