"""Every method trained with its paper's own share of occluded clips."""

from __future__ import annotations

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.protocols.base import Protocol
from gaitbench.results.comparisons.compared import compared_table
from gaitbench.results.frame import Results
from gaitbench.results.places import settings_and_places, table_names
from gaitbench.results.section import Section
from gaitbench.statistics.contrasts import NO_CONTRASTS


@register("own-shares")
@dataclass(frozen=True)
class OwnShares(Protocol):
    """The comparison as the papers trained: RG-Gait on half of the clips occluded, the others on all.

    So what differs between two rows is the method or the share, and nobody can say which; that is why the
    main table has one share for all.
    """

    place = 1
    about = "the comparison again, each method with its paper's own share of occluded clips"
    contrasts = NO_CONTRASTS

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every compared method under the setting and on whole clips."""
        own = bench.with_shares("papers")
        methods = [m for m in bench.compared_methods() if bench.method(m).kind == "compared"]
        return own.compared_cells_of(self.name, methods)

    def sections(self, results: Results) -> list[Section]:
        """Return one table per setting and place."""
        cells = results.of(self.name)
        # Baseline-1 alone, beside variants that were asked for, is no comparison.
        parts = [p for p in settings_and_places(cells) if p[2]["method"].nunique() > 1]
        names = table_names(self.name, [(setting, place.title) for setting, place, _ in parts])
        tables = tuple(
            compared_table(
                results,
                part,
                name=name,
                title=f"The papers' own shares of occluded clips: setting {setting}, {place.title}",
                planned=self.contrasts,
            )
            for name, (setting, place, part) in zip(names, parts, strict=True)
        )
        title = "The papers' own shares of occluded clips"
        return [Section(title, self.name, tables=tables)] if tables else []
