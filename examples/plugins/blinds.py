"""An occlusion: vertical blinds, seen through a fence or between tree trunks.

gaitbench occlusions preview blinds --plugin examples/plugins/blinds.py
gaitbench run --protocol adaptability --adapt-to blinds --plugin examples/plugins/blinds.py
"""

from dataclasses import dataclass

import numpy as np

from gaitbench import Occlusion, Step, register


@register("blinds")
@dataclass(frozen=True)
class Blinds(Occlusion):
    """Vertical blinds: every other strip of four columns, over a share of the width."""

    amount: tuple[float, float] = (0.4, 0.8)

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide the strips of the left part of the frame."""
        hidden = np.zeros((t, h, w), dtype=bool)
        hidden[:, :, : round(amount * w)] = True
        hidden[:, :, np.arange(w) % 8 < 4] = False
        return Step(mask=hidden)
