"""Recognition by what the two clips show: which pairs stand where."""

import pytest

from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.evaluation.metrics.base import Metric, all_metrics
from gaitbench.results.comparisons.shown_parts import all_metrics_table, shown_parts_table
from gaitbench.results.places import where
from tests.made_up_results import METHODS, REFERENCES, SPLITS, compared_cells
from tests.tables import footer, values


def table_of(results, metric="rank_1"):
    cells = results.of("occluded")
    return shown_parts_table(results, cells, name="parts", title="Made up", metric=metric)


def shown(table):
    """Return method and probe of every row with its values."""
    return [
        (
            *(c.text for c in r.cells[:2]),
            *(None if c.value is None else round(c.value, 6) for c in r.cells[2:]),
        )
        for r in table.rows
    ]


def test_probes_are_rows_and_gallery_entries_columns(full):
    table = table_of(full((0,)))
    assert [(c.group, c.title) for c in table.columns] == [
        ("", "Method"),
        ("", "Probe"),
        ("Whole gallery", "whole"),
        ("Both occluded", "top"),
        ("Both occluded", "bottom"),
    ]
    # Of 0.6: whole gallery 0.6 and 0.4 times, the same half 1.3 and 1.1, the other 0.2 and 0.1.
    assert shown(table)[-2:] == [
        ("RG-Gait", "top", 0.36, 0.78, 0.12),
        ("", "bottom", 0.24, 0.06, 0.66),
    ]
    assert [r.cells[0].text for r in table.rows[::2]] == [title for title, _ in METHODS.values()]
    assert [i for i, r in enumerate(table.rows) if r.rule_above] == [2, 4, 6, 8]
    assert table.title == "Made up, Rank-1 by what the two clips show"
    assert "Rank-1 in percent, among the pairs of each kind alone" in footer(table)


def test_another_metric_has_a_table_of_the_same_form(full):
    table = table_of(full((0,)), "tar_far_0.01")
    assert shown(table)[-2] == ("RG-Gait", "top", 0.216, 0.468, 0.072)
    assert table.title == "Made up, TAR@FAR=1% by what the two clips show"


def test_clips_that_may_stay_whole_are_a_type(make_results):
    groups = {("both", f"{p} × {g}"): 0.5 for p in ("none", "top") for g in ("none", "top")}
    rows = compared_cells("occluded", "rg-gait", "RG-Gait", 0.6, 0.8, 0, groups=groups)
    table = table_of(make_results(list(rows)))
    assert [c.title for c in table.columns[2:]] == ["whole", "top"]
    assert shown(table) == [("RG-Gait", "whole", 0.3, 0.3), ("", "top", 0.3, 0.3)]


@pytest.fixture
def by_shares(make_results):
    """Results of two methods under a setting whose pairs are split by what both clips show."""
    groups = {
        (side, f"both show {low}–{low + 25} %"): factor
        for side in ("probe", "both")
        for low, factor in ((0, 0.1), (25, 0.5), (50, 1.0), (75, 1.2))
    }
    rows = [
        found
        for method, base in (("baseline-2", 0.3), ("rg-gait", 0.6))
        for found in compared_cells(
            "occluded", method, METHODS[method][0], base, 0.8, 0, groups=groups
        )
    ]
    return make_results(rows)


def test_pairs_by_common_share_have_one_row_per_method(by_shares):
    table = table_of(by_shares)
    assert [(c.group, c.title) for c in table.columns[2:4]] == [
        ("Whole gallery", "both show 0–25 %"),
        ("Whole gallery", "both show 25–50 %"),
    ]
    assert shown(table) == [
        ("Baseline-2", "any", *(0.03, 0.15, 0.3, 0.36) * 2),
        ("RG-Gait", "any", *(0.06, 0.3, 0.6, 0.72) * 2),
    ]
    assert not any(r.rule_above for r in table.rows)


def test_a_missing_part_says_why(full, without):
    results = without(
        full((0, 1)),
        lambda c: (c.pairs == "top × bottom") & (c.method == "rg-gait") & (c.seed == 1),
        reason="no probe has a mate among the pairs of this kind",
    )
    last = table_of(results).rows[-2].cells
    assert last[3].value == pytest.approx(1.3 * 0.61)
    assert last[4].missing.reason == "seed 1: no probe has a mate among the pairs of this kind"


def test_a_part_after_a_training_that_still_fell_is_marked(full):
    results = full((0,))
    results.cells["still_falls"] = results.cells["method"] == "rg-gait"
    marks = {r.cells[2].still_falls for r in table_of(results).rows[:-2]}
    assert marks == {False}
    assert all(c.still_falls for r in table_of(results).rows[-2:] for c in r.cells[2:])


def test_without_split_pairs_there_is_no_table(full):
    results = full((0,))
    for cells in (
        results.of("generalizability"),
        where(results.of("occluded"), method="oracle-type"),
        where(results.of("occluded"), test="holistic"),
    ):
        table = shown_parts_table(results, cells, name="a", title="A", metric="rank_1")
        assert table is None
        assert all_metrics_table(results, cells, name="a", title="A") is None


def every_metric_of(results):
    cells = results.of("occluded")
    return all_metrics_table(results, cells, name="metrics", title="Made up")


def test_every_metric_is_a_column_and_every_kind_of_pairs_a_row(full):
    table = every_metric_of(full((0, 1)))
    labels = ["Method", "Test", "Probe", "Gallery"]
    assert [c.title for c in table.columns] == [*labels, *(m.title for m in all_metrics())]
    kinds = [tuple(c.text for c in r.cells[1:4]) for r in table.rows[-len(SPLITS) :]]
    assert kinds == [
        ("Whole gallery", "top", "whole"),
        ("Whole gallery", "bottom", "whole"),
        *(("Both occluded", p, g) for p in ("top", "bottom") for g in ("top", "bottom")),
    ]
    names = [r.cells[0].text for r in table.rows]
    assert list(filter(None, names)) == [title for title, _ in METHODS.values()]
    assert not {title for title, _ in REFERENCES.values()} & set(names)
    assert [i for i, r in enumerate(table.rows) if r.rule_above] == [6, 12, 18, 24]
    # Of 0.6 and 0.62, probes and gallery entries of the other half: 0.2 times.
    rank_1, rank_5, *_ = table.rows[-3].cells[4:]
    assert (rank_1.value, rank_5.value) == (pytest.approx(0.122), pytest.approx(0.322))
    assert rank_1.spread == pytest.approx(0.2 * 0.02 / 2**0.5)
    assert table.title == "Made up, all metrics by what the two clips show"
    assert "In percent, among the pairs of each kind alone. Probe, Gallery:" in footer(table)


def test_every_metric_of_pairs_by_common_share(by_shares):
    table = every_metric_of(by_shares)
    assert [c.title for c in table.columns[:3]] == ["Method", "Test", "Pairs"]
    found = table.rows[-3].cells
    assert [c.text for c in found[:3]] == ["", "Both occluded", "both show 25–50 %"]
    assert values(found[3:5]) == [0.3, 0.5]
    assert len(table.rows) == 16
    assert "Pairs: by which share of an average body both clips show." in footer(table)


def test_a_metric_of_a_plugin_has_a_column_in_its_own_unit(make_results):
    @register("margin")
    class Margin(Metric):
        title, unit, better, place = "Margin", Unit.RATIO, Better.LOWER, 20
        is_share = False

        def per_probe(self, rows):
            return rows["impostor"].to_numpy()

    groups = {("both", "all"): 1.0, ("both", "top × top"): 1.0}
    rows = [
        found
        for method, margin in (("baseline-2", 1.5), ("rg-gait", 2.5))
        for found in compared_cells(
            "occluded", method, method, 0.5, 0.8, 0, groups=groups, margin=margin
        )
    ]
    table = every_metric_of(make_results(rows))
    column = next(c for c in table.columns if c.title == "Margin")
    assert (column.unit, column.better) == (Unit.RATIO, Better.LOWER)
    assert [r.cells[-1].value for r in table.rows] == [1.5, 2.5]
    assert "In percent, but for Margin, among" in footer(table)
