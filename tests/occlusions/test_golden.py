"""Outputs of the released code, reproduced pixel by pixel from its recorded draws."""

import json
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.base import Drawn, Occlusion, Step, make
from gaitbench.occlusions.cut import Bottom, Top
from gaitbench.occlusions.middle import Middle
from gaitbench.occlusions.moving import Patch, Pole
from tests.places import SHARED

GOLDEN = SHARED / "golden"
HAS_GOLDEN = (GOLDEN / "occlusions.json").is_file() and (GOLDEN / "occlusions.npz").is_file()

pytestmark = pytest.mark.skipif(
    not HAS_GOLDEN, reason="the released code's recorded outputs are not beside this checkout"
)


def cases(prefix: str) -> list[Any]:
    """Return the recorded cases of a family, as parameters."""
    if not HAS_GOLDEN:
        return [pytest.param({}, id=prefix)]
    listed = json.loads((GOLDEN / "occlusions.json").read_text(encoding="utf-8"))["cases"]
    chosen = [c for c in listed if c["case"].startswith(prefix)]
    return [pytest.param(c, id=c["case"]) for c in chosen]


@cache
def array(name: str) -> npt.NDArray[Any]:
    """Return one recorded array."""
    with np.load(GOLDEN / "occlusions.npz") as arrays:
        return np.asarray(arrays[name])


class Replay:
    """Stands in for the generator and returns the values that the released code drew, in order."""

    def __init__(self, draws: list[dict[str, Any]]) -> None:
        self.draws = [d for d in draws if d["args"] != [1.0, 1.0]]  # the pole's height: not drawn

    def uniform(self, low: float, high: float) -> float:
        draw = self.draws.pop(0)
        assert draw["args"] == [low, high]
        return float(draw["returned"])


def returned(case: dict[str, Any]) -> list[float]:
    return [draw["returned"] for draw in case["draws"]]


def apply(clip: npt.NDArray[np.uint8], drawn: Drawn) -> npt.NDArray[np.uint8]:
    """Occlude one clip [t, h, w]."""
    return occlude(torch.from_numpy(clip)[None], [drawn]).clips[0].numpy()


def at(generator: Occlusion, amount: float, clip: npt.NDArray[np.uint8]) -> Drawn:
    return generator.at(amount).draw(stream(0), *clip.shape)


def widened(clip: npt.NDArray[np.uint8], drawn: Drawn) -> tuple[npt.NDArray[np.uint8], Drawn]:
    """Return a clip with empty columns added to make it square, and steps that cut them off again.

    The released transforms stretch 44 columns to 64; so does a step that keeps 44 columns of 64.
    """
    t, h, w = clip.shape
    side = (h - w) // 2
    columns = np.full((t, 2), (side, side + w), np.int64)
    steps = [Step(s.boxes, s.mask, s.window, columns) for s in drawn.steps]
    wide = np.pad(clip, ((0, 0), (0, 0), (side, side)))
    return wide, Drawn(drawn.kind, drawn.amount, tuple(steps))


def assert_matches(case: dict[str, Any], output: npt.NDArray[np.uint8]) -> None:
    """Compare exactly with the released output, or with its float route's where they differ."""
    routes = [array(case["output"]) > 0]
    if case.get("pixels_differing_when_fed_as_float_0_1"):
        routes.append(array(f"{case['output']}_float01") > 0)
    differing = [int(((output > 0) != route).sum()) for route in routes]
    assert min(differing) == 0, differing


@pytest.mark.parametrize("case", cases("half_"))
def test_top_and_bottom(case):
    portion, coin = returned(case)
    clip = array(case["input"])
    drawn = at(Bottom() if coin < 0.5 else Top(), portion, clip)
    if clip.shape[2] != array(case["output"]).shape[2]:
        clip, drawn = widened(clip, drawn)
    assert_matches(case, apply(clip, drawn))


@pytest.mark.parametrize("case", cases("middle_"))
def test_middle(case):
    clip = array(case["input"])
    drawn = at(Middle(), returned(case)[0], clip)
    if clip.shape[2] != array(case["output"]).shape[2]:
        drawn = at(Middle(), returned(case)[0], np.zeros((len(clip), 64, 64), np.uint8))
        clip, drawn = widened(clip, drawn)
    assert_matches(case, apply(clip, drawn))


@pytest.mark.parametrize("case", [*cases("patch_"), *cases("pole_")])
def test_patch_and_pole(case):
    clip, args = array(case["input"]), case["args"]
    kind = Patch if case["case"].startswith("patch") else Pole
    generator = kind(tuple(args["width_range"]), tuple(args["velocity_range"]), "released-code")
    rng: Any = Replay(case["draws"])
    assert_matches(case, apply(clip, generator.draw(rng, *clip.shape)))
    assert not rng.draws


@pytest.mark.parametrize("case", cases("ven_"))
def test_detector_training_cut(case):
    clip = array("in_e")[int(case["case"].removeprefix("ven_"))][None]
    portion, kind = returned(case)
    output = clip
    if kind:
        generator = make(f"mimicgait.detector-{'bottom' if kind == 1 else 'top'}")
        output = apply(clip, at(generator, 1 - portion, clip))
    differing = (output[0] > 0) != (array(case["output"]) > 0)
    # The released code resizes uint8 frames in fixed point: a mix within half a grey level of the
    # threshold may fall on either side of it.
    assert differing.sum() <= 1
    assert (np.abs(stretched(clip, portion)[differing] - 0.5) <= 0.5 / 255).all()


def stretched(clip: npt.NDArray[np.uint8], portion: float) -> npt.NDArray[np.float64]:
    """Return the upper cut of a frame stretched in float64, not thresholded."""
    kept = int(portion * 64)
    part = torch.from_numpy(clip[:, :kept, kept // 2 : 64 - kept // 2] / 255.0)[None]
    return F.interpolate(part, (64, 64), mode="bilinear", align_corners=False)[0, 0].numpy()


OCC_AWARE = (
    None,
    "corner-top-right",
    "corner-top-left",
    "corner-bottom-left",
    "corner-bottom-right",
    "bottom",
    "top",
    "left",
    "right",
)


@pytest.mark.parametrize("case", cases("occ9_"))
def test_occ_aware(case):
    clip, kind = array(case["input"]), OCC_AWARE[case["draws"][0]["returned"]]
    output = clip
    if kind:
        generator = make(f"occ-aware.{kind}")
        amount = 0.5 if kind in ("left", "right") else case["occ_height"]
        output = apply(clip, at(generator, amount, clip))
    released = array(case["output"])
    differing = (output > 0) != (released > 0.5)
    if case["grey_levels_in_output"]:
        # Grey levels are kept there, to within one of 255: only there may the threshold be missed.
        assert (np.abs(released[differing] - 0.5) <= 1.5 / 255).all()
    else:
        assert not differing.any()
