"""One less the mean over the parts of the cosine similarity."""

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles, Floats
from gaitbench.core.registry import register
from gaitbench.evaluation.distances.base import Distance, blocks_of, parts_of


@register("cosine")
class Cosine(Distance):
    """1 − the mean over the parts of the cosine similarity.

    A part that is zero everywhere is orthogonal to all others.

    Source: OpenGait's evaluation.
    """

    about = "1 − the mean over the parts of the cosine similarity"

    def between(self, probe: Floats, gallery: Floats) -> npt.NDArray[np.float32]:
        """Return distances in [0, 2]."""
        total = np.zeros((len(probe), len(gallery)), np.float32)
        for a, b in parts_of(probe, gallery):
            left, right = _unit(a), _unit(b).T
            for rows in blocks_of(len(probe)):
                similarity = left[rows] @ right
                total[rows] += np.subtract(1, similarity, out=similarity)
        total /= probe.shape[2]
        # Rounding takes equal embeddings a little below 0.
        return np.clip(total, 0, 2, out=total)


def _unit(vectors: Doubles) -> Doubles:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Doubles = vectors / np.where(norms > 0, norms, 1)
    return unit
