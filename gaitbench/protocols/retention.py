"""What is left of the recognition of whole bodies after training for occlusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, REFERENCE, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.base import Protocol
from gaitbench.results.comparisons.retained import Retained, leaders, retained_table
from gaitbench.results.frame import Results
from gaitbench.results.places import Condition, conditions, named, table_names, told_apart
from gaitbench.results.section import Section
from gaitbench.results.table import Table


@register("retention")
@dataclass(frozen=True)
class Retention(Protocol):
    """Source: RG-Gait (IJCB 2025), holistic performance retention."""

    place = 3
    about = "tested on whole clips, beside the upper bound: Rank-1, Rank-5, HPR"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every method on whole clips; Baseline-1 is the upper bound."""
        return [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for cell in bench.cells(
                self.name,
                method,
                backbone,
                bench.stage(method, backbone, seed),
                HOLISTIC,
                HOLISTIC_TEST,
            )
        ]

    def sections(self, results: Results) -> list[Section]:
        """Return the tables of retention, and who leads them."""
        parts = _parts(results)
        tables = tuple(retention_tables(results, parts))
        aparts = told_apart([condition.parts for condition, _ in parts])
        summary = tuple(
            text
            for table, apart in zip(tables, aparts, strict=True)
            for text in leaders(table, named("Whole clips", apart))
        )
        return [Section("Holistic retention", self.name, summary, tables=tables)] if tables else []


def _parts(results: Results) -> list[tuple[Condition, pd.DataFrame]]:
    """Return the methods' evaluations on whole clips by setting and side."""
    cells = results.of("retention")
    # Baseline-1 is the upper bound itself and has the reference row.
    cells = cells[(cells["test"] == HOLISTIC_TEST) & (cells["method"] != REFERENCE)]
    return list(conditions(cells))


def retention_tables(
    results: Results, parts: Sequence[tuple[Condition, pd.DataFrame]]
) -> list[Table]:
    """Return one table per setting and side: holistic Rank-1 and Rank-5, each with its HPR."""
    names = table_names("retention", [c.words for c, _ in parts])
    return [
        retained_table(
            results,
            Retained(
                name=name,
                title=f"Holistic retention: trained in setting {condition.setting}, tested on "
                "holistic clips",
                condition=condition,
                contrasts=Retention.contrasts,
            ),
            part,
        )
        for name, (condition, part) in zip(names, parts, strict=True)
    ]
