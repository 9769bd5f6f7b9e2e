"""Mean over the parts of the Euclidean distance."""

from collections.abc import Iterator

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.core.registry import register
from gaitbench.evaluation.distances.base import PartDistance, blocks_of

# A squared distance below this share of the squared norm is rounding of the expansion, so it is
# zero. It hides differences of up to 3e-7 of the norm, which is what float32 embeddings resolve.
_ROUNDING = 1e-13


@register("euclidean")
class Euclidean(PartDistance):
    """Mean over the parts of the Euclidean distance.

    Computed as |a|² + |b|² − 2ab in float64: in float32 that expansion is off by up to 0.005 where
    neighbours differ by 0.009, while summing squared differences takes five times as long.
    Equal embeddings have distance exactly 0.

    Source: OpenGait's evaluation, without its float16 and float32 rounding.
    """

    about = "mean over the parts of the Euclidean distance"

    def of_part(self, probe: Doubles, gallery: Doubles) -> Iterator[tuple[slice, Doubles]]:
        """Yield distances of at least 0."""
        a_squared = np.square(probe).sum(axis=1, keepdims=True)
        b_squared = np.square(gallery).sum(axis=1, keepdims=True)
        # The norms ride along as two more channels: one matrix product, not three passes over it.
        left = np.hstack([-2 * probe, a_squared, np.ones_like(a_squared)])
        right = np.hstack([gallery, np.ones_like(b_squared), b_squared]).T
        for rows in blocks_of(len(probe)):
            squared = left[rows] @ right
            # This also removes every negative value: only equal embeddings can give one.
            np.copyto(squared, 0, where=squared < _ROUNDING * a_squared[rows])
            yield rows, np.sqrt(squared, out=squared)
