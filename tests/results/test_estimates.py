"""Printed values with their intervals, and which of them a test can tell apart."""

import numpy as np
import pytest

from gaitbench.core.units import Better, Unit
from gaitbench.protocols.base import METHOD_CONTRASTS
from gaitbench.reports.formats.markdown import table_plain
from gaitbench.results.estimates import (
    Comparison,
    compare_rows,
    estimate,
    estimate_difference,
    estimate_ratio,
)
from gaitbench.results.places import where
from gaitbench.results.table import Column, Entry, Row
from gaitbench.statistics.paired_tests import holm
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


def test_ratios_and_differences_carry_the_mark_of_either_part(results):
    one, other = of(results, "mimicgait"), of(results, "baseline-1")
    for compute in (estimate_ratio, estimate_difference):
        for parts in (
            (one, other),
            (one.assign(still_falls=True), other),
            (one, other.assign(still_falls=True)),
        ):
            words = ("bound",) if compute is estimate_ratio else ()
            found = compute(results, *parts, "rank_1", (0, 1, 2), *words)
            assert found.still_falls is any(part["still_falls"].any() for part in parts)


def compared(results, contests, *, is_primary=True):
    """Return what a table of methods in contests comes to, and its marks by method."""
    columns = (Column("Method"), Column("Rank-1", "", Unit.PERCENT, Better.HIGHER))
    rows, entrants = [], {}
    for i, (method, contest) in enumerate(contests.items()):
        entrants[i] = of(results, method)
        value = estimate(results, entrants[i], "rank_1", (0, 1, 2))
        rows.append(Row((Entry(method), value), contest))
    found = compare_rows(
        results,
        rows,
        columns,
        [Comparison((1,), "rank_1", entrants, is_primary)],
        METHOD_CONTRASTS,
    )
    return found, {r.cells[0].text: (r.cells[1].best, r.cells[1].undecided) for r in found.rows}


def test_what_its_contrast_does_not_tell_from_its_reference_is_marked(results):
    found, marks = compared(results, dict.fromkeys(SKILLS, ""))
    assert marks == {
        "baseline-2": (False, False),
        "occ-aware": (False, False),
        "mimicgait": (True, False),
        "rg-gait": (False, True),
    }
    assert "the 3 contrasts of this table" in found.line
    assert "Occ-Aware, MimicGait and RG-Gait against Baseline-2" in found.line
    assert "at 5% / 3 finds in 80 % of cases, in points" in found.line


def test_every_contrast_is_told_and_every_other_pair_has_an_interval_alone(results):
    found, _ = compared(results, dict.fromkeys(SKILLS, ""))
    tested = [d for d in found.differences if d.test is not None]
    assert [(d.method, d.reference) for d in tested] == [
        ("Occ-Aware", "Baseline-2"),
        ("MimicGait", "Baseline-2"),
        ("RG-Gait", "Baseline-2"),
    ]
    assert [d.test.is_decided for d in tested] == [True, True, False]
    p = np.array([d.test.p for d in tested])
    assert [d.test.p_corrected for d in tested] == pytest.approx(holm(p))
    others = {(d.method, d.reference): d.value for d in found.differences if d.test is None}
    assert set(others) == {
        ("MimicGait", "Occ-Aware"),
        ("RG-Gait", "Occ-Aware"),
        ("RG-Gait", "MimicGait"),
    }
    assert others["RG-Gait", "MimicGait"].high < 0


def test_a_lead_that_its_contrast_does_not_decide_is_not_bold(results):
    _, marks = compared(results, {"baseline-2": "", "rg-gait": ""})
    # Nor is the reference, which is compared as well: nothing is shown for either.
    assert marks == {"baseline-2": (False, False), "rg-gait": (False, True)}


def test_a_reference_that_beats_all_is_bold(results):
    poor = results_of(
        [
            row("occluded", m, s, seed)
            for m, s in {"baseline-2": 0.9, "occ-aware": 0.2, "rg-gait": 0.3}.items()
            for seed in (0, 1, 2)
        ]
    )
    _, marks = compared(poor, dict.fromkeys(("baseline-2", "occ-aware", "rg-gait"), ""))
    assert marks == {
        "baseline-2": (True, False),
        "occ-aware": (False, False),
        "rg-gait": (False, False),
    }


def test_other_columns_are_bold_as_printed_and_test_nothing(results):
    found, marks = compared(results, dict.fromkeys(SKILLS, ""), is_primary=False)
    assert marks["mimicgait"] == (True, False)
    assert marks["rg-gait"] == (False, False)
    assert found.line == ""
    assert [d.test for d in found.differences] == [None] * 3


def test_contests_are_compared_each_by_itself(results):
    contests = {"occ-aware": "a", "baseline-2": "a", "mimicgait": "b", "rg-gait": "b"}
    found, _ = compared(results, contests)
    tested = [(d.where, d.method) for d in found.differences if d.test is not None]
    assert tested == [("a, Rank-1", "Occ-Aware")]


def test_a_reference_outside_of_contests_is_compared_and_changes_no_mark(results):
    found, marks = compared(results, {"baseline-2": None, "rg-gait": "", "mimicgait": ""})
    assert [d.method for d in found.differences if d.test is not None] == ["MimicGait", "RG-Gait"]
    assert marks["rg-gait"] == (False, False)
    assert marks["mimicgait"] == (True, False)


def test_what_cannot_be_tested_is_bold_as_printed_and_says_why():
    few = results_of(
        [row("occluded", m, s, seed, identities=9) for m, s in SKILLS.items() for seed in (0, 1, 2)]
    )
    found, marks = compared(few, dict.fromkeys(SKILLS, ""))
    assert "Not tested: 9 identities are too few" in found.line
    assert marks["mimicgait"] == (True, False)


def test_the_main_table_says_what_its_brackets_and_marks_are():
    (table,) = tables_of(
        "occluded",
        results_of(
            [
                row("occluded", m, skill, seed, side="probe")
                for m, skill in SKILLS.items()
                for seed in (0, 1, 2)
            ]
        ),
    )
    text = table_plain(table)
    assert "[ ]: 95% interval over the tested identities and the seeds" in text
    assert "≈: such a contrast is not decided" in text
    printed = {r.cells[0].text: r for r in table.rows}
    assert printed["MimicGait"].cells[1].best
    assert printed["RG-Gait"].cells[1].undecided
    # Rank-5 is not tested.
    assert printed["RG-Gait"].cells[2].value is not None
    assert not any(r.cells[2].undecided for r in table.rows)
    assert len([d for d in table.differences if d.test is not None]) == 3
