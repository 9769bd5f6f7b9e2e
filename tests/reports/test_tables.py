"""Each table from synthetic results, with values worked out by hand."""

import pytest

from gaitbench.reports.ablation_table import ablation_tables
from gaitbench.reports.new_types_table import new_types_tables
from gaitbench.reports.occluded_table import occluded_tables
from gaitbench.reports.places import conditions
from gaitbench.reports.quality_tables import detector_tables, metrics_tables
from gaitbench.reports.results import METRICS
from gaitbench.reports.retention_table import retention_tables
from gaitbench.reports.sweep_tables import sweep_tables
from gaitbench.reports.table import Unit

BUILDERS = (
    occluded_tables,
    new_types_tables,
    retention_tables,
    ablation_tables,
    sweep_tables,
    detector_tables,
    metrics_tables,
)


def row(table, *labels):
    found = [r for r in table.rows if tuple(c.text for c in r.cells[: len(labels)]) == labels]
    assert len(found) == 1
    return found[0].cells[len(labels) :]


def values(cells):
    return [None if c.value is None else round(c.value, 6) for c in cells]


def footer(table):
    return "\n".join(table.footer)


def test_main_table_of_one_seed(full):
    (table,) = occluded_tables(full((0,)))
    assert [(c.group, c.title) for c in table.columns[1:]] == [
        ("walkers, GaitBase", title) for title in ("Rank-1", "RP-1", "Rank-5", "RP-5")
    ]
    assert [r.cells[0].text for r in table.rows] == [
        "Upper bound (holistic)",
        "Baseline-1",
        "Baseline-2",
        "Occ-Aware",
        "MimicGait",
        "RG-Gait",
    ]
    assert values(row(table, "Upper bound (holistic)")) == [0.8, None, 1.0, None]
    # RP-1 of RG-Gait: 0.6 occluded / 0.8 of Baseline-1 on holistic clips.
    assert values(row(table, "RG-Gait")) == [0.6, 0.75, 0.8, 0.8]
    assert values(row(table, "Baseline-1")) == [0.1, 0.125, 0.3, 0.3]
    assert [c.best for c in row(table, "RG-Gait")] == [True] * 4
    assert not any(c.best for c in row(table, "Upper bound (holistic)"))
    assert all(c.spread is None for r in table.rows for c in r.cells)
    assert "One seed (0)" in footer(table)


def test_main_table_over_seeds_and_places(full):
    (table,) = occluded_tables(full((0, 1, 2), ("gaitbase", "deepgaitv2"), ("walkers", "grew")))
    assert [g for g in table.groups if g[0]] == [
        ("walkers, GaitBase", 4),
        ("walkers, DeepGaitV2", 4),
        ("GREW, GaitBase", 4),
        ("GREW, DeepGaitV2", 4),
    ]
    rank_1, rp_1 = row(table, "RG-Gait")[:2]
    assert (rank_1.value, rank_1.spread) == (pytest.approx(0.62), pytest.approx(0.02))
    assert rp_1.value == pytest.approx((0.60 / 0.80 + 0.62 / 0.82 + 0.64 / 0.84) / 3)
    assert "Mean over 3 seeds (0, 1, 2); ± is the sample standard deviation" in footer(table)


def test_footer_says_what_numbers_depend_on(full):
    text = footer(occluded_tables(full((0,)))[0])
    for words in (
        "20 identities, 118 probes, 40 gallery sequences per probe, 2 probes without a mate",
        "Chance level: Rank-1 5.0 %, Rank-5 25.0 %.",
        "Rules of the test data: walkers, version 1; never compared: pairs of one view, "
        "pairs of one recording.",
        "Distance: euclidean, mean over parts; probes without a mate: left out.",
        "Setting mimicgait: top or bottom, every clip, 0.4–0.6. Occluded: probe and gallery.",
        "top+bottom 45.0 %",
        "Baseline-1 0 / 300; Baseline-2 300 / 700",
        "Preset: laptop; gaitbench 0.1.0; protocol version 1.",
    ):
        assert words in text


def test_footer_names_the_other_reading_of_the_triplet_loss(full):
    results = full((0,))
    assert "triplet" not in footer(occluded_tables(results)[0])
    results.facts["triplet_loss"] = "each anchor is its own positive too"
    assert "left out; triplet loss: each anchor is its own positive too." in footer(
        occluded_tables(results)[0]
    )


def test_unknown_facts_and_missing_facts_are_no_error(full, make_cell, make_results):
    rows = [make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0)]
    results = make_results(rows, colour="blue")
    results.facts.clear()
    assert "Distance" not in footer(occluded_tables(results)[0])


def test_one_missing_seed_empties_the_cell_and_its_ratio(full, without):
    results = without(
        full((0, 1)),
        lambda c: (c.method == "mimicgait") & (c.seed == 1) & (c.protocol == "occluded"),
    )
    (table,) = occluded_tables(results)
    cells = row(table, "MimicGait")
    assert values(cells) == [None] * 4
    assert {c.missing.reason for c in cells} == {"seed 1: not trained yet"}
    assert cells[0].missing.commands == ("gaitbench run exp.toml",)
    assert None not in values(row(table, "RG-Gait"))


def test_a_missing_upper_bound_empties_ratios_only(full, without):
    results = without(full((0,)), lambda c: (c.method == "baseline-1") & (c.test == "holistic"))
    (table,) = occluded_tables(results)
    rank_1, rp_1, *_ = row(table, "RG-Gait")
    assert rank_1.value == 0.6
    assert rp_1.missing.reason == "holistic Rank-1 of Baseline-1: not trained yet"


def test_conditions_never_share_a_table(make_cell, make_results):
    rows = [
        make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0, setting=setting, side=side)
        for setting, side in (("mimicgait", "both"), ("mimicgait", "probe"), ("rg-gait", "both"))
    ]
    tables = occluded_tables(make_results(rows))
    assert [t.name for t in tables] == [
        "occluded-mimicgait-both-top-bottom",
        "occluded-mimicgait-probe-top-bottom",
        "occluded-rg-gait-both-top-bottom",
    ]
    assert "probe only" in tables[1].title
    assert len(list(conditions(make_results(rows).cells))) == 3


def test_training_and_test_data_may_differ(make_cell, make_results):
    rows = [make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0, test_dataset="gait3d")]
    (table,) = occluded_tables(make_results(rows))
    assert table.columns[1].group == "walkers → Gait3D, GaitBase"


def test_equal_titles_are_told_apart(make_cell, make_results):
    rows = [make_cell("occluded", name, "Mine", 0.5, 0) for name in ("mine", "mine-2")]
    labels = [r.cells[0].text for r in occluded_tables(make_results(rows))[0].rows]
    assert labels[1:] == ["Mine (mine)", "Mine (mine-2)"]


def test_new_types_pair_zero_shot_with_adapted(full):
    (table,) = new_types_tables(full((0,)))
    assert [c.group for c in table.columns[2:]] == ["Middle", "Middle", "Dynamic", "Dynamic"]
    labels = [tuple(c.text for c in r.cells[:2]) for r in table.rows]
    assert labels[:3] == [
        ("Baseline-1", "zero-shot"),
        ("Baseline-2", "zero-shot"),
        ("Baseline-2", "adapted"),
    ]
    assert values(row(table, "RG-Gait", "zero-shot")) == [0.55, 0.75, 0.58, 0.78]
    assert values(row(table, "RG-Gait", "adapted")) == [0.65, 0.85, 0.68, 0.88]
    assert all(c.best for c in row(table, "RG-Gait", "zero-shot"))
    assert all(c.best for c in row(table, "RG-Gait", "adapted"))
    assert "RG-Gait 300 / 700; RG-Gait adapted 333 / 733" in footer(table)


def test_retention_beside_the_upper_bound(full):
    (table,) = retention_tables(full((0,)))
    assert [r.cells[0].text for r in table.rows][:2] == ["Upper bound (holistic)", "Baseline-2"]
    # HPR-1 of Baseline-2: 0.65 / 0.80.
    assert values(row(table, "Baseline-2")) == [0.65, 0.8125, 0.85, 0.85]


def test_ablation_ticks_and_controls_below_the_rule(full):
    (table,) = ablation_tables(full((0,)))
    rows = {r.cells[0].text: r for r in table.rows}
    assert list(rows) == [
        "Baseline-1",
        "Vanilla residual",
        "Aware only",
        "Adaptive only",
        "RG-Gait",
        "Oracle alpha",
    ]
    assert [c.text for c in rows["Aware only"].cells[1:4]] == ["✓", "✗", "✓"]
    assert [c.group for c in table.columns[4:]] == [
        "walkers, GaitBase, top+bottom",
        "walkers, GaitBase, top+bottom",
        "walkers, GaitBase, holistic",
        "walkers, GaitBase, holistic",
    ]
    # The control is better, but does not compete.
    assert rows["RG-Gait"].cells[4].best
    assert rows["Oracle alpha"].rule_above
    assert not rows["Oracle alpha"].cells[4].best


def test_sweep_grid_and_summary(full):
    summary, grid = sweep_tables(full((0,)))
    assert (summary.name, grid.name) == ("sweep", "sweep-grid")
    assert len(grid.rows) == 16
    assert values(grid.rows[1].cells[1:3]) == [0.3, 0.27]
    # RG-Gait under "top": 0.9 - 0.6 × amount, so 0.72 at 0.3.
    assert values(grid.rows[1].cells[3:])[-1] == 0.72
    assert [c.best for c in grid.rows[1].cells] == [False] * 7 + [True]
    cells = [r.cells[-1] for r in summary.rows]
    # Straight lines: area and mean are the value in the middle, 0.66 less 0.04 per generator.
    assert values(cells) == [0.66, 0.62, 0.58, 0.54, 0.6, 0.54]
    assert cells[-1].text == "(pole)"
    assert [r.cells[0].text for r in summary.rows][-3:] == ["pole, area", "mean", "worst type"]
    assert [c.best for c in summary.rows[0].cells] == [False] * 5 + [True]


def test_a_gap_in_the_sweep_empties_area_mean_and_worst_type(full, without):
    results = without(
        full((0,)),
        lambda c: (c.method == "rg-gait") & (c.test == "bottom") & (c.amount == 0.5),
    )
    summary, grid = sweep_tables(results)
    found = values([r.cells[-1] for r in summary.rows])
    assert [v is None for v in found] == [False, True, False, False, True, True]
    assert sum(c.missing is not None for r in grid.rows for c in r.cells) == 1


def test_detectors_of_methods_that_have_one(full):
    (table,) = detector_tables(full((0,)))
    assert [r.cells[0].text for r in table.rows] == ["Occ-Aware", "MimicGait", "RG-Gait"]
    assert "amount error was not measured" in row(table, "Occ-Aware")[1].missing.reason


def test_metrics_table_has_every_metric(full):
    (table,) = metrics_tables(full((0,)))
    assert len(table.columns) == 1 + len(METRICS)
    assert values(row(table, "RG-Gait")) == [0.6, 0.8, 0.9, 0.95, 0.48, 0.3, 0.36, 0.18]


@pytest.mark.parametrize("build", BUILDERS, ids=lambda b: b.__name__)
def test_every_table_holds_shares_and_survives_missing_cells(build, full, without):
    results = without(full((0, 1)), lambda c: c.seed == 1)
    for table in build(results):
        numbers = [c.value for r in table.rows for c in r.cells if c.value is not None]
        shares = [
            r.cells[j].value
            for j, column in enumerate(table.columns)
            if column.unit is Unit.PERCENT
            for r in table.rows
            if r.cells[j].value is not None
        ]
        assert all(0 <= share <= 1 for share in shares)
        # Only the sweep's amounts are known; seed 0 alone is never passed off as a mean.
        assert not numbers or table.name == "sweep-grid"
        assert not any(c.best for r in table.rows for c in r.cells)


@pytest.mark.parametrize("build", BUILDERS, ids=lambda b: b.__name__)
def test_no_cells_no_table(build, make_cell, make_results):
    assert build(make_results([make_cell("another", "m", "M", 0.5, 0)])) == []
