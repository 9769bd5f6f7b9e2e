"""A distance: the median over the parts, which a hidden half of the body cannot dominate.

gaitbench run --distance median-part --plugin examples/plugins/median_part.py
"""

import numpy as np

from gaitbench import Distance, register


@register("median-part")
class MedianPart(Distance):
    """Median over the parts of the Euclidean distance."""

    about = "median over the parts of the Euclidean distance"

    def between(self, probe: np.ndarray, gallery: np.ndarray) -> np.ndarray:
        """Return distances [n, m] of embeddings [n, c, p] and [m, c, p]."""
        parts = [
            np.linalg.norm(probe[:, None, :, part] - gallery[None, :, :, part], axis=-1)
            for part in range(probe.shape[-1])
        ]
        return np.median(parts, axis=0)
