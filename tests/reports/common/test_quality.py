"""All metrics, and how good detectors are."""

import pytest

from gaitbench.evaluation.metrics.base import metrics
from gaitbench.reports.common.quality import detector_tables, metrics_tables
from tests.tables import row, values


def on_side(tables, side):
    (table,) = [t for t in tables if f"occluded: {side}, tested on top+bottom" in t.title]
    return table


def test_detectors_of_methods_that_have_one(full):
    tables = detector_tables(full((0,)))
    assert len(tables) == 2
    for side in ("probe only", "probe and gallery"):
        table = on_side(tables, side)
        assert [r.cells[0].text for r in table.rows] == ["Occ-Aware", "MimicGait", "RG-Gait"]
        assert "amount error was not measured" in row(table, "Occ-Aware")[1].missing.reason
        assert values(row(table, "RG-Gait")) == [0.9, 0.08]


def test_metrics_table_has_every_metric(full):
    tables = metrics_tables(full((0,)))
    assert len(tables) == 2
    for side, rank_1 in (("probe only", 0.3), ("probe and gallery", 0.6)):
        table = on_side(tables, side)
        assert len(table.columns) == 1 + len(metrics.names())
        ranks = [rank_1, rank_1 + 0.2, rank_1 + 0.3, rank_1 + 0.35]
        others = [0.8 * rank_1, 0.5 * rank_1, 0.6 * rank_1, 0.3 * rank_1]
        assert values(row(table, "RG-Gait")) == pytest.approx([*ranks, *others])


def test_references_stand_below_a_rule_and_do_not_compete(full):
    table = on_side(metrics_tables(full((0,))), "probe and gallery")
    names = [r.cells[0].text for r in table.rows]
    assert names[5:] == ["GEI + LDA, whole clips", "GEI + LDA", "Told the type", "Told the window"]
    assert [r.contest for r in table.rows] == [*[""] * 5, *[None] * 4]
    assert [name for name, r in zip(names, table.rows, strict=True) if r.rule_above] == names[5:6]
    # Told what is hidden, it has more than all that compete.
    assert row(table, "Told the window")[0].value == pytest.approx(0.66)
    assert [name for name, r in zip(names, table.rows, strict=True) if r.cells[1].best] == [
        "RG-Gait"
    ]
