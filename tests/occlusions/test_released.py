import numpy as np
import pytest
import torch

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.base import grid_names, make, occlusions

EXPECTED = {
    "rg-gait": ("top", "bottom", "middle", "patch", "pole"),
    "mimicgait": ("detector-top", "detector-bottom"),
    "occ-aware": (
        *("top", "bottom", "left", "right"),
        *("corner-top-left", "corner-top-right", "corner-bottom-left", "corner-bottom-right"),
    ),
}
NAMES = [f"{code}.{kind}" for code, kinds in EXPECTED.items() for kind in kinds]


def test_released_readings_are_there_by_name_and_in_no_grid():
    assert sorted(n for n, kind in occlusions.items() if kind.released) == sorted(NAMES)
    assert set(grid_names()) == set(occlusions.names()) - set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_reading_hides_something_and_says_whose_it_is(name, make_clip):
    generator = make(name)
    clip = make_clip(60, 64, 44)
    done = occlude(clip[None], [generator.draw(stream(0), 60, 64, 44)])
    assert 0 < float(done.share) < 1
    assert "released" in (type(generator).__doc__ or "")


@pytest.mark.parametrize(
    ("name", "plain", "options"),
    [
        ("rg-gait.top", "top", {"amount": (0.1, 0.6)}),
        ("rg-gait.bottom", "bottom", {"amount": (0.1, 0.6)}),
        ("rg-gait.middle", "middle", {"amount": (0.5, 0.5)}),
        ("rg-gait.patch", "patch", {"amount": (0.3, 0.5), "motion": "released-code"}),
        ("rg-gait.pole", "pole", {"motion": "released-code"}),
        ("occ-aware.top", "top", {"amount": (0.2, 0.5), "fit": "crop"}),
        ("occ-aware.bottom", "bottom", {"amount": (0.2, 0.5), "fit": "crop"}),
        ("occ-aware.left", "left", {"amount": (0.5, 0.5)}),
        ("occ-aware.right", "right", {"amount": (0.5, 0.5)}),
        ("occ-aware.corner-top-right", "corner-top-right", {}),
    ],
)
def test_a_reading_is_the_plain_generator_with_other_options(name, plain, options, clips):
    t, h, w = clips.shape[1:]
    for k in range(3):
        drawn = [
            make(name).draw(stream(k), t, h, w),
            make(plain, **options).draw(stream(k), t, h, w),
        ]
        assert drawn[0].parameters == drawn[1].parameters
        done = occlude(clips[:1].expand(2, -1, -1, -1), drawn)
        assert torch.equal(done.clips[0], done.clips[1])


@pytest.mark.parametrize(
    ("corner", "frames", "rows"),
    [
        ("top-left", slice(0, 16), slice(0, 22)),
        ("bottom-left", slice(48, None), slice(0, 22)),
        ("bottom-right", slice(48, None), slice(22, 64)),
    ],
)
def test_frames_are_indexed_instead_of_rows(corner, frames, rows):
    generator = make(f"occ-aware.corner-{corner}", amount=(0.25, 0.25))
    done = occlude(torch.ones((1, 50, 64, 44)), [generator.draw(stream(0), 50, 64, 44)])
    expected = torch.zeros((50, 64, 44), dtype=torch.bool)
    expected[frames, rows] = True
    assert torch.equal(done.hidden[0], expected)
    short = occlude(torch.ones((1, 8, 64, 44)), [generator.draw(stream(0), 8, 64, 44)])
    assert bool(short.hidden.any()) == (corner == "top-left")


@pytest.mark.parametrize("side", ["top", "bottom"])
def test_the_detector_s_cut_narrows_by_the_kept_height(side):
    drawn = make(f"mimicgait.detector-{side}", amount=(0.6, 0.6)).draw(stream(0), 1, 64, 64)
    window, columns = drawn.steps[0].window, drawn.steps[0].columns
    assert window is not None
    assert columns is not None
    assert np.diff(window).tolist() == [[25]]
    assert columns.tolist() == [[12, 52]]


def test_unknown_words_are_refused():
    with pytest.raises(ConfigurationError, match="corner='top-right' must be one of 'top-left'"):
        make("occ-aware.corner-top-left", corner="top-right")
    with pytest.raises(ConfigurationError, match="side='left' must be one of 'top', 'bottom'"):
        make("mimicgait.detector-top", side="left")
