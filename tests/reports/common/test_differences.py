"""Where the uncertainty of a number comes from, and which differences hold."""

from dataclasses import replace

import pandas as pd

from gaitbench.reports.common.differences import all_pairs_tables, spread_tables
from gaitbench.reports.report import sections_of
from tests.made_up_scores import results_of, row

SKILLS = {"baseline-2": 0.1, "mimicgait": 0.8, "rg-gait": 0.78}


def results(seeds=(0, 1, 2), draws=(0, 1), identities=24, sides=("both",)):
    rows = [
        row("occluded", m, s, seed, draw, identities=identities, side=side)
        for side in sides
        for m, s in SKILLS.items()
        for seed in seeds
        for draw in draws
    ]
    rows += [
        row("retention", m, 0.9, seed, identities=identities, test="holistic", hidden_share=0.0)
        for m in SKILLS
        for seed in seeds
    ]
    return results_of(rows)


def test_identities_seeds_and_draws_have_columns_of_their_own():
    (table,) = spread_tables(results())
    assert [c.title for c in table.columns[3:]] == ["Identities", "Seeds", "Draws"]
    occluded, whole = table.rows[0], table.rows[3]
    assert all(cell.value is not None for cell in occluded.cells[2:])
    assert whole.cells[0].text == "holistic"
    # Whole clips are the same in every draw.
    assert "one draw" in whole.cells[5].missing.reason


def test_a_whole_gallery_has_a_table_of_its_own():
    tables = spread_tables(results(sides=("probe", "both")))
    assert [(t.name, len(t.rows)) for t in tables] == [
        ("spread-mimicgait-probe-walkers-gaitbase", 3),
        ("spread-mimicgait-both-walkers-gaitbase", 6),
    ]


def test_one_seed_says_nothing_about_other_trainings():
    (table,) = spread_tables(results(seeds=(0,)))
    assert "one seed" in table.rows[0].cells[4].missing.reason
    assert table.rows[0].cells[3].value > 0


def sections_named(name, found, **options):
    return [s for s in sections_of(found, **options) if s.name == name]


def test_declared_contrasts_are_tested_and_all_else_is_exploratory():
    (section,) = sections_named("differences", results(sides=("probe", "both")))
    occluded, retention = section.tables
    assert occluded.name == "occluded-differences"
    assert retention.name == "retention-differences"
    rows = {(r.cells[0].text, r.cells[1].text): r.cells for r in occluded.rows}
    assert len(rows) == len(occluded.rows)
    primary = "Whole gallery, occluded probes, Rank-1"
    found = {pair: cells for (where, pair), cells in rows.items() if where == primary}
    assert all("walkers, gaitbase" in r.cells[0].text.lower() for r in retention.rows)
    mimicgait = found["MimicGait less Baseline-2"]
    assert mimicgait[2].low > 0
    assert mimicgait[3].value <= mimicgait[4].value < 0.05
    assert mimicgait[5].text == "yes"
    between = found["RG-Gait less MimicGait"]
    assert [cell.text for cell in between[3:]] == ["", "", "exploratory", ""]
    assert between[2].low < between[2].value < between[2].high
    declared = {"MimicGait less Baseline-2", "RG-Gait less Baseline-2"}
    others = [
        "Whole gallery, occluded probes, Rank-5",
        "Both occluded, all pairs, Rank-1",
        "Both occluded, all pairs, Rank-5",
    ]
    assert list(dict.fromkeys(where for where, _ in rows)) == [primary, *others]
    for other in others:
        assert {pair for where, pair in rows if where == other} == declared
        assert {rows[other, pair][5].text for pair in declared} == {"exploratory"}
    assert any("exploratory" in line for line in occluded.footer)
    assert any("2 contrasts of this table" in line for line in occluded.footer)


def test_every_pair_is_tested_on_every_test_where_it_is_asked_for():
    found = results()
    assert sections_named("all-pairs", found) == []
    (section,) = sections_named("all-pairs", found, all_pairs=True)
    (table,) = section.tables
    assert len(table.rows) == 2 * 3
    by_pair = {r.cells[1].text: r.cells for r in table.rows[:3]}
    far, close = by_pair["Baseline-2 less MimicGait"], by_pair["MimicGait less RG-Gait"]
    assert far[2].high < 0
    assert far[4].value < 0.05 < close[4].value
    assert far[3].value <= far[4].value
    assert close[5].value > abs(close[2].value)


def test_too_few_identities_have_no_tests_and_no_intervals():
    few = results(identities=9)
    assert all_pairs_tables(few) == []
    assert sections_named("differences", few) == []


def test_a_protocol_that_shares_an_evaluation_does_not_repeat_it():
    found = results()
    twice = found.cells.copy()
    twice["protocol"] = "retention"
    both = replace(found, cells=pd.concat([found.cells, twice]))
    (once,), (still_once,) = spread_tables(found), spread_tables(both)
    assert len(still_once.rows) == len(once.rows)
