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
from gaitbench.results.places import settings_and_places, slug, table_names
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
        """Return the main tables, and who is best under each condition."""
        tables = tuple(occluded_tables(results))
        summary = tuple(text for table in tables for text in _leaders(table))
        return (
            [Section("Occluded recognition", self.name, summary, tables=tables)] if tables else []
        )


def _leaders(table: Table) -> Iterator[str]:
    """Say who is best in Rank-1 under each condition of a comparison."""
    conditions = [c.title for c in CONDITIONS]
    for j, column in enumerate(table.columns):
        if column.group in conditions and column.title == metric_title("rank_1"):
            words = leader_words(table, j)
            if words:
                yield f"{column.group}: {words}."


def occluded_tables(results: Results) -> list[Table]:
    """Return, per setting and place, the comparison and its parts by what the clips show."""
    cells = results.of("occluded")
    parts = settings_and_places(cells)
    names = table_names("occluded", [(setting, place.title) for setting, place, _ in parts])
    return [
        table
        for name, (setting, place, part) in zip(names, parts, strict=True)
        for table in _tables(
            results, part, name, f"Occluded recognition: setting {setting}, {place.title}"
        )
    ]


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
