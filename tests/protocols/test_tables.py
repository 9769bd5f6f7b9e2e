"""Each table from synthetic results, with values worked out by hand."""

import pytest

from gaitbench.core.units import Unit
from gaitbench.protocols.base import protocols
from gaitbench.results.places import conditions
from tests.making import tables_of
from tests.tables import footer, row, values


def test_main_table_of_one_seed(full):
    (table,) = tables_of("occluded", full((0,)))
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
    (table,) = tables_of(
        "occluded", full((0, 1, 2), ("gaitbase", "deepgaitv2"), ("walkers", "grew"))
    )
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


def test_one_missing_seed_empties_the_cell_and_its_ratio(full, without):
    results = without(
        full((0, 1)),
        lambda c: (c.method == "mimicgait") & (c.seed == 1) & (c.protocol == "occluded"),
    )
    (table,) = tables_of("occluded", results)
    cells = row(table, "MimicGait")
    assert values(cells) == [None] * 4
    assert {c.missing.reason for c in cells} == {"seed 1: not trained yet"}
    assert cells[0].missing.commands == ("gaitbench run exp.toml",)
    assert None not in values(row(table, "RG-Gait"))


def test_a_missing_upper_bound_empties_ratios_only(full, without):
    results = without(full((0,)), lambda c: (c.method == "baseline-1") & (c.test == "holistic"))
    (table,) = tables_of("occluded", results)
    rank_1, rp_1, *_ = row(table, "RG-Gait")
    assert rank_1.value == 0.6
    assert rp_1.missing.reason == "holistic Rank-1 of Baseline-1: not trained yet"


def test_conditions_never_share_a_table(make_cell, make_results):
    rows = [
        make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0, setting=setting, side=side)
        for setting, side in (("mimicgait", "both"), ("mimicgait", "probe"), ("rg-gait", "both"))
    ]
    tables = tables_of("occluded", make_results(rows))
    assert [t.name for t in tables] == [
        "occluded-mimicgait-both-top-bottom",
        "occluded-mimicgait-probe-top-bottom",
        "occluded-rg-gait-both-top-bottom",
    ]
    assert "probe only" in tables[1].title
    assert len(list(conditions(make_results(rows).cells))) == 3


def test_training_and_test_data_may_differ(make_cell, make_results):
    rows = [make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0, test_dataset="gait3d")]
    (table,) = tables_of("occluded", make_results(rows))
    assert table.columns[1].group == "walkers → Gait3D, GaitBase"


def test_equal_titles_are_told_apart(make_cell, make_results):
    rows = [make_cell("occluded", name, "Mine", 0.5, 0) for name in ("mine", "mine-2")]
    labels = [r.cells[0].text for r in tables_of("occluded", make_results(rows))[0].rows]
    assert labels[1:] == ["Mine (mine)", "Mine (mine-2)"]


def test_new_types_pair_zero_shot_with_adapted(full):
    (table,) = tables_of("generalizability", full((0,)))
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
    (table,) = tables_of("retention", full((0,)))
    assert [r.cells[0].text for r in table.rows][:2] == ["Upper bound (holistic)", "Baseline-2"]
    # HPR-1 of Baseline-2: 0.65 / 0.80.
    assert values(row(table, "Baseline-2")) == [0.65, 0.8125, 0.85, 0.85]


def test_ablation_ticks_and_controls_below_the_rule(full):
    (table,) = tables_of("ablation", full((0,)))
    rows = {r.cells[0].text: r for r in table.rows}
    ticks = {name: "".join(c.text for c in r.cells[1:4]) for name, r in rows.items()}
    assert list(ticks.items()) == [
        ("Baseline-1", "✗✗✗"),
        ("Vanilla residual", "✓✗✗"),
        ("Aware only", "✓✗✓"),
        ("Adaptive only", "✓✓✗"),
        ("RG-Gait", "✓✓✓"),
        ("Oracle alpha", "✓✓✓"),
    ]
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


@pytest.mark.parametrize("protocol", protocols.names())
def test_every_table_holds_shares_and_survives_missing_cells(protocol, full, without):
    complete = full((0, 1))
    whole, partial = (
        tables_of(protocol, results)
        for results in (complete, without(complete, lambda c: c.seed == 1))
    )
    assert [t.name for t in whole] == [t.name for t in partial]
    for table, gaps in zip(whole, partial, strict=True):
        for j, column in enumerate(table.columns):
            found = [r.cells[j].value for r in table.rows if r.cells[j].value is not None]
            assert column.unit is not Unit.PERCENT or all(-1 <= share <= 1 for share in found)
        # Only the sweep's wanted shares are known; seed 0 alone is never passed off as a mean.
        numbers = [c.value for r in gaps.rows for c in r.cells if c.value is not None]
        assert not numbers or table.name == "sweep-grid"
        assert not any(c.best or c.tied for r in gaps.rows for c in r.cells)


@pytest.mark.parametrize("protocol", protocols.names())
def test_no_cells_no_section(protocol, make_cell, make_results):
    kind = protocols.get(protocol)()
    assert kind.sections(make_results([make_cell("another", "m", "M", 0.5, 0)])) == []
