"""Occlusions as the released code draws them, where that differs from the papers, by name.

Nothing here is registered: the generators under the plain names follow the papers. Here one can see
what a difference changes, and the tests compare these with outputs of the released code, pixel by
pixel.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from gaitbench.occlusion import Occlusion, Range, Step
from gaitbench.occlusions.corner import CornerTopRight
from gaitbench.occlusions.cut import Bottom, Top
from gaitbench.occlusions.middle import Middle
from gaitbench.occlusions.moving import Patch, Pole
from gaitbench.occlusions.side import Left, Right

Corner = Literal["top-left", "bottom-left", "bottom-right"]
"""A corner that Occ-Aware's released code means but does not hide; the fourth it hides."""


@dataclass(frozen=True)
class FrameCorner(Occlusion):
    """Three of the four corners in Occ-Aware's released code, which indexes frames, not rows.

    The share of the height that is meant becomes a number of *frames* at the clip's beginning (top)
    or end (bottom), and in those frames the upper (left) or lower (right) half is hidden, over the
    full width. Clips too short to reach the frames of a bottom corner stay whole.

    Args:
        amount: What is meant as a share of the frame height.
        corner: The corner that is meant.

    Source: Occ-Aware, released transform (0.2–0.5).
    """

    amount: Range = (0.2, 0.5)
    corner: Corner = "top-left"

    name: ClassVar[str] = "released-frame-corner"
    amount_of: ClassVar[str] = "share of the frame height, used to count frames"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("corner", ("top-left", "bottom-left", "bottom-right"))

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide half of the height in the frames that the code's indices name."""
        at_top, at_left = self.corner.startswith("top"), self.corner.endswith("left")
        boxes = np.zeros((t, 1, 4), np.int64)
        frames = slice(0, int(amount * h)) if at_top else slice(int((1 - amount) * h), None)
        # Half of the *width*, because the code means columns here.
        boxes[frames, 0] = (0, w // 2, 0, w) if at_left else (w // 2, h, 0, w)
        return Step(boxes=boxes)


@dataclass(frozen=True)
class DetectorCut(Occlusion):
    """Top or bottom as MimicGait's released code cuts them to train its visibility estimation.

    The sides are cut by half of the *kept* height each, so a person seen to 40 % keeps 60 % of the
    width, and the other way round.

    Args:
        amount: Cut share of the height. The released code draws what is kept, from the same range.
        side: "top" or "bottom": which part is cut off.

    Source: MimicGait, released detector training (kept share 0.4–0.6).
    """

    amount: Range = (0.4, 0.6)
    side: Literal["top", "bottom"] = "top"

    name: ClassVar[str] = "released-detector-cut"
    amount_of: ClassVar[str] = "share of the frame height"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("side", ("top", "bottom"))

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Keep the rows and columns that the released code keeps."""
        # The tolerance undoes 1 - (1 - p): the code rounds the kept share p down, where p·h is
        # whole too.
        kept = min(max(int((1 - amount) * h + 1e-9), 1), h)
        rows = (0, kept) if self.side == "bottom" else (h - kept, h)
        # Where all of the height is kept, nothing is cut at the sides either: holistic frames stay
        # whole.
        cut = min(kept // 2, (w - 1) // 2) if kept < h else 0
        return Step.keep(t, rows, (cut, w - cut))


PRESETS: Mapping[str, Callable[[], Occlusion]] = MappingProxyType(
    {
        "rg-gait.top": lambda: Top((0.1, 0.6)),
        "rg-gait.bottom": lambda: Bottom((0.1, 0.6)),
        "rg-gait.middle": lambda: Middle((0.5, 0.5)),
        "rg-gait.patch": lambda: Patch((0.3, 0.5), motion="released-code"),
        "rg-gait.pole": lambda: Pole(motion="released-code"),
        "mimicgait.detector-top": lambda: DetectorCut(side="top"),
        "mimicgait.detector-bottom": lambda: DetectorCut(side="bottom"),
        "occ-aware.corner-top-right": lambda: CornerTopRight(),
        "occ-aware.corner-top-left": lambda: FrameCorner(corner="top-left"),
        "occ-aware.corner-bottom-left": lambda: FrameCorner(corner="bottom-left"),
        "occ-aware.corner-bottom-right": lambda: FrameCorner(corner="bottom-right"),
        "occ-aware.bottom": lambda: Bottom((0.2, 0.5), fit="crop"),
        "occ-aware.top": lambda: Top((0.2, 0.5), fit="crop"),
        "occ-aware.left": lambda: Left((0.5, 0.5)),
        "occ-aware.right": lambda: Right((0.5, 0.5)),
    }
)
"""Released readings by the name of their code base and type. All give binary frames; the released
Occ-Aware code leaves grey levels after resizing."""
