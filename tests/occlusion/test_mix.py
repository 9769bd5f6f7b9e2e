import pytest

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.random_streams import stream
from gaitbench.occlusion.base import make, occlusions
from gaitbench.occlusion.mix import Mix
from gaitbench.occlusion.setting import get_setting


def drawn_types(mix, n=2000):
    rng = stream(0, "test")
    types = [mix.draw(rng, 4, 16, 11)[0] for _ in range(n)]
    return {name: types.count(i) / n for i, name in enumerate(mix.classes)}


def test_balanced_gives_every_type_and_none_equally_often():
    shares = drawn_types(get_setting("mimicgait").train.balanced())
    assert all(share == pytest.approx(1 / 3, abs=0.04) for share in shares.values())


def test_one_more_generator_keeps_the_share_and_the_order_of_types():
    mix = get_setting("rg-gait").train
    more = mix.plus(make("middle"))
    assert more.share == mix.share
    assert more.classes == (*mix.classes, "middle")
    assert more.plus(make("middle")) == more


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
    top = make("top")
    with pytest.raises(ConfigurationError, match="stands twice"):
        Mix((top, top), 1.0)


def test_a_mix_is_made_from_names():
    top, bottom = (occlusions.get(name)(amount=(0.4, 0.6)) for name in ("top", "bottom"))
    assert Mix.of(("top", "bottom"), (0.4, 0.6), 0.5) == Mix((top, bottom), 0.5)
    with pytest.raises(UnknownNameError, match="Did you mean 'bottom'"):
        Mix.of(("botom",), (0.4, 0.6), 0.5)
