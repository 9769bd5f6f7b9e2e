"""All metrics, and how good detectors are."""

from gaitbench.evaluation.metrics.base import metrics
from gaitbench.reports.common.quality import detector_tables, metrics_tables
from tests.tables import row, values


def test_detectors_of_methods_that_have_one(full):
    (table,) = detector_tables(full((0,)))
    assert [r.cells[0].text for r in table.rows] == ["Occ-Aware", "MimicGait", "RG-Gait"]
    assert "amount error was not measured" in row(table, "Occ-Aware")[1].missing.reason


def test_metrics_table_has_every_metric(full):
    (table,) = metrics_tables(full((0,)))
    assert len(table.columns) == 1 + len(metrics.names())
    assert values(row(table, "RG-Gait")) == [0.6, 0.8, 0.9, 0.95, 0.48, 0.3, 0.36, 0.18]
