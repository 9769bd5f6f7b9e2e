import re

import numpy as np
import pytest
import torch

from gaitbench.errors import ConfigurationError
from gaitbench.occlude import occlude
from gaitbench.occlusion import occlusions
from gaitbench.occlusions.released import PRESETS, DetectorCut, FrameCorner
from gaitbench.random_streams import stream


@pytest.mark.parametrize("name", PRESETS)
def test_presets_draw(name, make_clip):
    assert re.fullmatch(r"(rg-gait|mimicgait|occ-aware)\.[a-z-]+", name)
    generator = PRESETS[name]()
    clip = make_clip(60, 64, 44)
    done = occlude(clip[None], [generator.draw(stream(0), 60, 64, 44)])
    assert 0 < float(done.share) < 1
    documentation = type(generator).__doc__ or ""
    assert generator.name in occlusions.names() or "released" in documentation


@pytest.mark.parametrize(
    ("corner", "frames", "rows"),
    [
        ("top-left", slice(0, 16), slice(0, 22)),
        ("bottom-left", slice(48, None), slice(0, 22)),
        ("bottom-right", slice(48, None), slice(22, 64)),
    ],
)
def test_frames_are_indexed_instead_of_rows(corner, frames, rows):
    generator = FrameCorner((0.25, 0.25), corner)
    done = occlude(torch.ones((1, 50, 64, 44)), [generator.draw(stream(0), 50, 64, 44)])
    expected = torch.zeros((50, 64, 44), dtype=torch.bool)
    expected[frames, rows] = True
    assert torch.equal(done.hidden[0], expected)
    short = occlude(torch.ones((1, 8, 64, 44)), [generator.draw(stream(0), 8, 64, 44)])
    assert bool(short.hidden.any()) == (corner == "top-left")


@pytest.mark.parametrize("side", ["top", "bottom"])
def test_the_detector_s_cut_narrows_by_the_kept_height(side):
    drawn = DetectorCut((0.6, 0.6), side).draw(stream(0), 1, 64, 64)
    window, columns = drawn.steps[0].window, drawn.steps[0].columns
    assert window is not None
    assert columns is not None
    assert np.diff(window).tolist() == [[25]]
    assert columns.tolist() == [[12, 52]]


def test_unknown_words_are_refused():
    with pytest.raises(ConfigurationError, match="corner='top-right' must be one of 'top-left'"):
        FrameCorner(corner="top-right")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="side='left' must be one of 'top', 'bottom'"):
        DetectorCut(side="left")  # type: ignore[arg-type]
