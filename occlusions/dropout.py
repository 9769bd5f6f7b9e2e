"""Dropout: whole frames are lost, as when the walker is behind something or the detector fails."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Range, Step


@register("dropout")
@dataclass(frozen=True)
class Dropout(Occlusion):
    """Some frames of the clip are empty; the others are untouched.

    The number of lost frames is the amount times the clip's length, rounded up or down by chance so
    that the expected share is the amount for a clip of any length, one frame included.

    Args:
        amount: Lost share of the frames.

    Source: none; the range is this toolkit's choice.
    """

    amount: Range = (0.2, 0.5)

    amount_of: ClassVar[str] = "share of the frames"

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Empty frames chosen by chance."""
        lost = int(amount * t + rng.random())
        boxes = np.zeros((t, 1, 4), np.int64)
        boxes[rng.permutation(t)[:lost]] = (0, h, 0, w)
        return Step(boxes=boxes, parameters={"frames_lost": lost})
