"""A tampering for the sanity panel: every clip stands still. What is lost was read from motion.

gaitbench run --plugin examples/plugins/frozen_walk.py
"""

from collections.abc import Sequence

import numpy as np

from gaitbench import Tampering, register
from gaitbench.data.silhouettes import Silhouettes


@register("frozen-walk")
class FrozenWalk(Tampering):
    """The middle frame of a clip takes the place of all."""

    title = "Frozen walk"
    about = "the middle frame is repeated: what is below the first row was read from motion"
    place = 6

    def frames(
        self, whole: np.ndarray, data: Silhouettes, sequences: Sequence[str], seed: int
    ) -> np.ndarray:
        """Return clips [n, t, h, w] of one frame each."""
        middle = whole[:, whole.shape[1] // 2, None]
        return np.repeat(middle, whole.shape[1], axis=1)
