"""Corners: a patch at one corner of the frame, half as wide as the frame."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Range, Step


@dataclass(frozen=True)
class _Corner(Occlusion):
    """What the four corners share; a subclass names its corner.

    Args:
        amount: Height of the patch as a share of the frame height; it is half as wide as the frame.

    Source: Occ-Aware (0.2–0.5), rows as rounded by its released code, which indexes frames instead
    of rows for three of the four corners (see `released.py`).
    """

    amount: Range = (0.2, 0.5)

    amount_of: ClassVar[str] = "share of the frame height, over half the width"
    _at_top: ClassVar[bool]
    _at_left: ClassVar[bool]

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide the patch."""
        rows = (0, int(amount * h)) if self._at_top else (int((1 - amount) * h), h)
        columns = (0, w // 2) if self._at_left else (w // 2, w)
        return Step.hide(t, rows, columns, rows_px=rows[1] - rows[0])


@register("corner-top-left")
@dataclass(frozen=True)
class CornerTopLeft(_Corner):
    """A patch at the upper left corner; arguments and source as for all corners."""

    _at_top: ClassVar[bool] = True
    _at_left: ClassVar[bool] = True


@register("corner-top-right")
@dataclass(frozen=True)
class CornerTopRight(_Corner):
    """A patch at the upper right corner; arguments and source as for all corners."""

    _at_top: ClassVar[bool] = True
    _at_left: ClassVar[bool] = False


@register("corner-bottom-left")
@dataclass(frozen=True)
class CornerBottomLeft(_Corner):
    """A patch at the lower left corner; arguments and source as for all corners."""

    _at_top: ClassVar[bool] = False
    _at_left: ClassVar[bool] = True


@register("corner-bottom-right")
@dataclass(frozen=True)
class CornerBottomRight(_Corner):
    """A patch at the lower right corner; arguments and source as for all corners."""

    _at_top: ClassVar[bool] = False
    _at_left: ClassVar[bool] = False
