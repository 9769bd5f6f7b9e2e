"""Occlusions as the released code draws them, registered as "<code base>.<type>".

The generators under the plain names follow the papers. With these one can see what a difference
changes: they are there where they are asked for by name, and in no grid. The tests compare them with
outputs of the released code, pixel by pixel. All give binary frames; the released Occ-Aware code leaves
grey levels after resizing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import ClassVar, Literal, get_type_hints

import numpy as np

from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Range, Step
from gaitbench.occlusions.corner import CornerTopRight
from gaitbench.occlusions.cut import Bottom, Top
from gaitbench.occlusions.middle import Middle
from gaitbench.occlusions.moving import Patch, Pole
from gaitbench.occlusions.side import Left, Right

Corner = Literal["top-left", "bottom-left", "bottom-right"]
"""A corner that Occ-Aware's released code means but does not hide; the fourth it hides."""

Half = Literal["top", "bottom"]
"""Which part is cut off."""


@dataclass(frozen=True)
class _FrameCorner(Occlusion):
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

    released: ClassVar[bool] = True
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
class _DetectorCut(Occlusion):
    """Top or bottom as MimicGait's released code cuts them to train its visibility estimation.

    The sides are cut by half of the *kept* height each, so a person seen to 40 % keeps 60 % of the
    width, and the other way round.

    Args:
        amount: Cut share of the height. The released code draws what is kept, from the same range.
        side: "top" or "bottom": which part is cut off.

    Source: MimicGait, released detector training (kept share 0.4–0.6).
    """

    amount: Range = (0.4, 0.6)
    side: Half = "top"

    released: ClassVar[bool] = True
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


@dataclass(frozen=True)
class Reading:
    """A generator with other defaults, under a name of its own.

    Args:
        name: As registered.
        kind: Name of its class in descriptions, which keys depend on.
        base: The generator.
        about: One line for lists.
        defaults: By field of the generator.
    """

    name: str
    kind: str
    base: type[Occlusion]
    about: str
    defaults: Mapping[str, object] = field(default_factory=dict)

    def to_class(self) -> type[Occlusion]:
        """Return the generator's class."""
        hints = get_type_hints(self.base)
        fields = [(name, hints[name], value) for name, value in self.defaults.items()]
        facts = {"released": True, "__doc__": self.about, "__module__": __name__}
        return make_dataclass(self.kind, fields, bases=(self.base,), frozen=True, namespace=facts)


READINGS = (
    Reading(
        "rg-gait.top", "RGGaitTop", Top,
        "RG-Gait's released range of the upper cut.", {"amount": (0.1, 0.6)},
    ),
    Reading(
        "rg-gait.bottom", "RGGaitBottom", Bottom,
        "RG-Gait's released range of the lower cut.", {"amount": (0.1, 0.6)},
    ),
    Reading(
        "rg-gait.middle", "RGGaitMiddle", Middle,
        "RG-Gait's released band, always half of the height.", {"amount": (0.5, 0.5)},
    ),
    Reading(
        "rg-gait.patch", "RGGaitPatch", Patch,
        "RG-Gait's released patch: smaller, always from left to right.",
        {"amount": (0.3, 0.5), "motion": "released-code"},
    ),
    Reading(
        "rg-gait.pole", "RGGaitPole", Pole,
        "RG-Gait's released pole, always from left to right.", {"motion": "released-code"},
    ),
    Reading(
        "mimicgait.detector-top", "DetectorTop", _DetectorCut,
        "MimicGait's released upper cut of its detector's training, which narrows the frame too.",
    ),
    Reading(
        "mimicgait.detector-bottom", "DetectorBottom", _DetectorCut,
        "MimicGait's released lower cut of its detector's training, which narrows the frame too.",
        {"side": "bottom"},
    ),
    Reading(
        "occ-aware.top", "OccAwareTop", Top,
        "Occ-Aware's released upper cut, which also cuts the sides.",
        {"amount": (0.2, 0.5), "fit": "crop"},
    ),
    Reading(
        "occ-aware.bottom", "OccAwareBottom", Bottom,
        "Occ-Aware's released lower cut, which also cuts the sides.",
        {"amount": (0.2, 0.5), "fit": "crop"},
    ),
    Reading(
        "occ-aware.left", "OccAwareLeft", Left,
        "Occ-Aware's released left side, always the whole half.", {"amount": (0.5, 0.5)},
    ),
    Reading(
        "occ-aware.right", "OccAwareRight", Right,
        "Occ-Aware's released right side, always the whole half.", {"amount": (0.5, 0.5)},
    ),
    Reading(
        "occ-aware.corner-top-right", "OccAwareCornerTopRight", CornerTopRight,
        "The one corner that Occ-Aware's released code hides as the paper says.",
    ),
    Reading(
        "occ-aware.corner-top-left", "OccAwareCornerTopLeft", _FrameCorner,
        "Occ-Aware's released upper left corner, which selects frames instead of rows.",
    ),
    Reading(
        "occ-aware.corner-bottom-left", "OccAwareCornerBottomLeft", _FrameCorner,
        "Occ-Aware's released lower left corner, which selects frames instead of rows.",
        {"corner": "bottom-left"},
    ),
    Reading(
        "occ-aware.corner-bottom-right", "OccAwareCornerBottomRight", _FrameCorner,
        "Occ-Aware's released lower right corner, which selects frames instead of rows.",
        {"corner": "bottom-right"},
    ),
)  # fmt: skip

for _reading in READINGS:
    # Under its name in this module, so that processes can hand each other its objects.
    globals()[_reading.kind] = register(_reading.name)(_reading.to_class())
