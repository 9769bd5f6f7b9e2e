"""A report in a few sentences."""

from gaitbench.reports.summary_words import best_words, summary_words

from gaitbench.core.units import Unit
from gaitbench.results.table import Entry, Row
from tests.made_up_scores import results_of, row

SKILLS = {"baseline-2": 0.08, "mimicgait": 0.78, "rg-gait": 0.75}


def test_the_summary_names_the_best_with_its_interval_and_what_ties_with_it():
    rows = [row("occluded", m, s, seed) for m, s in SKILLS.items() for seed in (0, 1, 2)]
    rows += [row("occluded", "baseline-1", 0.9, s, test="holistic") for s in (0, 1, 2)]
    (said,) = summary_words(results_of(rows))
    assert said.startswith("Occluded clips, walkers, GaitBase: MimicGait leads with 7")
    assert "not told apart from RG-Gait." in said
    assert "The upper bound, Baseline-1 on whole clips, is " in said
    assert "RP-1: MimicGait leads with 0." in said


def test_nothing_is_said_of_a_table_without_a_complete_contest():
    rows = [row("occluded", "baseline-1", 0.9, 0, test="holistic")]
    assert summary_words(results_of(rows)) == []


def test_equal_values_are_all_named():
    rows = [Row((Entry(n), Entry(value=0.5, best=n != "c"))) for n in "abc"]
    assert best_words(rows, 1, Unit.PERCENT) == "a and b lead with 50.0 %"
