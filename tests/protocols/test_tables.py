"""Each table from synthetic results, with values worked out by hand."""

import pytest

from gaitbench.core.units import Unit
from gaitbench.protocols.ablation import ablation_tables
from gaitbench.protocols.generalizability import new_types_tables
from gaitbench.protocols.occluded import occluded_tables
from gaitbench.protocols.retention import retention_tables
from gaitbench.protocols.sweep import sweep_tables
from gaitbench.reports.common.quality import detector_tables, metrics_tables
from gaitbench.results.frame import METRICS
from gaitbench.results.places import conditions, where

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
    assert [c.title for c in grid.columns[:4]] == ["Generator", "Severity", "Wanted", "Hidden"]
    assert len(grid.rows) == 20
    assert [r.cells[0].text for r in grid.rows[:6]] == ["top", "", "", "", "", "bottom"]
    assert [r.cells[1].text for r in grid.rows[:6]] == ["1", "2", "3", "4", "5", "1"]
    assert values(grid.rows[7].cells[2:4]) == [0.3, 0.295]
    # RG-Gait under "bottom": 0.86 - 0.6 × wanted share, so 0.68 at 0.3.
    assert values(grid.rows[7].cells[4:])[-1] == 0.68
    assert [c.best for c in grid.rows[7].cells] == [False] * 8 + [True]
    assert [r.cells[0].text for r in summary.rows] == [
        *("top", "bottom", "middle", "pole", "mean over types", "whole clips"),
        *("relative degradation", "worst type"),
    ]
    cells = [r.cells[-1] for r in summary.rows]
    # Straight lines: the mean is the value in the middle, 0.72 less 0.04 per generator.
    assert values(cells) == pytest.approx([0.72, 0.68, 0.64, 0.6, 0.66, 0.75, 0.12, 0.6])
    assert cells[-1].text == "(pole)"
    assert [c.best for c in summary.rows[0].cells] == [False] * 5 + [True]
    assert "at which all generators hide 10, 20, 30, 40, 50 % of the body" in footer(summary)
    assert "Left out" not in footer(summary)


def test_the_smallest_degradation_is_the_best_one(full):
    summary, _ = sweep_tables(full((0,)))
    # Mean over types 0.51, 0.57, 0.60, 0.63, 0.66; on whole clips 0.75, 0.60, 0.65, 0.70, 0.75.
    wanted = [0.32, 0.05, 1 - 0.60 / 0.65, 0.1, 0.12]
    cells = row(summary, "relative degradation")
    assert [c.value for c in cells] == pytest.approx(wanted)
    assert [c.best for c in cells] == [False, True, False, False, False]


def test_degradation_is_taken_per_seed_from_clips_of_the_same_length(full):
    results = full((0, 1))
    cells = results.cells
    # Other protocols' whole clips are longer, and count for nothing here.
    longer = where(cells, protocol="retention", method="rg-gait", test="holistic")
    assert longer["rank_1"].to_numpy() == pytest.approx([0.80, 0.82])
    *_, cell = row(sweep_tables(results)[0], "relative degradation")
    assert cell.value == pytest.approx(1 - (0.66 / 0.75 + 0.67 / 0.77) / 2)
    assert cell.spread is not None


def test_without_whole_clips_of_the_same_length_there_is_no_degradation(full, make_results):
    cells = full((0,)).cells
    rows = cells[cells["severity"] != 0].to_dict("records")
    summary, _ = sweep_tables(make_results(rows))
    assert {c.missing.reason for c in row(summary, "whole clips")} == {"not part of this run"}
    gaps = {c.missing.reason for c in row(summary, "relative degradation")}
    assert gaps == {"Rank-1 on whole clips: not part of this run"}
    assert None not in values(row(summary, "mean over types"))


@pytest.fixture
def shy(full, make_results):
    """A sweep in which the pole never hides more than 27.1 % of a body."""
    cells = full((0, 1)).cells
    pole = (cells["test"] == "pole") & cells["severity"].notna()
    hidden = cells.loc[pole, "hidden_share"].clip(upper=0.271)
    cells.loc[pole, "hidden_share"] = hidden
    return make_results(cells.to_dict("records"))


def test_a_severity_that_is_out_of_reach_is_missing_and_never_averaged_over(shy):
    summary, grid = sweep_tables(shy)
    pole = grid.rows[15:]
    # 27.1 % is within three points of 30 %, and of nothing more.
    assert [values(r.cells[2:4]) for r in pole[2:]] == [[0.3, 0.271], [0.4, 0.271], [0.5, 0.271]]
    assert None not in values(pole[2].cells[4:])
    for row_of, wanted in ((pole[3], 40), (pole[4], 50)):
        reasons = {c.missing.reason for c in row_of.cells[4:]}
        assert reasons == {f"hides at most 27.1 % of the body, {wanted} % was wanted"}
    reason = "hides at most 27.1 % of the body, 50 % was wanted"
    assert {c.missing.reason for c in summary.rows[3].cells[1:]} == {reason}
    of_rg_gait = [r.cells[-1] for r in summary.rows]
    # Without the pole: 0.72, 0.68 and 0.64, plus 0.005 over the two seeds.
    assert values(of_rg_gait[4:5]) == [pytest.approx(0.685)]
    assert of_rg_gait[-1].text == "(middle)"
    assert f"Left out of what stands below the line: pole {reason}." in footer(summary)


def test_a_sweep_in_which_nothing_is_reached_has_no_mean(full, make_results):
    cells = full((0,)).cells
    rows = cells.assign(hidden_share=0.01).to_dict("records")
    summary, _ = sweep_tables(make_results(rows))
    for label in ("mean over types", "relative degradation", "worst type"):
        reasons = {c.missing.reason for c in row(summary, label)}
        assert reasons == {"no generator hides every wanted share"}
    assert None not in values(row(summary, "whole clips"))


def test_a_gap_in_the_sweep_empties_every_number_over_it(full, without):
    results = without(
        full((0,)),
        lambda c: (c.method == "rg-gait") & (c.test == "bottom") & (c.severity == 3),
    )
    summary, grid = sweep_tables(results)
    found = values([r.cells[-1] for r in summary.rows])
    assert [v is None for v in found] == [*(False, True, False, False, True), False, True, True]
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
        # Only the sweep's wanted shares are known; seed 0 alone is never passed off as a mean.
        assert not numbers or table.name == "sweep-grid"
        assert not any(c.best for r in table.rows for c in r.cells)


@pytest.mark.parametrize("build", BUILDERS, ids=lambda b: b.__name__)
def test_no_cells_no_table(build, make_cell, make_results):
    assert build(make_results([make_cell("another", "m", "M", 0.5, 0)])) == []
