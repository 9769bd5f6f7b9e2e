"""Recognition by what probe and gallery show: type by type, or by how much of the body both show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.units import Better, Unit
from gaitbench.evaluation.metrics.base import Metric, all_metrics
from gaitbench.evaluation.pair_groups import ALL_PAIRS, SAME_PART
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.occlusion.mix import NO_OCCLUSION
from gaitbench.results.comparisons.compared import is_reference
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import averaged, seeds_of
from gaitbench.results.places import titles, values_of, where
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import listed, metric_title

METRICS = ("rank_1", "tar_far_0.01")
"""That have a table of their own in reports, probes by gallery entries."""

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
    split = _split(cells)
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


def all_metrics_table(
    results: Results, cells: pd.DataFrame, *, name: str, title: str
) -> Table | None:
    """Return every registered metric of every method, a row per kind of pairs.

    Args:
        results: Of the run.
        cells: Of one setting and place, and of one state of training of each method.
        name: Of the table.
        title: Of the table.

    Returns:
        The table; None where no pairs were split.
    """
    split = _split(cells)
    if split.empty:
        return None
    metrics = all_metrics()
    by_types = any(_parts(pairs)[0] for pairs in values_of(split, "pairs"))
    labels = ("Method", "Test", *(("Probe", "Gallery") if by_types else ("Pairs",)))
    about = (
        "Probe, Gallery: what hides the two clips."
        if by_types
        else "Pairs: by which share of an average body both clips show."
    )
    return Table(
        name=name,
        title=f"{title}, all metrics by what the two clips show",
        columns=(
            *map(Column, labels),
            *(Column(m.title, "", m.unit, m.better) for m in metrics),
        ),
        rows=tuple(_metric_rows(split, metrics, by_types=by_types)),
        footer=footer(
            results,
            where(cells, pairs=ALL_PAIRS),
            f"{_percent_words(metrics)}, among the pairs of each kind alone. {about}",
        ),
    )


def _split(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluations of what competes, on parts of all pairs."""
    split = cells[(cells["test"] != HOLISTIC_TEST) & ~cells["pairs"].isin([ALL_PAIRS, SAME_PART])]
    return split[~split["method"].map(is_reference).astype(bool)]


def _percent_words(metrics: Sequence[Metric]) -> str:
    others = [metric.title for metric in metrics if metric.unit is not Unit.PERCENT]
    return f"In percent, but for {listed(others)}" if others else "In percent"


def _metric_rows(
    cells: pd.DataFrame, metrics: Sequence[Metric], *, by_types: bool
) -> Iterator[Row]:
    seeds = seeds_of(cells)
    kinds = dict.fromkeys(zip(cells["side"], cells["pairs"], strict=True))
    for position, (method, title) in enumerate(titles(cells).items()):
        own = where(cells, method=method)
        for i, (side, pairs) in enumerate(kinds):
            tested = where(own, side=side, pairs=pairs)
            values = [averaged(tested, m.name, seeds) if len(tested) else Entry() for m in metrics]
            kind = [_WHOLE.get(part, part) for part in _parts(pairs)][0 if by_types else 1 :]
            label = (Entry("" if i else title), Entry(_SIDES[side]), *map(Entry, kind))
            rule = not i and bool(position)
            yield Row((*label, *values), contest=f"{side}, {pairs}", rule_above=rule)


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
