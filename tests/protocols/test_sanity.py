"""Which checks the sanity panel has, and what they leave as it is."""

import dataclasses

import pytest

from gaitbench.evaluation.pair_groups import ALL_PAIRS
from gaitbench.evaluation.tampering.base import DETECTOR
from gaitbench.methods.base import get_method
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.occlusion.setting import get_setting
from gaitbench.protocols.sanity import masked
from tests.protocols.experiments import COMPARED, bench, cells_of

OF_CLIPS = ["blank", "outline", "tied-outline", "one-draw", "shuffled"]
OF_DETECTORS = {
    "baseline-1": [],
    "baseline-2": [],
    "occ-aware": ["stray-detector"],
    "mimicgait": ["stray-detector"],
    "rg-gait": ["true-amount", "stray-detector"],
}


def panel_of(**changes):
    return [c for c in cells_of(**changes) if c.at.get("check", "")]


def by_method(cells):
    return {m: {c.at.get("check", ""): c for c in cells if c.method == m} for m in COMPARED}


def test_every_compared_method_has_every_check_that_concerns_it():
    cells = panel_of()
    for method, checks in by_method(cells).items():
        wanted = ["as tested", "whole clips", *OF_CLIPS, "masked", *OF_DETECTORS[method]]
        assert [c.at.get("check", "") for c in cells if c.method == method] == wanted
        assert list(checks) == wanted


@pytest.mark.parametrize("setting", ["mimicgait", "rg-gait", "occ-aware"])
def test_a_check_changes_one_thing_about_the_first_draw(setting):
    own = [
        c
        for c in cells_of(setting=setting, sanity=False)
        if (c.protocol, c.side, c.pairs) == ("occluded", "both", ALL_PAIRS)
    ]
    tested = {c.method: c.evaluation for c in own if not c.evaluation.draw and c.test != "holistic"}
    test = get_setting(setting).test
    for method, checks in by_method(panel_of(setting=setting)).items():
        plain = tested[method]
        assert checks["as tested"].evaluation == plain
        whole = checks["whole clips"]
        assert whole.evaluation == dataclasses.replace(plain, probe=HOLISTIC, gallery=HOLISTIC)
        assert whole.test == "holistic"
        for name in (*OF_CLIPS, *OF_DETECTORS[method]):
            assert checks[name].evaluation == dataclasses.replace(plain, tampering=name)
            assert checks[name].test == checks["as tested"].test
        mask = checks["masked"].evaluation
        assert mask == dataclasses.replace(plain, probe=masked(test), gallery=masked(test))
    assert len({c.evaluation.key for c in panel_of(setting=setting)}) == sum(
        len(checks) for checks in by_method(panel_of(setting=setting)).values()
    )


def test_only_what_a_cut_shows_is_masked():
    mix = Mix((make("top", amount=(0.4, 0.6)), make("left"), make("middle")), 0.7)
    found = masked(mix)
    assert found.share == 0.7
    assert found.classes == mix.classes
    assert found.generators[0] == make("top", amount=(0.4, 0.6), fit="mask")
    assert found.generators[1].amount == mix.generators[1].amount
    assert found.generators[2] == make("middle")
    assert masked(found) == found
    assert masked(Mix((make("middle"),), 1.0)) == Mix((make("middle"),), 1.0)


def test_only_the_occluded_side_is_masked():
    (check,) = [
        c
        for c in panel_of(side="probe", methods=("baseline-1",))
        if c.at.get("check", "") == "masked"
    ]
    assert check.evaluation.probe == masked(get_setting("mimicgait").test)
    assert check.evaluation.gallery == HOLISTIC


def test_other_readings_of_alpha_have_no_true_amount():
    asked = ("rg-gait-true-alpha", "rg-gait-mean-feature-alpha", "vanilla-residual")
    cells = panel_of(protocol="sanity", methods=asked)
    stages = {c.method: c.evaluation.stage for c in cells}
    for method in asked:
        names = [c.at.get("check", "") for c in cells if c.method == method]
        assert "true-amount" not in names
        assert ("stray-detector" in names) == (DETECTOR in stages[method].inputs)


def test_ablations_and_variants_that_happen_to_be_trained_are_not_checked():
    cells = cells_of(protocol="ablation")
    kinds = {get_method(c.method).kind for c in cells}
    assert kinds > {"compared"}
    assert {c.method for c in cells if c.at.get("check", "")} == {
        "baseline-1",
        "baseline-2",
        "rg-gait",
    }


@pytest.mark.parametrize("protocol", ["adaptability", "adaptation-curve"])
def test_adapted_networks_are_not_checked(protocol):
    b = bench(protocol=protocol)
    checked = [c for c in cells_of(protocol=protocol) if c.at.get("check", "")]
    for cell in checked:
        assert cell.at.get("adapted_to", "") == ""
        assert cell.evaluation.stage == b.stage(cell.method, "gaitbase", 0)


def test_of_several_training_settings_the_experiments_own_is_checked():
    for setting in ("mimicgait", "occ-aware"):
        cells = cells_of(protocol="audit", setting=setting)
        checked = [c for c in cells if c.at.get("check", "")]
        assert {c.trained for c in checked} == {"", setting}
        assert {c.setting for c in checked} == {setting}
        first = {}
        for cell in cells:
            if not cell.at.get("check", "") and cell.trained in ("", setting):
                first.setdefault(cell.method, cell.evaluation.stage)
        assert {c.method: c.evaluation.stage for c in checked} == first


def test_each_backbone_and_seed_is_checked():
    cells = panel_of(seeds=(0, 4), methods=("rg-gait",))
    assert {(c.method, c.evaluation.seed) for c in cells} == {
        (m, s) for m in ("baseline-1", "rg-gait") for s in (0, 4)
    }
    assert len(cells) == 2 * len(panel_of(methods=("rg-gait",)))
