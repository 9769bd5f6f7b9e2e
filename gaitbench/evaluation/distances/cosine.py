"""One less the mean over the parts of the cosine similarity."""

from collections.abc import Iterator

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.core.registry import register
from gaitbench.evaluation.distances.base import PartDistance, blocks_of


@register("cosine")
class Cosine(PartDistance):
    """1 − the mean over the parts of the cosine similarity.

    A part that is zero everywhere is orthogonal to all others.

    Source: OpenGait's evaluation.
    """

    about = "1 − the mean over the parts of the cosine similarity"

    def of_part(self, probe: Doubles, gallery: Doubles) -> Iterator[tuple[slice, Doubles]]:
        """Yield distances in [0, 2]."""
        left, right = _unit(probe), _unit(gallery).T
        for rows in blocks_of(len(probe)):
            similarity = left[rows] @ right
            distances = np.subtract(1, similarity, out=similarity)
            # Rounding takes equal embeddings a little above a similarity of 1.
            yield rows, np.clip(distances, 0, 2, out=distances)


def _unit(vectors: Doubles) -> Doubles:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Doubles = vectors / np.where(norms > 0, norms, 1)
    return unit
