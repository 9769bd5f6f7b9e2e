"""The papers' settings are what they say."""

import pytest

from gaitbench.core.keys import key_of
from gaitbench.core.random_streams import stream
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import get_setting, setting_names, settings
from tests.occlusion.test_mix import drawn_types


@pytest.mark.parametrize("name", setting_names())
def test_every_setting_is_complete(name):
    setting = get_setting(name)
    assert setting.name == name
    assert setting.source
    assert isinstance(setting.train, Mix)
    assert isinstance(setting.test, Mix)
    assert settings.get(name).__doc__
    assert get_setting(name) == setting


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        ("mimicgait", "3dcf32057383fc95f30d", "3dcf32057383fc95f30d"),
        ("rg-gait", "5600c2d8885324900654", "5600c2d8885324900654"),
        ("rg-gait-0.3", "5600c2d8885324900654", "1125a03d8b73b078c8fa"),
        ("occ-aware", "aff938c69c70ac8d0301", "aff938c69c70ac8d0301"),
    ],
)
def test_what_is_stored_under_them_stays_theirs(name, train, test):
    setting = get_setting(name)
    assert (key_of(setting.train), key_of(setting.test)) == (train, test)


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


def test_one_of_the_released_configurations_occludes_fewer_clips_at_test_time():
    setting = get_setting("rg-gait-0.3")
    assert setting.train == get_setting("rg-gait").train
    assert drawn_types(setting.test)["none"] == pytest.approx(0.7, abs=0.05)
