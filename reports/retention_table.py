"""Holistic retention: what training for occlusion costs on whole bodies."""

from gaitbench.results.frame import Results
from gaitbench.results.places import HOLISTIC, UPPER_BOUND, conditions, table_names
from gaitbench.results.retained import Retained, retained_table
from gaitbench.results.table import Table


def retention_tables(results: Results) -> list[Table]:
    """Return one table per setting and side: holistic Rank-1 and Rank-5, each with its HPR."""
    cells = results.of("retention")
    # Baseline-1 is the upper bound itself and has the reference row.
    cells = cells[(cells["test"] == HOLISTIC) & (cells["method"] != UPPER_BOUND)]
    found = list(conditions(cells))
    names = table_names("retention", [(c.setting, c.side) for c, _ in found])
    return [
        retained_table(
            results,
            Retained(
                name=name,
                title=f"Holistic retention: trained in setting {condition.setting}, tested on "
                "holistic clips",
                share_title="HPR",
                share_meaning="HPR-k (holistic performance retention): Rank-k on holistic clips "
                "after training for occlusion / Rank-k of Baseline-1 on them, per seed.",
                condition=condition,
            ),
            part,
        )
        for name, (condition, part) in zip(names, found, strict=True)
    ]
