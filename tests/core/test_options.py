"""Options against their annotations, as values and as text."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import pytest

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.options import (
    Share,
    check_fields,
    make_with,
    option_names,
    read_options,
)

if TYPE_CHECKING:
    from collections import Counter


@dataclass(frozen=True)
class Thing:
    share: Share = 0.5
    size: int = 3
    is_on: bool = False
    kind: Literal["first", "second"] = "first"
    sizes: tuple[int, ...] = (1, 2)
    title: ClassVar[str] = "Thing"

    def __post_init__(self):
        check_fields(self, "thing 'x'")


def test_a_class_fact_is_no_option():
    assert option_names(Thing) == ["share", "size", "is_on", "kind", "sizes"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"siez": 3}, r"thing 'x': Unknown option 'siez'\. Did you mean 'size' or 'sizes'"),
        ({"share": 2}, "thing 'x': share = 2: Input should be less than or equal to 1"),
        ({"size": 3.0}, "thing 'x': size = 3.0: Input should be a valid integer"),
        ({"size": "3"}, "size = '3'"),
        ({"is_on": 1}, "is_on = 1"),
        ({"kind": "third"}, "kind = 'third': Input should be 'first' or 'second'"),
        ({"sizes": (1, None)}, "sizes.1 = None"),
        ({"title": "x"}, "Unknown option 'title'"),
    ],
)
def test_a_value_that_does_not_fit_is_named(options, message):
    with pytest.raises(ConfigurationError, match=message):
        make_with(Thing, options, "thing 'x'")


def test_a_whole_number_for_a_share_stays_whole():
    # It is another text in a key.
    assert isinstance(make_with(Thing, {"share": 1}, "thing 'x'").share, int)


def test_text_becomes_what_the_annotation_says():
    texts = {"share": "0.25", "size": "7", "is_on": "true", "kind": "second", "new": "x"}
    values = read_options(Thing, texts, "thing 'x'")
    assert values == {"share": 0.25, "size": 7, "is_on": True, "kind": "second", "new": "x"}


@pytest.mark.parametrize("texts", [{"size": "x"}, {"share": "1.5"}, {"sizes": "1"}])
def test_text_that_does_not_fit_is_named(texts):
    ((name, text),) = texts.items()
    with pytest.raises(ConfigurationError, match=f"thing 'x': {name} = '{text}'"):
        read_options(Thing, texts, "thing 'x'")


def test_annotations_that_cannot_be_checked_are_left_alone():
    class Own:
        pass

    @dataclass(frozen=True)
    class Odd:
        own: Own
        unknown: "Counter[str]"

    check_fields(Odd(3, 4), "odd")
    assert read_options(Odd, {"own": "x"}, "odd") == {"own": "x"}

    @dataclass(frozen=True)
    class Half:
        own: Own
        size: int = 3

    with pytest.raises(ConfigurationError, match="size = 'x'"):
        check_fields(Half(Own(), "x"), "half")
