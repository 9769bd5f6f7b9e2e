"""Tamperings with the clips themselves."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaitbench.core.random_streams import stream
from gaitbench.core.registry import register
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.tampering.base import Tampering


@register("blank")
class Blank(Tampering):
    """Every frame is black."""

    title = "Blank clips"
    about = "every frame is black: no more than chance"
    place, begins_group, leaves_chance = 1, True, True

    def frames(
        self, whole: npt.NDArray[np.uint8], data: Silhouettes, sequences: Sequence[str], seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return black clips."""
        return np.zeros_like(whole)


@register("shuffled")
class Shuffled(Tampering):
    """The frames of a clip are in random order, before anything is hidden."""

    title = "Shuffled frames"
    about = "equal to the first row where order in time is not used"
    place = 5

    def frames(
        self, whole: npt.NDArray[np.uint8], data: Silhouettes, sequences: Sequence[str], seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return every clip in an order of its own."""
        orders = [
            stream(seed, "shuffled frames", data.name, name).permutation(whole.shape[1])
            for name in sequences
        ]
        return np.stack([clip[order] for clip, order in zip(whole, orders, strict=True)])
