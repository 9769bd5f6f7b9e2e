"""The sanity panel: what methods really read."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gaitbench.protocols.sanity import AS_TESTED, MASKED, WHOLE
from gaitbench.results.estimates import estimate
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import measured, seeds_of, summarise
from gaitbench.results.places import (
    Condition,
    Place,
    conditions,
    places,
    table_names,
    titles,
    where,
)
from gaitbench.results.table import Cell, Column, Row, Table, Unit

METRIC = "rank_1"


@dataclass(frozen=True)
class Check:
    """A row of the panel.

    Args:
        name: Of the check in the protocol.
        title: As printed.
        about: What is changed, and what a sound method shows.
        column: What is printed: Rank-1, or something that the method said of the clips.
    """

    name: str
    title: str
    about: str
    column: str = METRIC


CHECKS = (
    Check(AS_TESTED, "As tested", "the setting's own test, one draw"),
    Check(WHOLE, "Whole clips", "nothing is hidden"),
    Check("blank", "Blank clips", "every frame is black: no more than chance"),
    Check(
        "outline",
        "Outline alone",
        "the body fills its frame, so that only what hides it has a shape: no more than chance. A cut that "
        "is stretched back leaves the frame full, so it shows nothing here",
    ),
    Check(
        "tied-outline",
        "Outline, tied to identity",
        "the same, and all clips of one identity share one draw: what is above chance is read from the "
        "occluder, not from the body",
    ),
    Check(
        "one-draw",
        "One draw for all",
        "probes and gallery are hidden alike: what is above the first row is lost to unlike occlusions",
    ),
    Check("shuffled", "Shuffled frames", "equal to the first row where order in time is not used"),
    Check(
        MASKED,
        "Blackened, not stretched",
        "the same region is black instead of being cut off and the rest stretched over it",
    ),
    Check(
        "true-amount",
        "True amount",
        "the detector's amount, which weighs the residual, is the true one",
    ),
    Check(
        "stray-detector",
        "Stray detector",
        "the detector sees the same clips under other draws: equal to the first row where it is not used",
    ),
    Check(AS_TESTED, "Detector's type accuracy", "of the first row's probes", "detector_accuracy"),
    Check(AS_TESTED, "Detector's amount error", "of the first row's probes", "detector_error"),
    Check(WHOLE, "Alpha on whole clips", "0 adds nothing to the signature", "alpha"),
)


def sanity_tables(results: Results) -> list[Table]:
    """Return the panel of every condition and place: checks × methods."""
    parts = _parts(results)
    names = table_names("sanity", [(c.setting, c.side, p.title) for c, p, _ in parts])
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
    shown = [check for check in CHECKS if _is_there(cells, check)]
    rows = [
        Row(
            (
                Cell(check.title),
                *(
                    _value(results, where(cells, method=m, check=check.name), check, seeds)
                    for m in printed
                ),
            ),
            contest=None,
            rule_above=check.name in ("blank", "one-draw") or check.column == "detector_accuracy",
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
    here = where(cells, check=check.name)
    if check.column == METRIC:
        return bool(len(here))
    return check.column in here and bool(here[check.column].notna().any())


def _value(results: Results, cells: pd.DataFrame, check: Check, seeds: list[int]) -> Cell:
    if cells.empty:
        return Cell()
    if check.column == METRIC:
        return estimate(results, cells, METRIC, seeds)
    done = cells[cells["status"] == "done"]
    if len(done) and done[check.column].isna().all():
        return Cell()
    return summarise(measured(cells, check.column, seeds))


def sanity_words(results: Results) -> list[str]:
    """Return what in the panel should worry a reader, or that nothing does, as far as is known."""
    parts = _parts(results)
    sentences = [s for _, _, cells in parts for s in _worries(results, cells)]
    if sentences or not parts:
        return sentences
    return ["Nothing in the panel is above chance that should not be."]


def _worries(results: Results, cells: pd.DataFrame) -> Iterator[str]:
    seeds, incomplete = seeds_of(cells), False
    for check in CHECKS:
        if check.name not in ("blank", "outline"):
            continue
        for method, title in titles(cells).items():
            here = where(cells, method=method, check=check.name)
            if here.empty:
                continue
            cell, chance = estimate(results, here, METRIC, seeds), here["chance_rank_1"].max()
            if cell.value is None:
                incomplete = True
            elif (cell.value if cell.low is None else cell.low) > chance:
                yield (
                    f"{title} reaches {100 * cell.value:.1f} % on the check {check.title.lower()!r}, above "
                    f"chance ({100 * chance:.1f} %){_conclusion(cell)}"
                )
    if incomplete:
        yield "The sanity panel is not complete, so it clears no method of reading more than the body."


def _conclusion(cell: Cell) -> str:
    if cell.low is None:
        return "; without an interval, nobody can say whether that is luck."
    return ": it reads something else than the body."
