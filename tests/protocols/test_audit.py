"""The audit: what differs between its cells is the setting alone."""

import dataclasses

import pytest

from gaitbench.methods.oem import DetectorStage
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.occlusion.setting import get_setting
from gaitbench.protocols.expansion import expand
from tests.protocols.experiments import BARE, COMPARED, bench, cells_of

SETTINGS = ["mimicgait", "rg-gait", "occ-aware"]


def audited(**changes):
    return cells_of(**(BARE | {"protocol": "audit"} | changes))


def test_every_method_is_trained_under_each_setting_and_tested_under_each():
    cells = audited()
    crossed = [(c.method, c.trained, c.setting) for c in cells if c.test != "holistic"]
    wanted = [(m, a, b) for m in COMPARED[1:] for a in SETTINGS for b in SETTINGS]
    assert sorted(crossed) == sorted([*wanted, *(("baseline-1", "", b) for b in SETTINGS)])
    whole = [(c.method, c.trained) for c in cells if c.test == "holistic"]
    assert sorted(whole) == sorted(
        [("baseline-1", ""), *((m, a) for m in COMPARED[1:] for a in SETTINGS)]
    )
    assert len(cells) == len(crossed) + len(whole)


def test_tests_are_the_settings_own_whatever_was_trained():
    for cell in audited():
        evaluation, setting = cell.evaluation, get_setting(cell.setting)
        if cell.test == "holistic":
            assert evaluation.probe == evaluation.gallery == HOLISTIC
            continue
        assert cell.test == setting.test_name
        assert evaluation.probe == evaluation.gallery == setting.test


def test_what_settings_disagree_on_besides_types_and_amounts_is_matched():
    b = bench(protocol="audit")
    for cell in audited():
        stage = cell.evaluation.stage
        if cell.method == "baseline-1":
            assert cell.trained == ""
            assert stage == b.stage("baseline-1", "gaitbase", 0)
            continue
        assert stage.mix.share == 0.5
        assert stage.recipe == b.preset.occluded
        assert stage.mix.generators == get_setting(cell.trained).train.generators
        assert cell.occluded_steps == b.preset.occluded.steps
        for detector in (s for s in stage.all_stages() if isinstance(s, DetectorStage)):
            assert detector.mix.generators == stage.mix.generators
            assert detector.recipe == b.preset.detector


@pytest.mark.parametrize("setting", ["mimicgait", "occ-aware"])
def test_the_setting_is_described_with_the_share_that_the_audit_trains_on(setting):
    found = expand(bench(protocol="audit", setting=setting)).setting
    assert found.train == get_setting(setting).train.with_share(0.5)
    assert found.test == get_setting(setting).test
    for protocol in ("occluded", "all"):
        assert expand(bench(protocol=protocol, setting=setting)).setting == get_setting(setting)


def test_total_steps_are_those_of_the_method_under_every_setting():
    steps = {}
    for cell in audited():
        steps.setdefault(cell.method, set()).add(cell.total_steps)
    assert all(len(found) == 1 for found in steps.values())


def test_methods_differ_by_the_method_alone():
    cells = {(c.method, c.trained, c.setting, c.test): c.evaluation for c in audited()}
    for (method, *place), evaluation in cells.items():
        other = cells.get(("mimicgait", *place))
        if method != "baseline-1":
            assert dataclasses.replace(evaluation, stage=other.stage) == other


@pytest.mark.parametrize("setting", ["rg-gait", "rg-gait-0.3"])
def test_the_experiments_own_setting_is_among_them_once(setting):
    cells = audited(setting=setting, methods=("rg-gait",))
    wanted = SETTINGS if setting in SETTINGS else [*SETTINGS, setting]
    tested = [c.setting for c in cells if c.test != "holistic"]
    assert tested == wanted * (1 + len(wanted))


def test_one_draw_per_batch_reaches_every_training():
    for cell in audited(draws="batch"):
        if cell.method != "baseline-1":
            assert cell.evaluation.stage.mix.per == "batch"


def test_baseline_1_is_the_one_of_every_other_protocol():
    reference = {c.evaluation.key for c in audited() if c.method == "baseline-1"}
    cells = [c for c in cells_of(**BARE) if (c.method, c.side) == ("baseline-1", "both")]
    own = {c.evaluation.key for c in cells}
    assert len(own) == 2
    assert own < reference
    assert len(reference) == 1 + len(SETTINGS)


def test_the_extractor_on_whole_clips_is_shared():
    stages = {s.key: s for c in audited() for s in c.evaluation.stage.all_stages()}
    whole = [s for s in stages.values() if s.role == "extractor" and not s.mix.share]
    assert len(whole) == 1
    detectors = {s.key for s in stages.values() if isinstance(s, DetectorStage) and s.amounts}
    # Top and bottom at two ranges of amounts, and eight types.
    assert len(detectors) == 3
