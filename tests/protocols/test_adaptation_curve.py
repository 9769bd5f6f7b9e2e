"""Further training by budget: steps, detectors, and what the points share with other protocols."""

import dataclasses

import pytest

from gaitbench.evaluation.pair_groups import ALL_PAIRS
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.protocols.adaptation_curve import BUDGETS, AdaptationCurve
from tests.protocols.experiments import BARE, COMPARED, bench, cells_of


def curve(**changes):
    return cells_of(**(BARE | {"protocol": "adaptation-curve"} | changes))


def test_every_budget_is_tested_on_the_new_type_the_old_types_and_whole_clips():
    b = bench(protocol="adaptation-curve")
    cells = curve()
    # Of 2 steps: a sixteenth to a half are one step, and trained once.
    wanted = [
        (method, new, steps, test)
        for method in b.compared_methods()[1:]
        for new in ("middle", "dynamic")
        for steps in (0, 1, 2)
        for test in (new, "top+bottom", "holistic")
    ]
    assert len(cells) == len(wanted)
    for cell, (method, new, steps, test) in zip(cells, wanted, strict=True):
        assert (cell.method, cell.at.get("adapted_to", ""), cell.test) == (method, new, test)
        assert cell.at.get("adapted_steps", 0) == steps
        evaluation = cell.evaluation
        assert evaluation.probe == evaluation.gallery
        if test == "holistic":
            assert evaluation.probe == HOLISTIC
        elif test == new:
            assert [g.name for g in evaluation.probe.generators] == [new]
            assert evaluation.probe == Mix(evaluation.probe.generators, b.setting.test.share)
        else:
            assert evaluation.probe == b.setting.test


@pytest.mark.parametrize("preset", ["laptop", "paper"])
def test_budgets_shorten_the_training_and_that_of_the_detector(preset):
    b = bench(preset=preset, protocol="adaptation-curve")
    sizes = b.preset_of("gaitbase")
    cells = curve(preset=preset, methods=("rg-gait",), adapt_to=("middle",))
    stages = [c.evaluation.stage for c in cells[::3]]
    assert stages[0] == b.stage("rg-gait", "gaitbase", 0)
    for stage, budget in zip(stages[1:], BUDGETS[1:], strict=True):
        assert stage.initial == stages[0]
        assert stage.detector.initial == stages[0].detector
        trainings = ((stage, sizes.adaptation), (stage.detector, sizes.detector_adaptation))
        for own, recipe in trainings:
            # Only the steps: the schedule is the recipe's own, and ends with them.
            assert own.recipe == recipe.model_copy(update={"steps": round(budget * recipe.steps)})
            assert "middle" in own.mix.classes
    steps = [c.at.get("adapted_steps", 0) for c in cells[::3]]
    assert steps == [0, *(s.steps for s in stages[1:])] == sorted(set(steps))


def test_the_last_budget_is_the_protocol_adaptability():
    adapted = {
        (c.method, c.at["adapted_to"], c.test): c.evaluation
        for c in cells_of(**(BARE | {"protocol": "adaptability"}))
        if c.at.get("adapted_to", "") and is_point(c)
    }
    last = {
        (c.method, c.at["adapted_to"], c.test): c.evaluation
        for c in curve()
        if c.test != "top+bottom" and c.at.get("adapted_steps", 0) == 2
    }
    assert last == adapted


def is_point(cell):
    """Whether a comparison's cell is one that a curve has too."""
    return cell.method in COMPARED and (cell.side, cell.pairs) == ("both", ALL_PAIRS)


def test_the_first_budget_is_what_other_protocols_test_zero_shot():
    start = {c.evaluation.key for c in curve() if not c.at.get("adapted_steps", 0)}
    others = {
        c.evaluation.key
        for name in ("generalizability", "occluded", "retention")
        for c in cells_of(**(BARE | {"protocol": name}))
        if c.method != "baseline-1" and c.protocol == name and is_point(c)
    }
    assert start == others


def test_points_of_a_method_differ_by_their_stage_alone():
    by_test = {}
    for cell in curve(methods=("mimicgait",)):
        plain = dataclasses.replace(cell.evaluation, stage=None)
        by_test.setdefault((cell.at.get("adapted_to", ""), cell.test), set()).add(plain)
    assert all(len(found) == 1 for found in by_test.values())


def test_a_curve_repeats_no_test_and_has_no_method_that_cannot_adapt():
    cells = curve(test_draws=3)
    assert cells == curve()
    assert {c.method for c in cells} == set(COMPARED[1:])


def test_new_types_are_chosen_as_for_adaptability():
    assert {c.at.get("adapted_to", "") for c in curve(adapt_to=("pole",))} == {"pole"}


def test_budgets_that_round_to_the_same_steps_are_one_point():
    b = bench(protocol="adaptation-curve")
    recipes = {
        "adaptation": b.preset.adaptation.model_copy(update={"steps": 8}),
        "detector_adaptation": b.preset.detector_adaptation.model_copy(update={"steps": 100}),
    }
    cells = AdaptationCurve().cells(
        dataclasses.replace(b, preset=b.preset.model_copy(update=recipes))
    )
    points = [
        (c.method, c.at.get("adapted_to", ""), c.test, c.at.get("adapted_steps", 0)) for c in cells
    ]
    assert len(set(points)) == len(points)
    assert {steps for *_, steps in points} == {0, 1, 2, 4, 8}
