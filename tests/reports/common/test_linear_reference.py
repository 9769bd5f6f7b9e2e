"""Whether the networks of a run are said to have learned as much as a linear reference."""

import pytest

from gaitbench.reports.common.linear_reference import linear_reference_sections
from gaitbench.reports.report import sections_of

WHOLE = {"test": "holistic", "hidden_share": 0.0}
BEGAN = "Whole clips, walkers, GaitBase: Baseline-1 has 50.0 % Rank-1"


@pytest.fixture
def whole(make_cell, make_results):
    """Results on whole clips: Baseline-1 with 40 and 60 %, and the linear reference as asked."""

    def make(*linear, more=()):
        rows = [
            make_cell("occluded", method, title, rank_1, seed, **WHOLE)
            for method, title, by_seed in (
                ("baseline-1", "Baseline-1", (0.4, 0.6)),
                ("gei-lda-whole", "GEI + LDA, whole clips", linear),
            )
            for seed, rank_1 in enumerate(by_seed)
        ]
        return make_results([*rows, *more])

    return make


def words(results):
    (section,) = linear_reference_sections(results)
    assert section.paragraphs == section.summary
    return section.summary


@pytest.mark.parametrize(
    ("linear", "said"),
    [
        ((0.3, 0.5), ", at least as much as the linear reference, 40.0 %."),
        ((0.5, 0.5), ", at least as much as the linear reference, 50.0 %."),
        (
            (0.5, 0.54),
            ", less than the linear reference, 52.0 %: the networks of this run have learned less than "
            "there is, and their comparison says little.",
        ),
        ((), "; the linear reference, gei-lda-whole, is not part of this run."),
    ],
)
def test_networks_are_held_against_the_linear_reference(whole, linear, said):
    assert words(whole(*linear)) == (BEGAN + said,)


def test_a_reference_that_is_still_to_be_made_is_not_called_left_out(whole, without):
    results = without(
        whole(0.3, 0.5), lambda c: (c.method == "gei-lda-whole") & (c.seed == 1), "not made yet"
    )
    assert words(results) == (
        f"{BEGAN}; of the linear reference, gei-lda-whole, evaluations are missing.",
    )


def test_without_whole_clips_of_baseline_1_nothing_is_said(whole, without, make_results, make_cell):
    missing = without(whole(0.3, 0.5), lambda c: c.method == "baseline-1")
    assert linear_reference_sections(missing) == []
    occluded = make_results([make_cell("occluded", "baseline-1", "Baseline-1", 0.5, 0)])
    assert linear_reference_sections(occluded) == []


def test_every_place_but_the_controls_has_a_sentence(whole, make_cell):
    more = [
        make_cell(protocol, method, title, rank_1, 0, **(WHOLE | {"test_dataset": data}))
        for protocol, data in (("controls", "walkers-gait"), ("retention", "recorded"))
        for method, title, rank_1 in (
            ("baseline-1", "Baseline-1", 0.2),
            ("gei-lda-whole", "GEI + LDA, whole clips", 0.1),
        )
    ]
    first, second = words(whole(0.3, 0.5, more=more))
    assert first.startswith(BEGAN)
    assert second == (
        "Whole clips, walkers → recorded, GaitBase: Baseline-1 has 20.0 % Rank-1, at least as much "
        "as the linear reference, 10.0 %."
    )


def test_whole_clips_of_another_length_are_not_among_them(whole, make_cell):
    shorter = [make_cell("sweep", "baseline-1", "Baseline-1", 0.1, 0, severity=0, **WHOLE)]
    assert words(whole(0.3, 0.5, more=shorter)) == words(whole(0.3, 0.5))


def test_an_evaluation_that_two_protocols_share_counts_once(whole, make_cell):
    shared = [make_cell("retention", "baseline-1", "Baseline-1", 0.4, 0, **WHOLE)]
    assert words(whole(0.3, 0.5, more=shared)) == words(whole(0.3, 0.5))


def test_it_stands_in_every_report(whole):
    assert "linear-reference" in [section.name for section in sections_of(whole(0.3, 0.5))]
