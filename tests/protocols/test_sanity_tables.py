"""The sanity panel: its rows, what is empty, and what it warns of."""

from dataclasses import replace

import pytest

from gaitbench.protocols.sanity import sanity_tables, sanity_words
from tests.made_up_scores import on_two_backbones, results_of, row

SKILLS = {"as tested": 0.5, "whole clips": 0.9, "blank": 0.0, "outline": 0.02, "masked": 0.6}


def panel(skills=SKILLS, **changes):
    """Results of two methods, of which one has a detector."""
    rows = []
    for check, skill in skills.items():
        rows.append(row("sanity", "baseline-2", skill, 0, check=check, **changes))
        quality = {"detector_accuracy": 0.9, "detector_error": 0.05, "alpha": 0.1}
        rows.append(row("sanity", "rg-gait", skill, 0, check=check, **quality, **changes))
    rows.append(row("sanity", "rg-gait", 0.55, 0, check="stray-detector", **changes))
    return results_of(rows)


def test_the_panel_has_the_checks_that_were_made_and_empty_cells_for_parts_a_method_lacks():
    (table,) = sanity_tables(panel())
    rows = {r.cells[0].text: r.cells[1:] for r in table.rows}
    assert list(rows) == [
        "As tested", "Whole clips", "Blank clips", "Outline alone", "Blackened, not stretched",
        "Stray detector", "Detector's type accuracy", "Detector's amount error", "Alpha on whole clips",
    ]  # fmt: skip
    baseline, rg_gait = rows["Stray detector"]
    assert baseline.value is None
    assert baseline.missing is None
    assert rg_gait.low < rg_gait.value < rg_gait.high
    assert rows["Detector's type accuracy"][1].value == pytest.approx(0.9)
    assert rows["Alpha on whole clips"][0].value is None


def test_every_row_is_explained_under_the_table():
    (table,) = sanity_tables(panel())
    notes = " ".join(table.footer)
    for r in table.rows:
        assert f"{r.cells[0].text}:" in notes


def test_nothing_above_chance_is_said_to_be_nothing():
    assert sanity_words(panel()) == ["Nothing in the panel is above chance that should not be."]


@pytest.mark.parametrize(
    ("check", "words"), [("blank", "blank clips"), ("outline", "outline alone")]
)
def test_a_method_that_recognises_what_shows_no_body_is_named(check, words):
    found = sanity_words(panel(SKILLS | {check: 0.5}))
    assert len(found) == 2
    assert all(words in sentence and "above chance" in sentence for sentence in found)
    assert "Baseline-2" in found[0]


def test_a_worry_names_its_place_where_there_are_several():
    found = sanity_words(on_two_backbones(panel(SKILLS | {"blank": 0.5})))
    assert [backbone in s for s in found for backbone in ("GaitBase", "GaitGL")] == [
        *(True, False) * 2,
        *(False, True) * 2,
    ]
    assert "on the check 'blank clips', GaitGL, above chance" in found[-1]
    quiet = sanity_words(on_two_backbones(panel()))
    assert quiet == ["Nothing in the panel is above chance that should not be."]


def test_results_without_checks_have_no_panel_and_no_words():
    results = results_of([row("occluded", "rg-gait", 0.5, 0, check="")])
    assert sanity_tables(results) == []
    assert sanity_words(results) == []


def test_a_panel_with_gaps_clears_nobody():
    results = panel()
    cells = results.cells.copy()
    gone = cells.index[cells["check"] == "blank"][0]
    cells.loc[gone, ["status", "reason", "rank_1"]] = ["missing", "not evaluated yet", float("nan")]
    gap = replace(results, cells=cells)
    (sentence,) = sanity_words(gap)
    assert sentence.startswith("The sanity panel is not complete")
    assert sanity_words(on_two_backbones(gap))[1].startswith("The sanity panel of GaitGL is not")


def test_too_few_identities_for_an_interval_are_no_all_clear():
    found = sanity_words(panel(SKILLS | {"blank": 0.9}, identities=6))
    named = [sentence for sentence in found if "blank clips" in sentence]
    assert len(named) == 2
    assert all("without an interval" in sentence for sentence in named)
