"""Options that do not fit are refused when a backbone is described, before there is a network."""

import pytest

from gaitbench.backbones.base import BackboneSpec, backbones
from gaitbench.backbones.gaitgl import GaitGL
from gaitbench.core.errors import ConfigurationError, UnknownNameError

WRONG = [
    (
        "gaitbase",
        {"widths": [1]},
        "'gaitbase': Unknown option 'widths'.*Known: channels, embedding",
    ),
    ("gaitbase", {"chanels": [1]}, "Did you mean 'channels'"),
    ("gaitbase", {"channels": [1, 2, 3]}, "3 channels, but 4 strides"),
    ("gaitbase", {"parts": 0}, "parts = 0: Input should be greater than or equal to 1"),
    ("gaitbase", {"parts": 10**30}, "parts = 10+: .*less than or equal to 65536"),
    ("gaitbase", {"parts": True}, "parts = True: Input should be a valid integer"),
    ("gaitbase", {"parts": "4"}, "parts = '4': Input should be a valid integer"),
    ("gaitbase", {"channels": 4}, "channels = 4: Input should be a valid tuple"),
    ("gaitbase", {"channels": []}, r"channels = \(\): .*at least 1 item"),
    ("deepgaitv2", {"mode": "r3d"}, "mode = 'r3d': Input should be '2d', '3d' or 'p3d'"),
    ("deepgaitv2", {"layers": [1, 1, 1]}, "has 4 stages, so layers must be as many"),
    ("deepgaitv2", {"layers": [1, 0, 1, 1]}, "layers.1 = 0: .*greater than or equal to 1"),
    ("gaitgl", {"variant": "huge"}, "variant = 'huge': Input should be 'small' or 'large'"),
    ("gaitgl", {"head": "none"}, "head = 'none': Input should be 'norm' or 'bnneck'"),
    (
        "gaitgl",
        {"variant": "large", "channels": [4, 4, 8]},
        "has 4 widths, so channels must be as many",
    ),
    ("gaitgl", {"exponent": 0}, "exponent = 0: Input should be greater than 0"),
    (
        "gaitpart",
        {"channels": [4, 8]},
        "has 3 or 4 pairs of convolutions, so channels must be as many",
    ),
    ("gaitpart", {"halvings": [0, 0, -1, 1]}, "halvings.2 = -1: .*greater than or equal to 0"),
    ("gaitpart", {"halvings": [0, 1]}, "has 4 pairs of convolutions, so halvings"),
    ("gaitpart", {"channels": [4, 4, 8, 8], "squeeze": 9}, "squeeze must be in 1 … 8"),
    ("gaitset", {"channels": [4, 8]}, "has 3 blocks, so channels must be as many"),
    ("gaitset", {"bins": [4, 0]}, "bins.1 = 0: "),
    ("swingait", {"layers": [1, 1, 1]}, "Got 3 layers and 2 channels"),
    ("swingait", {"size": [30, 21]}, r"both even. Got \[30, 21\]"),
    ("swingait", {"depths": [2]}, "Got 2, 1 and 2"),
    ("swingait", {"heads": [3, 4]}, "3 heads do not divide a width of 256"),
    ("swingait", {"window": [3, 3]}, "window.2 = "),
    ("swingait", {"window": [9, 9, 9]}, r"at most 512 tokens.*Got \[9, 9, 9\]"),
    ("swingait", {"depths": [60_000, 6_000]}, "depths = .*at most 65536 together, not 66000"),
    ("swingait", {"drop_path": 1.0}, "drop_path = 1.0: Input should be less than 1"),
]


@pytest.mark.parametrize(("name", "options", "message"), WRONG)
def test_options_that_do_not_fit_are_named(name, options, message):
    with pytest.raises(ConfigurationError, match=f"backbone '{name}'.*{message}|{message}"):
        BackboneSpec.of(name, options)


@pytest.mark.parametrize("name", backbones.names())
def test_defaults_fit(name):
    kind = backbones.get(name)
    assert BackboneSpec.of(name, {}).backbone() == kind()


def test_an_object_is_checked_like_a_spec():
    with pytest.raises(ConfigurationError, match="backbone 'gaitgl': variant = 'huge'"):
        GaitGL(variant="huge")


def test_an_unknown_backbone_has_close_matches():
    with pytest.raises(UnknownNameError, match="Did you mean 'gaitbase'"):
        BackboneSpec.of("gaitbas", {})


def test_lists_become_tuples_and_options_that_are_left_out_are_their_defaults():
    lists = BackboneSpec.of("gaitset", {"embedding": 8, "bins": [4, 2]})
    assert lists == BackboneSpec.of("gaitset", {"bins": (4, 2), "embedding": 8})
    assert hash(lists)
    assert lists.description() == {
        "": "GaitSet 1",
        "channels": [64, 128, 256],
        "bins": [4, 2],
        "embedding": 8,
    }
