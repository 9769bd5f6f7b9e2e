"""Each table from synthetic results, with values worked out by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from gaitbench.core.units import Unit
from gaitbench.protocols.base import protocols
from gaitbench.results.places import conditions
from tests.made_up_results import REFERENCES
from tests.making import summary_of, tables_of
from tests.tables import footer, row, values


def test_the_main_table_stands_above_its_parts(full):
    tables = tables_of("occluded", full((0,)))
    assert [t.name for t in tables] == [
        "occluded",
        "occluded-by-part-rank-1",
        "occluded-by-part-tar-far-0-01",
        "occluded-by-part-all-metrics",
    ]
    assert tables[0].title == "Occluded recognition: setting mimicgait, walkers, GaitBase"
    assert values(row(tables[0], "RG-Gait")) == [0.3, 0.5, 0.72, 0.6, 0.8, 0.75, 0.8, 1.0]
    assert tables[1].title == f"{tables[0].title}, Rank-1 by what the two clips show"


def test_the_summary_says_who_is_best_under_each_condition(full):
    assert summary_of("occluded", full((0,))) == [
        "Whole gallery, occluded probes: RG-Gait has the best mean, 30.0 %.",
        "Both occluded, same part: RG-Gait has the best mean, 72.0 %.",
        "Both occluded, all pairs: RG-Gait has the best mean, 60.0 %.",
        "Whole clips: Baseline-1 and RG-Gait have the best mean, 80.0 %.",
    ]


def test_the_summary_names_what_tells_several_places_apart(full):
    said = summary_of("occluded", full((0,), ("gaitbase", "deepgaitv2")))
    # Of the second backbone everything is 3 points less.
    assert said[:2] == [
        "Whole gallery, occluded probes, GaitBase: RG-Gait has the best mean, 30.0 %.",
        "Both occluded, same part, GaitBase: RG-Gait has the best mean, 72.0 %.",
    ]
    assert "Whole gallery, occluded probes, DeepGaitV2: RG-Gait has the best mean, 28.5 %." in said
    said = summary_of("occluded", full((0,), ("gaitbase", "deepgaitv2"), ("walkers", "grew")))
    assert len(set(said)) == len(said) == 16
    assert said[-1].startswith("Whole clips, GREW, DeepGaitV2: ")


def two_settings(full, *protocols):
    """Return results of a run and of the same under another setting, in which all is 10 points less."""
    results = full((0,))
    cells = results.of(*protocols)
    metrics = cells.columns[cells.columns.str.match("rank_")]
    other = cells.assign(setting="rg-gait", key="rg-gait " + cells["key"])
    other[metrics] = (other[metrics] - 0.1).clip(lower=0)
    return replace(results, cells=pd.concat([cells, other], ignore_index=True))


@pytest.mark.parametrize(
    ("protocol", "begins"),
    [
        ("occluded", "Whole gallery, occluded probes, setting {}: RG-Gait has"),
        ("generalizability", "New type middle, setting {}, zero-shot: RG-Gait has"),
        ("adaptability", "New type dynamic, setting {}, zero-shot: RG-Gait has"),
        ("retention", "Whole clips, setting {}, walkers, GaitBase: RG-Gait has"),
    ],
)
def test_the_summary_names_the_setting_where_there_are_several(protocol, begins, full):
    said = summary_of(protocol, two_settings(full, protocol))
    for setting in ("mimicgait", "rg-gait"):
        assert len([s for s in said if s.startswith(begins.format(setting))]) == 1
    alone = replace(full((0,)), cells=full((0,)).of(protocol))
    assert not any("setting" in sentence for sentence in summary_of(protocol, alone))


def test_every_place_has_a_main_table(full):
    results = full((0, 1, 2), ("gaitbase", "deepgaitv2"), ("walkers", "grew"))
    tables = [t for t in tables_of("occluded", results) if "by-part" not in t.name]
    assert [t.name for t in tables] == [
        f"occluded-mimicgait-{data}-{backbone}"
        for data in ("walkers", "grew")
        for backbone in ("gaitbase", "deepgaitv2")
    ]
    assert tables[-1].title == "Occluded recognition: setting mimicgait, GREW, DeepGaitV2"
    # 0.60, 0.62 and 0.64 less 0.08.
    assert row(tables[-1], "RG-Gait")[3].value == pytest.approx(0.54)


def test_settings_never_share_a_table(make_cell, make_results):
    rows = [
        make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0, setting=setting, side=side, pairs=pairs)
        for setting, side, pairs in (
            ("mimicgait", "both", "all"),
            ("mimicgait", "both", "same part"),
            ("mimicgait", "probe", "all"),
            ("rg-gait", "both", "all"),
        )
    ]
    results = make_results(rows)
    tables = tables_of("occluded", results)
    assert [t.name for t in tables] == [
        "occluded-mimicgait-walkers-gaitbase",
        "occluded-rg-gait-walkers-gaitbase",
    ]
    assert "setting rg-gait" in tables[1].title
    # Groups of pairs are no conditions of their own: other tables have all pairs alone.
    found = [(c.setting, c.side, set(part["pairs"])) for c, part in conditions(results.cells)]
    assert found == [
        ("mimicgait", "both", {"all"}),
        ("mimicgait", "probe", {"all"}),
        ("rg-gait", "both", {"all"}),
    ]


def test_training_and_test_data_may_differ(make_cell, make_results):
    rows = [make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0, test_dataset="gait3d")]
    (table,) = tables_of("occluded", make_results(rows))
    assert table.title.endswith("walkers → Gait3D, GaitBase")


def test_equal_titles_are_told_apart(make_cell, make_results):
    rows = [make_cell("occluded", name, "Mine", 0.5, 0) for name in ("mine", "mine-2")]
    labels = [r.cells[0].text for r in tables_of("occluded", make_results(rows))[0].rows]
    assert labels == ["Mine (mine)", "Mine (mine-2)", "Chance"]


def test_new_types_pair_zero_shot_with_adapted(full):
    table, *_ = tables_of("generalizability", full((0,)))
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
    # References are better, but do not compete.
    assert values(row(table, "Told the window", "adapted")) == [0.71, 0.91, 0.74, 0.94]
    assert not any(cell.best for cell in row(table, "Told the window", "adapted"))


def test_every_new_type_has_the_columns_of_the_main_table_before_and_after(full):
    _, *tables = tables_of("generalizability", full((0,)))
    assert [t.name for t in tables] == [
        f"new-type-mimicgait-walkers-gaitbase-{test}-{training}"
        for test in ("middle", "dynamic")
        for training in ("zero-shot", "adapted")
    ]
    (main, *_) = tables_of("occluded", full((0,)))
    assert all(t.columns == main.columns for t in tables)
    zero_shot, adapted, *_ = tables
    assert values(row(zero_shot, "RG-Gait"))[:4] == [0.275, 0.475, 0.66, 0.55]
    assert values(row(adapted, "RG-Gait")) == [
        *(0.325, 0.525, 0.78, 0.65, 0.85, 0.8125, 0.74, 0.925)
    ]
    # What is never trained on occluded clips stands beside the adapted ones as it is.
    for method in ("Baseline-1", "GEI + LDA, whole clips"):
        assert values(row(adapted, method)) == values(row(zero_shot, method))
    assert values(row(adapted, "Baseline-1"))[-2:] == [0.8, None]


def test_the_new_types_are_reported_once_whichever_protocols_ran(full):
    assert tables_of("adaptability", full((0,))) == []


def test_the_papers_own_shares_have_the_columns_of_the_main_table_and_no_test(full):
    (table,) = tables_of("own-shares", full((0,)))
    assert values(row(table, "MimicGait")) == [
        *(0.27, 0.47, 0.648, 0.54, 0.74, 0.675, 0.55, 0.6875)
    ]
    (main, *_) = tables_of("occluded", full((0,)))
    assert values(row(table, "RG-Gait")) == values(row(main, "RG-Gait"))
    assert [r.cells[0].text for r in table.rows][-2:] == ["RG-Gait", "Chance"]
    assert "Baseline-2, Occ-Aware and MimicGait 100 %; RG-Gait 50 %" in footer(table)
    assert "Tested in" not in footer(table)


def test_controls_stand_beside_the_test_data_of_the_run(full):
    (table,) = tables_of("controls", full((0,)))
    assert [(c.group, c.title) for c in table.columns[1:]] == [
        (data, title)
        for data in ("walkers", "walkers-body", "walkers-gait")
        for title in ("Whole", "Occluded probes")
    ]
    # 0.9 and a quarter of what it has on the test data.
    assert values(row(table, "RG-Gait")) == [0.8, 0.3, 0.72, 0.27, 0.2, 0.075]
    assert values(row(table, "Chance")) == [0.05] * 6
    ruled = [r.cells[0].text for r in table.rows if r.rule_above]
    outside = [r.cells[0].text for r in table.rows if r.contest is None]
    assert ruled == ["GEI + LDA, whole clips"]
    assert len(outside) == len(REFERENCES) + 1


def test_controls_without_references_rule_off_chance(make_cell, make_results):
    rows = [make_cell("controls", "rg-gait", "RG-Gait", 0.5, 0, side="probe", test="holistic")]
    (table,) = tables_of("controls", make_results(rows))
    assert [(r.cells[0].text, r.rule_above) for r in table.rows] == [
        ("RG-Gait", False),
        ("Chance", True),
    ]


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
        *["Whole gallery, occluded probes"] * 2,
        "Both occluded, same part",
        *["Both occluded, all pairs"] * 2,
        "Whole clips",
    ]
    assert values(rows["RG-Gait"].cells[4:]) == [0.3, 0.5, 0.72, 0.6, 0.8, 0.7]
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
        # Only chance and the sweep's wanted shares are known; seed 0 alone is never passed off as a mean.
        measured = [r for r in gaps.rows if r.cells[0].text != "Chance"]
        numbers = [c.value for r in measured for c in r.cells if c.value is not None]
        assert not numbers or table.name == "sweep-grid"
        assert not any(c.best or c.undecided for r in gaps.rows for c in r.cells)


@pytest.mark.parametrize("protocol", protocols.names())
def test_no_cells_no_section(protocol, make_cell, make_results):
    kind = protocols.get(protocol)()
    assert kind.sections(make_results([make_cell("another", "m", "M", 0.5, 0)])) == []
