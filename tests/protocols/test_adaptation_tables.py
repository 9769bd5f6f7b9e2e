"""Adaptation as a curve: gains, losses and speed."""

from dataclasses import replace

import pytest

from tests.made_up_scores import results_of, row
from tests.making import drawn_by, tables_of

BUDGETS = (0, 15, 60, 240)
GAINS = {"mimicgait": (0.2, 0.55, 0.85, 0.85), "rg-gait": (0.5, 0.5, 0.5, 0.5)}
OLD = {"mimicgait": (0.8, 0.8, 0.6, 0.4), "rg-gait": (0.5, 0.5, 0.5, 0.5)}


def point(method, steps, skill, test, new_type="middle"):
    return row(
        "adaptation-curve", method, skill, 0, test=test, adapted_to=new_type, adapted_steps=steps
    )


@pytest.fixture(scope="module")
def results():
    rows = []
    for method in GAINS:
        for steps, gain, old in zip(BUDGETS, GAINS[method], OLD[method], strict=True):
            rows.append(point(method, steps, gain, "middle"))
            rows.append(point(method, steps, old, "top+bottom"))
            rows.append(point(method, steps, 0.9, "holistic"))
            rows.append(point(method, steps, gain, "dynamic", new_type="dynamic"))
    return results_of(rows)


def rows_of(results, which):
    table = tables_of("adaptation-curve", results)[which]
    found, method = {}, ""
    for r in table.rows:
        method = r.cells[0].text or method
        found[method, r.cells[1].text] = r.cells[2:]
    return table, found


def test_there_is_a_table_per_new_type_with_a_column_per_budget(results):
    table, found = rows_of(results, 0)
    assert table.name.endswith("middle")
    assert [c.title for c in table.columns[2:6]] == ["0", "15", "60", "240"]
    assert {words for _, words in found} == {"new type", "old types", "whole clips"}


def test_change_is_the_last_value_less_the_first_and_forgetting_the_best_less_the_last(results):
    _, found = rows_of(results, 0)
    old = found["MimicGait", "old types"]
    values = [cell.value for cell in old[:4]]
    assert old[4].value == pytest.approx(values[-1] - values[0])
    assert old[4].high < 0
    assert old[5].value == pytest.approx(max(values[:-1]) - values[-1])
    assert found["MimicGait", "new type"][5].value is None


def test_steps_are_counted_to_the_last_budget_that_is_not_nearly_final(results):
    _, found = rows_of(results, 0)
    assert found["MimicGait", "new type"][6].text == "60"
    assert found["RG-Gait", "old types"][6].text == ""


def test_a_missing_point_leaves_change_forgetting_and_speed_open(results):
    cells = results.cells.copy()
    gone = (cells["method"] == "mimicgait") & (cells["adapted_steps"] == 240)
    cells.loc[gone, ["status", "reason"]] = ["missing", "not evaluated yet"]
    _, found = rows_of(replace(results, cells=cells), 0)
    assert found["MimicGait", "new type"][6].text == "–"
    assert found["MimicGait", "old types"][4].missing
    assert found["MimicGait", "old types"][5].missing


def test_the_figure_has_a_panel_per_test_and_a_line_per_method(results):
    first, _ = drawn_by("adaptation-curve", results)
    panels = [ax.get_title() for ax in first.axes if ax.get_title()]
    assert panels == ["new type: middle", "old types: top+bottom", "whole clips: holistic"]
    for ax in first.axes[:3]:
        assert len(ax.containers) == len(GAINS)
        assert ax.get_ylim()[0] == 0
