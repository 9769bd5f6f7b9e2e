"""Trained and tested on the setting's own types."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.protocols.base import Protocol
from gaitbench.results.frame import Results
from gaitbench.results.places import conditions, table_names, values_of, where
from gaitbench.results.retained import Retained, leaders, retained_table
from gaitbench.results.section import Section
from gaitbench.results.table import Table


@register("occluded")
@dataclass(frozen=True)
class Occluded(Protocol):
    """The main table. Source: RG-Gait (IJCB 2025), table 1."""

    place = 1
    about = "trained and tested on the setting's types: Rank-1, Rank-5, RP"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every method under the setting, and the upper bound."""
        return self.holistic_reference(bench) + [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for cell in bench.cells(
                self.name,
                method,
                backbone,
                bench.stage(method, backbone, seed),
                bench.setting.test,
                bench.setting.test_name,
            )
        ]

    def sections(self, results: Results) -> list[Section]:
        """Return the main tables, and who leads them."""
        tables = tuple(occluded_tables(results))
        summary = tuple(text for table in tables for text in leaders(table, "Occluded clips"))
        return (
            [Section("Occluded recognition", self.name, summary, tables=tables)] if tables else []
        )


def occluded_tables(results: Results) -> list[Table]:
    """Return one table per setting, side and test: Rank-1 and Rank-5, each with its RP."""
    cells = results.of("occluded")
    cells = cells[cells["test"] != HOLISTIC_TEST]
    parts = [
        (condition, test, where(part, test=test))
        for condition, part in conditions(cells)
        for test in values_of(part, "test")
    ]
    names = table_names("occluded", [(c.setting, c.side, test) for c, test, _ in parts])
    return [
        retained_table(
            results,
            Retained(
                name=name,
                title=f"Occluded recognition: {condition.title}, tested on {test}",
                share_title="RP",
                share_meaning="RP-k (relative performance): Rank-k on occluded clips / Rank-k of "
                "Baseline-1 on holistic clips, per seed.",
                condition=condition,
            ),
            part,
        )
        for name, (condition, test, part) in zip(names, parts, strict=True)
    ]
