"""Trained and tested on the setting's own types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.protocols.base import Protocol
from gaitbench.protocols.own_shares import OwnShares
from gaitbench.results.comparisons.compared import CONDITIONS, compared_table
from gaitbench.results.comparisons.leaders import leader_words
from gaitbench.results.comparisons.shown_parts import (
    METRICS,
    all_metrics_table,
    shown_parts_table,
)
from gaitbench.results.frame import Results
from gaitbench.results.places import (
    named,
    settings_and_places,
    slug,
    table_names,
    told_apart,
)
from gaitbench.results.section import Section
from gaitbench.results.table import Table
from gaitbench.results.titles import metric_title


@register("occluded")
@dataclass(frozen=True)
class Occluded(Protocol):
    """The main table. Source: RG-Gait (IJCB 2025), table 1, whose columns are those of all pairs."""

    place = 1
    about = "trained and tested on the setting's types: whole gallery, both occluded, whole clips"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every method under the setting and on whole clips, and again with its own share."""
        cells = bench.compared_cells_of(self.name, bench.compared_and_references(), split=True)
        return cells if bench.experiment.shares == "papers" else cells + OwnShares().cells(bench)

    def sections(self, results: Results) -> list[Section]:
        """Return, per setting and place, the comparison and its parts by what the clips show.

        The summary says who is best under each condition.
        """
        parts = settings_and_places(results.of(self.name))
        names = table_names(self.name, [(setting, place.title) for setting, place, _ in parts])
        aparts = told_apart([(f"setting {s}", *place.parts) for s, place, _ in parts])
        tables: list[Table] = []
        summary: list[str] = []
        for name, apart, (setting, place, part) in zip(names, aparts, parts, strict=True):
            title = f"Occluded recognition: setting {setting}, {place.title}"
            own = list(_tables(results, part, name, title))
            tables += own
            summary += _leaders(own[0], apart)
        title = "Occluded recognition"
        return [Section(title, self.name, tuple(summary), tables=tuple(tables))] if tables else []


def _leaders(table: Table, apart: str) -> Iterator[str]:
    """Say who is best in Rank-1 under each condition of a comparison.

    Args:
        table: Of the comparison.
        apart: What tells its setting and place from others.
    """
    conditions = [c.title for c in CONDITIONS]
    for j, column in enumerate(table.columns):
        if column.group in conditions and column.title == metric_title("rank_1"):
            words = leader_words(table, j)
            if words:
                yield f"{named(column.group, apart)}: {words}."


def _tables(results: Results, cells: pd.DataFrame, name: str, title: str) -> Iterator[Table]:
    yield compared_table(results, cells, name=name, title=title, planned=Occluded.contrasts)
    by_part = [
        *(
            shown_parts_table(
                results, cells, name=slug(name, "by part", metric), title=title, metric=metric
            )
            for metric in METRICS
        ),
        all_metrics_table(results, cells, name=slug(name, "by part", "all metrics"), title=title),
    ]
    yield from filter(None, by_part)
