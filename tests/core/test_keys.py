from dataclasses import dataclass

import numpy as np
import pytest

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.keys import canonical, key_of
from gaitbench.occlusion.setting import get_setting


@dataclass(frozen=True)
class Left:
    a: int
    b: tuple[float, ...]


@dataclass(frozen=True)
class Right:
    a: int
    b: tuple[float, ...]


def test_equal_descriptions_have_equal_keys():
    assert key_of(Left(1, (0.5,))) == key_of(Left(1, (0.5,)))
    assert key_of({"x": 1, "y": 2}) == key_of({"y": 2, "x": 1})


def test_type_and_value_count():
    assert key_of(Left(1, ())) != key_of(Right(1, ()))
    assert key_of(Left(1, ())) != key_of(Left(2, ()))


def test_generators_are_told_apart_by_their_class():
    top, bottom = get_setting("mimicgait").train.generators
    assert key_of(top) != key_of(bottom)
    assert key_of(top) != key_of(top.at(0.5))


def test_what_is_no_description_is_refused():
    with pytest.raises(ConfigurationError, match="ndarray"):
        canonical(np.zeros(3))
