"""Retention: the share of the upper bound, and who is best, as the table has it."""

from tests.made_up_scores import results_of, row
from tests.making import summary_of, tables_of
from tests.tables import row as row_of

SKILLS = {"baseline-2": 0.08, "mimicgait": 0.78, "rg-gait": 0.6}


def whole_clips(skills):
    """Return methods on whole clips, and the upper bound on them."""
    return [
        row("retention", method, skill, seed, test="holistic", hidden_share=0.0)
        for method, skill in ({"baseline-1": 0.9} | skills).items()
        for seed in (0, 1, 2)
    ]


def test_the_summary_names_the_best_with_its_interval():
    results = results_of(whole_clips(SKILLS))
    (sentence,) = summary_of("retention", results)
    (table,) = tables_of("retention", results)
    best, ratio, *_ = row_of(table, "MimicGait")
    bound, *_ = row_of(table, "Upper bound (holistic)")
    assert f"MimicGait has the best mean, {100 * best.value:.1f} % [" in sentence
    assert f"is {100 * bound.value:.1f} %." in sentence
    assert f"HPR-1: MimicGait has the best mean, {ratio.value:.2f} [" in sentence


def test_nothing_is_said_of_a_table_without_a_complete_contest():
    assert summary_of("retention", results_of(whole_clips({"rg-gait": 0.5}))) == []


def test_one_test_decides_rank_1_and_its_share_of_the_bound():
    (table,) = tables_of("retention", results_of(whole_clips({"baseline-2": 0.5, "rg-gait": 0.5})))
    assert [c.undecided for c in row_of(table, "RG-Gait")] == [True, True, False, False]
    tested = [(d.method, d.reference) for d in table.differences if d.test is not None]
    assert tested == [("RG-Gait", "Baseline-2"), ("RG-Gait", "Baseline-1")]
