"""What stands under a table: the numbers that its own depend on."""

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


def test_what_is_not_known_of_a_run_is_left_out(make_cell, make_results):
    results = make_results([make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0)], colour="blue")
    results.facts.clear()
    assert "Distance" not in footer(tables_of("occluded", results)[0])
