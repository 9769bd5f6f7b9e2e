"""Where the uncertainty of a number comes from, and which differences hold."""

from dataclasses import replace

import pandas as pd

from gaitbench.reports.common.differences import difference_tables, spread_tables
from tests.made_up_scores import results_of, row

SKILLS = {"baseline-2": 0.1, "mimicgait": 0.8, "rg-gait": 0.78}


def results(seeds=(0, 1, 2), draws=(0, 1), identities=24):
    rows = [
        row("occluded", m, s, seed, draw, identities=identities)
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


def test_one_seed_says_nothing_about_other_trainings():
    (table,) = spread_tables(results(seeds=(0,)))
    assert "one seed" in table.rows[0].cells[4].missing.reason
    assert table.rows[0].cells[3].value > 0


def test_every_pair_is_tested_on_every_test():
    (table,) = difference_tables(results())
    assert len(table.rows) == 2 * 3
    by_pair = {r.cells[1].text: r.cells for r in table.rows[:3]}
    far, close = by_pair["Baseline-2 less MimicGait"], by_pair["MimicGait less RG-Gait"]
    assert far[2].high < 0
    assert far[4].value < 0.05 < close[4].value
    assert far[3].value <= far[4].value
    assert close[5].value > abs(close[2].value)


def test_too_few_identities_have_no_table_of_differences():
    assert difference_tables(results(identities=9)) == []


def test_a_protocol_that_shares_an_evaluation_does_not_repeat_it():
    found = results()
    twice = found.cells.copy()
    twice["protocol"] = "retention"
    both = replace(found, cells=pd.concat([found.cells, twice]))
    (once,), (still_once,) = spread_tables(found), spread_tables(both)
    assert len(still_once.rows) == len(once.rows)
