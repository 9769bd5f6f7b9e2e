"""The conditions of the main comparison, and whose clips are occluded in training."""

import pytest

from gaitbench.evaluation.pair_groups import ALL_PAIRS, SAME_PART
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.expansion import expand

OWN_SHARES = {
    "baseline-1": 0.0,
    "baseline-2": 1.0,
    "occ-aware": 1.0,
    "mimicgait": 1.0,
    "rg-gait": 0.5,
}


def bench(**changes):
    return Bench.resolve(Experiment(preset="smoke", sanity=False).model_copy(update=changes))


def share(evaluation):
    return evaluation.stage.mix.share


def test_every_method_meets_a_whole_gallery_both_sides_and_whole_clips():
    cells = [c for c in expand(bench()).cells if c.protocol == "occluded"]
    setting = bench().setting
    for method in bench().compared_and_references():
        own = [c for c in cells if c.method == method]
        seen = {(c.side, c.pairs, c.evaluation.probe, c.evaluation.gallery) for c in own}
        cut = setting.test
        assert {s for s in seen if s[1] in (ALL_PAIRS, SAME_PART)} == {
            ("probe", ALL_PAIRS, cut, HOLISTIC),
            ("both", ALL_PAIRS, cut, cut),
            ("both", SAME_PART, cut, cut),
            ("both", ALL_PAIRS, HOLISTIC, HOLISTIC),
        }
        # All pairs, the same part and every split of one test are one evaluation.
        assert len({c.evaluation.key for c in own}) == 3 + 3 + 1


def test_equal_shares_are_one_half_whatever_the_setting_says():
    for setting in ("mimicgait", "rg-gait", "occ-aware"):
        cells = expand(bench(setting=setting)).cells
        shares = {share(c.evaluation) for c in cells if c.protocol == "occluded"}
        assert shares == {0.0, 0.5}


def test_the_papers_own_shares_are_a_table_of_the_same_run():
    cells = [c for c in expand(bench()).cells if c.protocol == "own-shares"]
    assert {c.method: share(c.evaluation) for c in cells} == OWN_SHARES
    asked = expand(bench(shares="papers")).cells
    assert {c.protocol for c in asked} == {"occluded"}
    found = {c.method: share(c.evaluation) for c in asked}
    assert {method: found[method] for method in OWN_SHARES} == OWN_SHARES


def test_a_methods_own_option_counts_more_than_either():
    for shares in ("equal", "papers"):
        stage = bench(shares=shares).stage("rg-gait[occluded_share=0.25]", "gaitbase", 0)
        assert stage.mix.share == 0.25
    assert bench().stage("rg-gait-all-occluded", "gaitbase", 0).mix.share == 1.0


@pytest.mark.parametrize("protocol", ["generalizability", "adaptability"])
def test_new_types_are_met_under_the_same_conditions(protocol):
    cells = expand(bench(protocol=protocol)).cells
    zero_shot = [c for c in cells if not c.at]
    adapted = [c for c in cells if c.at.get("adapted_to", "") == "middle"]
    assert bool(adapted) == (protocol == "adaptability")
    for own in (zero_shot, adapted) if adapted else (zero_shot,):
        seen = {(c.side, c.pairs) for c in own if c.test == "middle"}
        assert {("probe", ALL_PAIRS), ("both", ALL_PAIRS), ("both", SAME_PART)} <= seen
        assert any(c.test == "holistic" for c in own)
