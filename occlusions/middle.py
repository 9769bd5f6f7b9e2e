"""Middle: a horizontal band, as a table, a barrier or a car in front of the walker."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Range, Step


@register("middle")
@dataclass(frozen=True)
class Middle(Occlusion):
    """A band around the centre of the height is hidden; head and feet stay in sight.

    Args:
        amount: Height of the band as a share of the frame height.

    Source: RG-Gait, middle occlusion (0.4–0.6); rows as rounded by its released transform, which
    fixes the amount to 0.5 (see `released.py`) and writes into its input.
    """

    amount: Range = (0.4, 0.6)

    amount_of: ClassVar[str] = "share of the frame height"

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide the band."""
        first, last = int((1 - amount) * h / 2), int((1 + amount) * h / 2)
        return Step.hide(t, (first, last), (0, w), rows_px=last - first)
