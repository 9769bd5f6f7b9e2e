"""Who is best, in words: names and numbers are those of the table."""

from gaitbench.core.units import Unit
from gaitbench.results.retained import best_words
from gaitbench.results.table import Entry, Row
from tests.made_up_scores import results_of, row
from tests.making import summary_of, tables_of
from tests.tables import row as row_of

SKILLS = {"baseline-2": 0.08, "mimicgait": 0.78, "rg-gait": 0.75}


def test_the_summary_names_the_best_with_its_interval_and_what_ties_with_it():
    rows = [row("occluded", m, s, seed) for m, s in SKILLS.items() for seed in (0, 1, 2)]
    rows += [row("occluded", "baseline-1", 0.9, s, test="holistic") for s in (0, 1, 2)]
    results = results_of(rows)
    (sentence,) = summary_of("occluded", results)
    (table,) = tables_of("occluded", results)
    best, ratio, *_ = row_of(table, "MimicGait")
    bound, *_ = row_of(table, "Upper bound (holistic)")
    assert f"MimicGait leads with {100 * best.value:.1f} % [" in sentence
    assert "not told apart from RG-Gait." in sentence
    assert f"is {100 * bound.value:.1f} %." in sentence
    assert f"RP-1: MimicGait leads with {ratio.value:.2f} [" in sentence


def test_nothing_is_said_of_a_table_without_a_complete_contest():
    rows = [row("occluded", "baseline-1", 0.9, 0, test="holistic")]
    assert summary_of("occluded", results_of(rows)) == []


def test_equal_values_are_all_named():
    rows = [Row((Entry(n), Entry(value=0.5, best=n != "c"))) for n in "abc"]
    assert best_words(rows, 1, Unit.PERCENT) == "a and b lead with 50.0 %"
