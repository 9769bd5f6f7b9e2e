"""Printed values with their intervals, and which of them a test can tell apart."""

import pytest

from gaitbench.core.units import Better, Unit
from gaitbench.reports.formats.markdown import table_plain
from gaitbench.results.estimates import (
    Comparison,
    estimate,
    estimate_difference,
    estimate_ratio,
    mark_ties,
)
from gaitbench.results.places import where
from gaitbench.results.table import Column, Entry, Row
from tests.made_up_scores import results_of, row
from tests.making import tables_of

SKILLS = {"baseline-2": 0.08, "occ-aware": 0.75, "mimicgait": 0.78, "rg-gait": 0.1}


@pytest.fixture(scope="module")
def results():
    seeds = (0, 1, 2)
    rows = [row("occluded", m, s, seed) for m, s in SKILLS.items() for seed in seeds]
    rows += [
        row("occluded", "baseline-1", 0.9, s, test="holistic", hidden_share=0.0) for s in seeds
    ]
    return results_of(rows)


def of(results, method):
    return where(results.cells, method=method)


def test_an_estimate_is_the_mean_with_its_interval(results):
    found = estimate(results, of(results, "mimicgait"), "rank_1", (0, 1, 2))
    assert found.value == pytest.approx(of(results, "mimicgait")["rank_1"].mean())
    assert found.low < found.value < found.high


def test_a_missing_seed_leaves_no_value_to_have_an_interval(results):
    found = estimate(results, of(results, "mimicgait"), "rank_1", (0, 1, 2, 3))
    assert found.value is None
    assert "seed 3" in found.missing.reason


def test_a_ratio_has_the_interval_of_both_together(results):
    bound = of(results, "baseline-1")
    found = estimate_ratio(results, of(results, "mimicgait"), bound, "rank_1", (0, 1, 2), "bound")
    assert found.low < found.value < found.high
    # Not of the numerator alone: the divisor's people are the same, and move along.
    alone = estimate(results, of(results, "mimicgait"), "rank_1", (0, 1, 2))
    assert found.high - found.low < 1.2 * (alone.high - alone.low) / bound["rank_1"].mean()


def test_a_ratio_to_chance_is_missing_with_its_reason(results):
    cells = of(results, "baseline-2").assign(chance_rank_1=0.2)
    found = estimate_ratio(
        results, of(results, "mimicgait"), cells, "rank_1", (0, 1, 2), "the bound"
    )
    assert found.value is None
    assert "near chance" in found.missing.reason


def test_a_difference_has_an_interval_of_its_own(results):
    found = estimate_difference(
        results, of(results, "mimicgait"), of(results, "baseline-2"), "rank_1", (0, 1, 2)
    )
    assert found.low > 0


def test_what_a_test_cannot_tell_from_the_best_is_marked_and_the_rest_is_not(results):
    columns = (Column("Method"), Column("Rank-1", "", Unit.PERCENT, Better.HIGHER))
    rows, entrants = [], {}
    for i, method in enumerate(SKILLS):
        entrants[i] = of(results, method)
        rows.append(Row((Entry(method), estimate(results, entrants[i], "rank_1", (0, 1, 2)))))
    done, line = mark_ties(results, rows, columns, [Comparison((1,), "rank_1", entrants)])
    marks = {r.cells[0].text: (r.cells[1].best, r.cells[1].tied) for r in done}
    assert marks == {
        "baseline-2": (False, False),
        "occ-aware": (False, True),
        "mimicgait": (True, False),
        "rg-gait": (False, False),
    }
    assert "6 comparisons" in line
    assert "in points: Rank-1" in line


def test_rows_of_other_contests_and_outside_of_any_are_not_compared(results):
    columns = (Column("Method"), Column("Rank-1", "", Unit.PERCENT, Better.HIGHER))
    contests = {"occ-aware": "a", "mimicgait": "b", "rg-gait": "a", "baseline-2": None}
    rows, entrants = [], {}
    for i, (method, contest) in enumerate(contests.items()):
        entrants[i] = of(results, method)
        value = estimate(results, entrants[i], "rank_1", (0, 1, 2))
        rows.append(Row((Entry(method), value), contest))
    done, line = mark_ties(results, rows, columns, [Comparison((1,), "rank_1", entrants)])
    assert not any(r.cells[1].tied for r in done)
    assert "1 comparisons" in line


def test_the_main_table_says_what_its_brackets_and_marks_are(results):
    (table,) = tables_of("occluded", results)
    text = table_plain(table)
    assert "[ ]: 95% interval over the tested identities and the seeds" in text
    assert "≈ cannot be told from the best value" in text
    printed = {r.cells[0].text: r for r in table.rows}
    assert printed["MimicGait"].cells[1].best
    # The ratio to one bound is decided by the same test.
    assert printed["Occ-Aware"].cells[1].tied
    assert printed["Occ-Aware"].cells[2].tied
    assert not printed["RG-Gait"].cells[1].tied
