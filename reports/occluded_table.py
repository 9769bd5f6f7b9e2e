"""The main table: every method on occluded clips, per data set and backbone."""

from gaitbench.results.frame import Results
from gaitbench.results.places import HOLISTIC, conditions, table_names, values_of, where
from gaitbench.results.retained import Retained, retained_table
from gaitbench.results.table import Table


def occluded_tables(results: Results) -> list[Table]:
    """Return one table per setting, side and test: Rank-1 and Rank-5, each with its RP."""
    cells = results.of("occluded")
    cells = cells[cells["test"] != HOLISTIC]
    found = [
        (condition, test, where(part, test=test))
        for condition, part in conditions(cells)
        for test in values_of(part, "test")
    ]
    names = table_names("occluded", [(c.setting, c.side, test) for c, test, _ in found])
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
        for name, (condition, test, part) in zip(names, found, strict=True)
    ]
