from dataclasses import replace

import pytest

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.random_streams import stream
from gaitbench.occlusion.base import occlusions
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import get_setting, setting_names


def drawn_types(mix, n=2000):
    rng = stream(0, "test")
    types = [mix.draw(rng, 4, 16, 11)[0] for _ in range(n)]
    return {name: types.count(i) / n for i, name in enumerate(mix.classes)}


def test_the_share_of_occluded_clips_is_as_the_setting_says():
    assert drawn_types(get_setting("mimicgait").train)["none"] == 0
    assert drawn_types(get_setting("rg-gait").train)["none"] == pytest.approx(0.5, abs=0.05)
    shares = drawn_types(get_setting("occ-aware").train)
    assert len(shares) == 9
    assert all(share == pytest.approx(1 / 9, abs=0.03) for share in shares.values())


def test_amounts_are_those_of_the_setting():
    rng = stream(0, "amounts")
    for name, (low, high) in {"mimicgait": (0.4, 0.6), "rg-gait": (0.1, 0.6)}.items():
        mix = get_setting(name).test.with_share(1.0)
        amounts = [mix.draw(rng, 2, 64, 44)[1].amount for _ in range(300)]
        assert low <= min(amounts) < low + 0.05
        assert high - 0.05 < max(amounts) <= high


def test_balanced_gives_every_type_and_none_equally_often():
    shares = drawn_types(get_setting("mimicgait").train.balanced())
    assert all(share == pytest.approx(1 / 3, abs=0.04) for share in shares.values())


def test_one_more_generator_keeps_the_share_and_the_order_of_types():
    mix = get_setting("rg-gait").train
    more = mix.plus(occlusions.get("middle")())
    assert more.share == mix.share
    assert more.classes == (*mix.classes, "middle")
    assert more.plus(occlusions.get("middle")()) == more


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((), 0.5), "by no generator"),
        (((), -0.1), r"must be in \[0, 1\]"),
    ],
)
def test_mixes_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        Mix(*arguments)


def test_a_generator_twice_is_refused():
    top = occlusions.get("top")()
    with pytest.raises(ConfigurationError, match="stands twice"):
        Mix((top, top), 1.0)


def test_one_of_the_released_configurations_occludes_fewer_clips_at_test_time():
    setting = get_setting("rg-gait-0.3")
    assert setting.train == get_setting("rg-gait").train
    assert drawn_types(setting.test)["none"] == pytest.approx(0.7, abs=0.05)


def test_one_draw_per_batch_is_said_and_concerns_training_alone():
    plain = get_setting("mimicgait")
    setting = plain.drawn_per("batch")
    assert setting.train == replace(plain.train, per="batch")
    assert setting.test == plain.test
    assert setting.train.describe().endswith("bottom 0.4–0.6, drawn once for all clips of a batch")
    assert "batch" not in plain.train.describe()
    assert plain.drawn_per("clip") == plain


def test_unknown_settings_are_answered_with_the_nearest():
    assert setting_names()[0] == "mimicgait"
    with pytest.raises(UnknownNameError, match="Did you mean 'mimicgait'"):
        get_setting("mimic-gait")
