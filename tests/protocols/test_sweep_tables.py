"""The sweep's grid and its summary, with values worked out by hand."""

import pytest

from gaitbench.results.places import where
from tests.making import tables_of
from tests.tables import footer, row, values


def test_sweep_grid_and_summary(full):
    summary, grid = tables_of("sweep", full((0,)))
    assert (summary.name, grid.name) == ("sweep", "sweep-grid")
    assert [c.title for c in grid.columns[:4]] == ["Generator", "Severity", "Wanted", "Hidden"]
    assert len(grid.rows) == 20
    assert [r.cells[0].text for r in grid.rows[:6]] == ["top", "", "", "", "", "bottom"]
    assert [r.cells[1].text for r in grid.rows[:6]] == ["1", "2", "3", "4", "5", "1"]
    assert values(grid.rows[7].cells[2:4]) == [0.3, 0.295]
    # RG-Gait under "bottom": 0.86 - 0.6 × wanted share, so 0.68 at 0.3.
    assert values(grid.rows[7].cells[4:])[-1] == 0.68
    assert [c.best for c in grid.rows[7].cells] == [False] * 8 + [True]
    assert [r.cells[0].text for r in summary.rows] == [
        *("top", "bottom", "middle", "pole", "mean over types", "whole clips"),
        *("relative degradation", "worst type"),
    ]
    cells = [r.cells[-1] for r in summary.rows]
    # Straight lines: the mean is the value in the middle, 0.72 less 0.04 per generator.
    assert values(cells) == pytest.approx([0.72, 0.68, 0.64, 0.6, 0.66, 0.75, 0.12, 0.6])
    assert cells[-1].text == "(pole)"
    assert [c.best for c in summary.rows[0].cells] == [False] * 5 + [True]
    assert "at which all generators hide 10, 20, 30, 40, 50 % of the body" in footer(summary)
    assert "Left out" not in footer(summary)


def test_the_smallest_degradation_is_the_best_one(full):
    summary, _ = tables_of("sweep", full((0,)))
    # Mean over types 0.51, 0.57, 0.60, 0.63, 0.66; on whole clips 0.75, 0.60, 0.65, 0.70, 0.75.
    wanted = [0.32, 0.05, 1 - 0.60 / 0.65, 0.1, 0.12]
    cells = row(summary, "relative degradation")
    assert [c.value for c in cells] == pytest.approx(wanted)
    assert [c.best for c in cells] == [False, True, False, False, False]


def test_degradation_is_taken_per_seed_from_clips_of_the_same_length(full):
    results = full((0, 1))
    cells = results.cells
    # Other protocols' whole clips are longer, and count for nothing here.
    longer = where(cells, protocol="retention", method="rg-gait", test="holistic")
    assert longer["rank_1"].to_numpy() == pytest.approx([0.80, 0.82])
    *_, cell = row(tables_of("sweep", results)[0], "relative degradation")
    assert cell.value == pytest.approx(1 - (0.66 / 0.75 + 0.67 / 0.77) / 2)
    assert cell.spread is not None


def test_without_whole_clips_of_the_same_length_there_is_no_degradation(full, make_results):
    cells = full((0,)).cells
    rows = cells[cells["severity"] != 0].to_dict("records")
    summary, _ = tables_of("sweep", make_results(rows))
    assert {c.missing.reason for c in row(summary, "whole clips")} == {"not part of this run"}
    gaps = {c.missing.reason for c in row(summary, "relative degradation")}
    assert gaps == {"Rank-1 on whole clips: not part of this run"}
    assert None not in values(row(summary, "mean over types"))


@pytest.fixture
def shy(full, make_results):
    """A sweep in which the pole never hides more than 27.1 % of a body."""
    cells = full((0, 1)).cells
    pole = (cells["test"] == "pole") & cells["severity"].notna()
    hidden = cells.loc[pole, "hidden_share"].clip(upper=0.271)
    cells.loc[pole, "hidden_share"] = hidden
    return make_results(cells.to_dict("records"))


def test_a_severity_that_is_out_of_reach_is_missing_and_never_averaged_over(shy):
    summary, grid = tables_of("sweep", shy)
    pole = grid.rows[15:]
    # 27.1 % is within three points of 30 %, and of nothing more.
    assert [values(r.cells[2:4]) for r in pole[2:]] == [[0.3, 0.271], [0.4, 0.271], [0.5, 0.271]]
    assert None not in values(pole[2].cells[4:])
    for row_of, wanted in ((pole[3], 40), (pole[4], 50)):
        reasons = {c.missing.reason for c in row_of.cells[4:]}
        assert reasons == {f"hides at most 27.1 % of the body, {wanted} % was wanted"}
    reason = "hides at most 27.1 % of the body, 50 % was wanted"
    assert {c.missing.reason for c in summary.rows[3].cells[1:]} == {reason}
    of_rg_gait = [r.cells[-1] for r in summary.rows]
    # Without the pole: 0.72, 0.68 and 0.64, plus 0.005 over the two seeds.
    assert values(of_rg_gait[4:5]) == [pytest.approx(0.685)]
    assert of_rg_gait[-1].text == "(middle)"
    assert f"Left out of what stands below the line: pole {reason}." in footer(summary)


def test_a_sweep_in_which_nothing_is_reached_has_no_mean(full, make_results):
    cells = full((0,)).cells
    rows = cells.assign(hidden_share=0.01).to_dict("records")
    summary, _ = tables_of("sweep", make_results(rows))
    for label in ("mean over types", "relative degradation", "worst type"):
        reasons = {c.missing.reason for c in row(summary, label)}
        assert reasons == {"no generator hides every wanted share"}
    assert None not in values(row(summary, "whole clips"))


def test_a_gap_in_the_sweep_empties_every_number_over_it(full, without):
    results = without(
        full((0,)),
        lambda c: (c.method == "rg-gait") & (c.test == "bottom") & (c.severity == 3),
    )
    summary, grid = tables_of("sweep", results)
    found = values([r.cells[-1] for r in summary.rows])
    assert [v is None for v in found] == [*(False, True, False, False, True), False, True, True]
    assert sum(c.missing is not None for r in grid.rows for c in r.cells) == 1
