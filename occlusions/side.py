"""Left and right: the frame's side is hidden, as by a door post or a wall's end."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Range, Step


@register("left")
@dataclass(frozen=True)
class Left(Occlusion):
    """Columns are hidden from the left edge on.

    Args:
        amount: Hidden share of the frame width, from the edge; 0.5 is the whole half.

    Source: Occ-Aware. Its released code always hides the whole half (see `released.py`).
    """

    amount: Range = (0.2, 0.5)

    amount_of: ClassVar[str] = "share of the frame width"

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide the columns at the left edge."""
        columns = int(amount * w)
        return Step.hide(t, (0, h), (0, columns), columns_px=columns)


@register("right")
@dataclass(frozen=True)
class Right(Occlusion):
    """Columns are hidden up to the right edge.

    Args:
        amount: Hidden share of the frame width, from the edge; 0.5 is the whole half.

    Source: As for `Left`.
    """

    amount: Range = (0.2, 0.5)

    amount_of: ClassVar[str] = "share of the frame width"

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide the columns at the right edge."""
        columns = int(amount * w)
        return Step.hide(t, (0, h), (w - columns, w), columns_px=columns)
