"""What stands under a table: the numbers that its own depend on."""

import pytest

from tests.made_up_scores import results_of, row
from tests.making import tables_of
from tests.tables import footer


def test_a_footer_counts_what_the_numbers_depend_on(full):
    text = footer(tables_of("occluded", full((0,)))[0])
    for words in (
        "20 identities, 118 probes, 40 gallery sequences per probe, 2 probes without a mate",
        "Chance level: Rank-1 5.0 %, Rank-5 25.0 %.",
        "top+bottom 45.0 %",
        "Baseline-1 0 / 300; Baseline-2 300 / 700",
    ):
        assert words in text


def test_a_footer_says_which_share_of_its_training_clips_each_method_saw_occluded(
    make_cell, make_results
):
    shares = {"baseline-1": 0.0, "baseline-2": 1.0, "mimicgait": 1.0, "rg-gait": 0.5, "mine": 8 / 9}
    rows = [
        make_cell("occluded", m, m.title(), 0.5, 0, occluded_share=s) for m, s in shares.items()
    ]
    (table,) = tables_of("occluded", make_results(rows))
    assert (
        "Occluded training clips: Baseline-1 0 %; Baseline-2 and Mimicgait 100 %; Rg-Gait 50 %; Mine 89 %."
    ) in table.footer


def test_shares_that_differ_within_a_row_are_a_range_and_unknown_ones_are_left_out(
    make_cell, make_results
):
    rows = [
        make_cell("occluded", method, method.title(), 0.5, seed, occluded_share=share)
        for method, seed, share in (("a", 0, 0.25), ("a", 1, 0.5), ("b", 0, float("nan")))
    ]
    (table,) = tables_of("occluded", make_results(rows))
    assert "Occluded training clips: A 25–50 %." in table.footer
    (table,) = tables_of("occluded", make_results(rows[2:]))
    assert not any(line.startswith("Occluded training clips") for line in table.footer)


@pytest.mark.parametrize(
    ("seeds", "words", "absent"),
    [
        ((0,), "what other trainings would give, one seed cannot say", "degree of freedom"),
        ((0, 1), "estimated from one degree of freedom", "one seed"),
        ((0, 1, 2), "over the tested identities and the seeds.", "degree of freedom"),
    ],
)
def test_a_footer_says_what_so_few_seeds_cannot(seeds, words, absent):
    rows = [row("occluded", m, 0.5, s) for m in ("baseline-2", "rg-gait") for s in seeds]
    text = footer(tables_of("occluded", results_of(rows))[0])
    assert words in text
    assert absent not in text


def test_what_is_not_known_of_a_run_is_left_out(make_cell, make_results):
    results = make_results([make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0)], colour="blue")
    results.facts.clear()
    assert "Distance" not in footer(tables_of("occluded", results)[0])
