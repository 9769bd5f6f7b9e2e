"""Recognition by what probe and gallery show: type by type, or by how much of the body both show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.units import Better, Unit
from gaitbench.evaluation.pair_groups import ALL_PAIRS, SAME_PART
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.occlusion.mix import NO_OCCLUSION
from gaitbench.results.comparisons.compared import is_reference
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import averaged, seeds_of
from gaitbench.results.places import titles, values_of, where
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import metric_title

METRICS = ("rank_1", "tar_far_0.01")
"""Of the tables in reports."""

_WHOLE = {NO_OCCLUSION: "whole"}
_SIDES = {"probe": "Whole gallery", "both": "Both occluded"}


def shown_parts_table(
    results: Results, cells: pd.DataFrame, *, name: str, title: str, metric: str
) -> Table | None:
    """Return a metric of every method, by what hides probe and gallery entry, or by what both show.

    Args:
        results: Of the run.
        cells: Of one setting and place, and of one state of training of each method.
        name: Of the table.
        title: Of the table.
        metric: Any.

    Returns:
        The table; None where no pairs were split.
    """
    split = cells[(cells["test"] != HOLISTIC_TEST) & ~cells["pairs"].isin([ALL_PAIRS, SAME_PART])]
    split = split[~split["method"].map(is_reference).astype(bool)]
    if split.empty:
        return None
    groups = _columns_of(split)
    columns = [
        Column("Method"),
        Column("Probe"),
        *(
            Column(_WHOLE.get(g.entry, g.entry), _SIDES[g.side], Unit.PERCENT, Better.HIGHER)
            for g in groups
        ),
    ]
    return Table(
        name=name,
        title=f"{title}, {metric_title(metric)} by what the two clips show",
        columns=tuple(columns),
        rows=tuple(_rows(split, groups, metric)),
        footer=footer(
            results,
            where(cells, pairs=ALL_PAIRS),
            f"{metric_title(metric)} in percent, among the pairs of each kind alone: probes by what hides "
            "them (rows), gallery entries by what hides them, or pairs by which share of an average body "
            "both show (columns).",
        ),
    )


@dataclass(frozen=True)
class _Group:
    """A column: a side, and what its gallery entries, or its pairs, have in common."""

    side: str
    entry: str


def _columns_of(cells: pd.DataFrame) -> list[_Group]:
    places = zip(cells["side"], cells["pairs"], strict=True)
    return list(dict.fromkeys(_Group(str(side), _parts(str(pairs))[1]) for side, pairs in places))


def _parts(pairs: str) -> tuple[str, str]:
    """Return what hides the probe, "" for anything, and what the column of these pairs is called."""
    probe, times, gallery = pairs.partition(" × ")
    return (probe, gallery) if times else ("", pairs)


def _rows(cells: pd.DataFrame, groups: list[_Group], metric: str) -> Iterator[Row]:
    seeds = seeds_of(cells)
    probes = list(dict.fromkeys(_parts(pairs)[0] for pairs in values_of(cells, "pairs")))
    for position, (method, title) in enumerate(titles(cells).items()):
        own = where(cells, method=method)
        for i, probe in enumerate(probes):
            values = []
            for group in groups:
                pairs = f"{probe} × {group.entry}" if probe else group.entry
                tested = where(own, side=group.side, pairs=pairs)
                values.append(averaged(tested, metric, seeds) if len(tested) else Entry())
            label = (Entry("" if i else title), Entry(_WHOLE.get(probe, probe) or "any"))
            rule = not i and bool(position) and len(probes) > 1
            yield Row((*label, *values), contest=probe, rule_above=rule)
