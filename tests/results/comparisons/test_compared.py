"""The comparison of methods: its columns, its rows, and what is tested in it."""

import pytest

from gaitbench.core.units import Unit
from gaitbench.protocols.base import METHOD_CONTRASTS
from gaitbench.results.comparisons.compared import compared_table, is_reference
from gaitbench.results.places import where
from tests.made_up_results import METHODS, REFERENCES, cell
from tests.made_up_scores import results_of
from tests.made_up_scores import row as scored
from tests.tables import footer, row, values

PRIMARY = "Whole gallery, occluded probes"


def table_of(results, protocol="occluded", planned=METHOD_CONTRASTS):
    cells = results.of(protocol)
    return compared_table(results, cells, name="made-up", title="Made up", planned=planned)


def test_the_columns_are_the_conditions(full):
    table = table_of(full((0,)))
    assert [(c.group, c.title, c.unit) for c in table.columns[1:]] == [
        (PRIMARY, "Rank-1", Unit.PERCENT),
        (PRIMARY, "Rank-5", Unit.PERCENT),
        ("Both occluded, same part", "Rank-1", Unit.PERCENT),
        ("Both occluded, all pairs", "Rank-1", Unit.PERCENT),
        ("Both occluded, all pairs", "Rank-5", Unit.PERCENT),
        ("Both occluded, all pairs", "RP-1", Unit.RATIO),
        ("Whole clips", "Rank-1", Unit.PERCENT),
        ("Whole clips", "HPR-1", Unit.RATIO),
    ]
    for text in ("RP-1, HPR-1: Rank-1 on occluded and on whole clips", "One seed (0)"):
        assert text in footer(table)


def test_methods_come_first_references_below_a_rule_and_chance_last(full):
    table = table_of(full((0,)))
    assert [r.cells[0].text for r in table.rows] == [
        *(title for title, _ in METHODS.values()),
        *(title for title, _ in REFERENCES.values()),
        "Chance",
    ]
    assert [r.cells[0].text for r in table.rows if r.rule_above] == ["GEI + LDA, whole clips"]
    assert [r.contest for r in table.rows] == [""] * len(METHODS) + [None] * (len(REFERENCES) + 1)


def test_values_are_those_of_the_conditions(full):
    table = table_of(full((0,)))
    # Whole gallery: half of 0.6. Same part: 1.2 times 0.6. RP-1: 0.6 of Baseline-1's 0.8 on whole clips.
    assert values(row(table, "RG-Gait")) == [0.3, 0.5, 0.72, 0.6, 0.8, 0.75, 0.8, 1.0]
    assert values(row(table, "Baseline-2")) == [0.15, 0.35, 0.36, 0.3, 0.5, 0.375, 0.65, 0.8125]
    # Baseline-1's share of itself says nothing, and is left empty.
    assert values(row(table, "Baseline-1")) == [0.05, 0.25, 0.12, 0.1, 0.3, 0.125, 0.8, None]
    assert row(table, "Baseline-1")[-1].missing is None
    assert values(row(table, "Told the window")) == [
        0.33,
        0.53,
        0.792,
        0.66,
        0.86,
        0.825,
        0.83,
        1.0375,
    ]
    # Of pairs that show the same part there are fewer, and chance is higher.
    assert values(row(table, "Chance")) == [0.05, 0.25, 0.1, 0.05, 0.25, None, 0.05, None]


def test_references_do_not_compete(full):
    table = table_of(full((0,)))
    assert [c.best for c in row(table, "RG-Gait")] == [True] * 8
    # Equal as printed.
    assert [c.best for c in row(table, "Baseline-1")] == [False] * 6 + [True, False]
    assert not any(c.best for title, _ in REFERENCES.values() for c in row(table, title))
    assert {name for name in (*METHODS, *REFERENCES) if is_reference(name)} == set(REFERENCES)
    assert not is_reference("nobody's method")


def test_without_references_the_rule_is_above_chance(full):
    results = full((0,))
    kept = results.of("occluded")
    kept = kept[kept["method"].isin(METHODS)]
    table = compared_table(results, kept, name="a", title="A", planned=METHOD_CONTRASTS)
    assert [r.cells[0].text for r in table.rows if r.rule_above] == ["Chance"]


def test_references_alone_have_no_rule(make_results):
    rows = [cell("occluded", "gei-lda", "GEI + LDA", 0.5, 0, side="probe")]
    table = table_of(make_results(rows))
    assert [(r.cells[0].text, r.rule_above) for r in table.rows] == [
        ("GEI + LDA", False),
        ("Chance", False),
    ]


def test_means_and_ratios_are_taken_over_seeds(full):
    table = table_of(full((0, 1, 2)))
    rank_1, _, _, both, _, rp_1, *_ = row(table, "RG-Gait")
    assert (rank_1.value, rank_1.spread) == (pytest.approx(0.31), pytest.approx(0.01))
    assert (both.value, both.spread) == (pytest.approx(0.62), pytest.approx(0.02))
    assert rp_1.value == pytest.approx((0.60 / 0.80 + 0.62 / 0.82 + 0.64 / 0.84) / 3)
    assert "Mean over 3 seeds (0, 1, 2); ± is the sample standard deviation" in footer(table)


def test_one_missing_seed_empties_the_row_and_says_so(full, without):
    results = without(
        full((0, 1)),
        lambda c: (c.method == "mimicgait") & (c.seed == 1) & (c.protocol == "occluded"),
    )
    table = table_of(results)
    cells = row(table, "MimicGait")
    assert values(cells) == [None] * 8
    assert {c.missing.reason for c in cells} == {"seed 1: not trained yet"}
    assert cells[0].missing.commands == ("gaitbench run exp.toml",)
    assert None not in values(row(table, "RG-Gait"))


def test_a_missing_upper_bound_empties_ratios_only(full, without):
    results = without(full((0,)), lambda c: (c.method == "baseline-1") & (c.test == "holistic"))
    cells = row(table_of(results), "RG-Gait")
    assert values(cells) == [0.3, 0.5, 0.72, 0.6, 0.8, None, 0.8, None]
    for ratio in (cells[5], cells[7]):
        assert ratio.missing.reason == "holistic Rank-1 of Baseline-1: not trained yet"


def test_pairs_that_nobody_has_are_missing_for_their_own_reason(full, without):
    reason = "no probe has a mate among the pairs of this kind"
    results = without(
        full((0,)),
        lambda c: (c.method == "rg-gait") & (c.pairs == "same part"),
        reason=reason,
        command="",
    )
    cells = row(table_of(results), "RG-Gait")
    assert values(cells) == [0.3, 0.5, None, 0.6, 0.8, 0.75, 0.8, 1.0]
    assert cells[2].missing.reason == reason
    assert cells[2].missing.commands == ()


def test_a_condition_that_was_not_run_says_so(full):
    results = full((0,))
    both = where(results.of("occluded"), side="both")
    table = compared_table(results, both, name="a", title="A", planned=METHOD_CONTRASTS)
    for entry in row(table, "RG-Gait")[:2]:
        assert entry.missing.reason == "not part of this run"
    assert values(row(table, "Chance"))[:2] == [None, None]


SKILLS = {
    "baseline-1": (0.5, 0.5),
    "baseline-2": (0.08, 0.5),
    "mimicgait": (0.75, 0.78),
    "rg-gait": (0.1, 0.1),
    "gei-lda": (0.9, 0.9),
}
"""With a whole gallery, and with both sides occluded."""


@pytest.fixture(scope="module")
def scores():
    """Results with intervals and tests: per-probe scores stand behind every number."""
    rows = []
    for method, (gallery, both) in SKILLS.items():
        for seed in (0, 1, 2):
            rows += [
                scored("occluded", method, gallery, seed, side="probe"),
                scored("occluded", method, both, seed),
                scored("occluded", method, both, seed, pairs="same part"),
                scored("occluded", method, 0.85, seed, test="holistic", hidden_share=0.0),
            ]
    return results_of(rows)


@pytest.fixture(scope="module")
def tested(scores):
    return table_of(scores)


def test_contrasts_are_tested_in_rank_1_of_the_first_group_alone(tested):
    found = [(d.where, d.method, d.reference) for d in tested.differences if d.test is not None]
    assert found == [
        (f"{PRIMARY}, Rank-1", "MimicGait", "Baseline-2"),
        (f"{PRIMARY}, Rank-1", "RG-Gait", "Baseline-2"),
        (f"{PRIMARY}, Rank-1", "RG-Gait", "Baseline-1"),
    ]
    assert "for the 3 contrasts of this table" in footer(tested)
    elsewhere = {d.where for d in tested.differences if d.test is None}
    assert elsewhere == {
        f"{PRIMARY}, Rank-1",
        f"{PRIMARY}, Rank-5",
        "Both occluded, same part, Rank-1",
        "Both occluded, all pairs, Rank-1",
        "Both occluded, all pairs, Rank-5",
        "Whole clips, Rank-1",
    }
    assert all(d.value.low < d.value.high for d in tested.differences)


def test_no_reference_is_compared(tested):
    names = {name for d in tested.differences for name in (d.method, d.reference)}
    assert names == {"Baseline-1", "Baseline-2", "MimicGait", "RG-Gait"}


def test_marks_of_tests_stand_in_the_first_column_alone(tested):
    undecided = {
        (r.cells[0].text, j) for r in tested.rows for j, c in enumerate(r.cells) if c.undecided
    }
    assert undecided == {("RG-Gait", 1)}
    best = [j for j, c in enumerate(row(tested, "MimicGait"), start=1) if c.best]
    assert {1, 3, 4, 6} <= set(best)


def test_intervals_are_of_the_pairs_of_the_column(scores, tested):
    cells = where(scores.cells, method="mimicgait", side="both")
    same = where(cells, pairs="same part")["rank_1"].mean()
    every = where(cells, pairs="all", test="top+bottom")["rank_1"].mean()
    assert same != every
    for entry, expected in zip(row(tested, "MimicGait")[2:4], (same, every), strict=True):
        assert entry.value == pytest.approx(expected)
        assert entry.low < entry.value < entry.high
    for entry in row(tested, "MimicGait")[5::2]:
        assert entry.low < entry.value < entry.high
    assert "[ ]: 95% interval over the tested identities and the seeds" in footer(tested)
