"""What a method really reads: the checks that stand in every report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.core.units import Unit
from gaitbench.evaluation.tampering.base import UNTOUCHED, all_tamperings
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell, Coordinate
from gaitbench.methods.base import get_method
from gaitbench.occlusion.base import Occlusion
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.protocols.base import Protocol
from gaitbench.results.estimates import estimate
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import averaged, seeds_of
from gaitbench.results.places import (
    Condition,
    Place,
    conditions,
    named,
    places,
    table_names,
    titles,
    told_apart,
    where,
)
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.training.stage import Stage

AS_TESTED = "as tested"
WHOLE = "whole clips"
MASKED = "masked"
"""The region that a cut would stretch away is blackened instead, under the same draws."""

_MASKED_PLACE = 60
"""Among the tamperings."""


@register("sanity")
@dataclass(frozen=True)
class Sanity(Protocol):
    """The sanity panel by itself; every other protocol has it for the methods that it tests."""

    place = 90
    coordinates: ClassVar[Mapping[str, Coordinate]] = {"check": ""}
    about = "what methods read: blank clips, outlines, one draw, shuffled frames, wrong detectors"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every check of every compared method."""
        return [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for cell in _checks(bench, method, backbone, bench.stage(method, backbone, seed))
        ]

    def sections(self, results: Results) -> list[Section]:
        """Return the panel, and what in it should worry a reader."""
        tables = tuple(sanity_tables(results))
        words = tuple(sanity_words(results))
        return [Section("Sanity panel", self.name, words, words, tables=tables)] if tables else []


def panel(bench: Bench, cells: Iterable[Cell]) -> list[Cell]:
    """Return the checks of the compared methods among these cells, so that nothing more is trained.

    Where a protocol trains a method in several ways, the first of the experiment's own setting is checked.
    """
    checked: dict[tuple[str, str, int], Stage] = {}
    for cell in cells:
        stage = cell.evaluation.stage
        own = cell.trained in ("", bench.setting.name) and not cell.evaluation.stage.adapted_steps
        if own and get_method(cell.method).kind == "compared":
            checked.setdefault((cell.method, cell.backbone, stage.seed), stage)
    return [
        cell
        for (method, backbone, _), stage in checked.items()
        for cell in _checks(bench, method, backbone, stage)
    ]


def _checks(bench: Bench, method: str, backbone: str, stage: Stage) -> Iterator[Cell]:
    """Yield the checks of a method: one draw each, the first of the setting's own."""
    test, name = bench.setting.test, bench.setting.test_name
    plain = [(AS_TESTED, test, name, UNTOUCHED), (WHOLE, HOLISTIC, HOLISTIC_TEST, UNTOUCHED)]
    placed = [
        (t.place, (t.name, test, name, t.name)) for t in all_tamperings() if t.is_concerned(stage)
    ]
    if masked(test) != test:
        placed.append((_MASKED_PLACE, (MASKED, masked(test), name, UNTOUCHED)))
    ordered = [check for _, check in sorted(placed, key=lambda entry: entry[0])]
    for check, mix, title, tampering in plain + ordered:
        yield from bench.cells(
            Sanity.name,
            method,
            backbone,
            stage,
            mix,
            title,
            at={"check": check},
            tampering=tampering,
            draws=1,
        )


def masked(mix: Mix) -> Mix:
    """Return a mix whose cuts blacken their region instead of stretching the rest over it."""
    return replace(mix, generators=tuple(map(_masked, mix.generators)))


def _masked(generator: Occlusion) -> Occlusion:
    has_fit = any(f.name == "fit" for f in fields(generator))
    return replace(generator, fit="mask") if has_fit else generator  # type: ignore[call-arg]


METRIC = "rank_1"


@dataclass(frozen=True)
class Check:
    """A row of the panel.

    Args:
        name: Of the check in the protocol.
        title: As printed.
        about: What is changed, and what a sound method shows.
        begins_group: Whether a line separates it from the row above.
        leaves_chance: Whether a method that reads the body alone must not be above chance.
        column: What is printed: Rank-1, or something that the method said of the clips.
    """

    name: str
    title: str
    about: str
    begins_group: bool = False
    leaves_chance: bool = False
    column: str = METRIC


def checks() -> list[Check]:
    """Return the rows of the panel, those of plug-ins included."""
    tampered = [
        (t.place, Check(t.name, t.title, t.about, t.begins_group, t.leaves_chance))
        for t in all_tamperings()
    ]
    masked_row = Check(
        MASKED,
        "Blackened, not stretched",
        "the same region is black instead of being cut off and the rest stretched over it",
    )
    ordered = sorted([*tampered, (_MASKED_PLACE, masked_row)], key=lambda placed: placed[0])
    return [
        Check(AS_TESTED, "As tested", "the setting's own test, one draw"),
        Check(WHOLE, "Whole clips", "nothing is hidden"),
        *(check for _, check in ordered),
        *DETECTED,
    ]


DETECTED = (
    Check(
        AS_TESTED,
        "Detector's type accuracy",
        "of the first row's probes",
        begins_group=True,
        column="detector_accuracy",
    ),
    Check(
        AS_TESTED, "Detector's amount error", "of the first row's probes", column="detector_error"
    ),
    Check(WHOLE, "Alpha on whole clips", "0 adds nothing to the signature", column="alpha"),
)
"""What detectors say, below the rates."""


def sanity_tables(results: Results) -> list[Table]:
    """Return the panel of every condition and place: checks × methods."""
    parts = _parts(results)
    names = table_names("sanity", [(*c.words, p.title) for c, p, _ in parts])
    return [
        _table(results, name, condition, place, cells)
        for name, (condition, place, cells) in zip(names, parts, strict=True)
    ]


def _parts(results: Results) -> list[tuple[Condition, Place, pd.DataFrame]]:
    cells = results.cells[results.cells["check"] != ""]
    return [
        (condition, place, place.of(part))
        for condition, part in conditions(cells)
        for place in places(part)
    ]


def _table(
    results: Results, name: str, condition: Condition, place: Place, cells: pd.DataFrame
) -> Table:
    printed, seeds = titles(cells), seeds_of(cells)
    columns = [Column("Check"), *(Column(t, "", Unit.PERCENT) for t in printed.values())]
    shown = [check for check in checks() if _is_there(cells, check)]
    rows = [
        Row(
            (
                Entry(check.title),
                *(
                    _value(results, where(cells, method=m, check=check.name), check, seeds)
                    for m in printed
                ),
            ),
            contest=None,
            rule_above=check.begins_group,
        )
        for check in shown
    ]
    chance = cells["chance_rank_1"].dropna()
    level = f" Chance level: {100 * chance.mean():.1f} %." if len(chance) else ""
    return Table(
        name=name,
        title=f"Sanity panel, {place.title}: {condition.title}",
        columns=tuple(columns),
        rows=tuple(rows),
        footer=footer(
            results,
            where(cells, check=AS_TESTED),
            f"Rank-1 in percent, but for the last rows.{level} Probes that tie with an impostor count as "
            "missed, so identical embeddings give less than chance. Empty: the method has no such part.",
            " ".join(f"{check.title}: {check.about}." for check in shown),
            intervals=METRIC,
        ),
    )


def _is_there(cells: pd.DataFrame, check: Check) -> bool:
    rows = where(cells, check=check.name)
    if check.column == METRIC:
        return bool(len(rows))
    return check.column in rows and bool(rows[check.column].notna().any())


def _value(results: Results, cells: pd.DataFrame, check: Check, seeds: list[int]) -> Entry:
    if cells.empty:
        return Entry()
    if check.column == METRIC:
        return estimate(results, cells, METRIC, seeds)
    done = cells[cells["status"] == "done"]
    if len(done) and done[check.column].isna().all():
        return Entry()
    return averaged(cells, check.column, seeds)


def sanity_words(results: Results) -> list[str]:
    """Return what in the panel should worry a reader, or that nothing does, as far as is known."""
    parts = _parts(results)
    aparts = told_apart([(*condition.parts, *place.parts) for condition, place, _ in parts])
    sentences = [
        sentence
        for apart, (_, _, cells) in zip(aparts, parts, strict=True)
        for sentence in _worries(results, cells, apart)
    ]
    if sentences or not parts:
        return sentences
    return ["Nothing in the panel is above chance that should not be."]


def _worries(results: Results, cells: pd.DataFrame, apart: str) -> Iterator[str]:
    seeds, incomplete = seeds_of(cells), False
    for check in checks():
        if not check.leaves_chance:
            continue
        for method, title in titles(cells).items():
            rows = where(cells, method=method, check=check.name)
            if rows.empty:
                continue
            cell, chance = estimate(results, rows, METRIC, seeds), rows["chance_rank_1"].max()
            if cell.value is None:
                incomplete = True
            elif (cell.value if cell.low is None else cell.low) > chance:
                yield (
                    f"{title} reaches {100 * cell.value:.1f} % on the check "
                    f"{named(repr(check.title.lower()), apart)}, above chance ({100 * chance:.1f} %)"
                    f"{_conclusion(cell)}"
                )
    if incomplete:
        of = f" of {apart}" if apart else ""
        yield f"The sanity panel{of} is not complete, so it clears no method of reading more than the body."


def _conclusion(cell: Entry) -> str:
    if cell.low is None:
        return "; without an interval, nobody can say whether that is luck."
    return ": it reads something else than the body."
