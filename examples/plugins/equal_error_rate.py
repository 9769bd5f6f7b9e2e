"""A metric: the equal error rate of an open set, from the closest mate and the closest impostor.

gaitbench run --plugin examples/plugins/equal_error_rate.py
gaitbench diff before/ after/ --metric eer --plugin examples/plugins/equal_error_rate.py
"""

import numpy as np
import pandas as pd

from gaitbench import Better, Metric, register


@register("eer")
class EqualErrorRate(Metric):
    """At the threshold at which as many probes miss their mate as accept an impostor."""

    title = "EER"
    better = Better.LOWER
    place = 20

    def per_probe(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the mean of a probe's two errors: 0, one half, or 1."""
        counted = rows[rows["mates"] > 0]
        genuine, impostor = (counted[name].dropna().to_numpy() for name in ("genuine", "impostor"))
        thresholds = np.unique(np.concatenate([genuine, impostor]))
        missed = (genuine[:, None] > thresholds).mean(0)
        accepted = (impostor[:, None] <= thresholds).mean(0)
        threshold = thresholds[np.argmin(np.abs(missed - accepted))]
        is_missed = (rows["genuine"] > threshold).to_numpy()
        is_accepted = (rows["impostor"] <= threshold).to_numpy()
        return (is_missed + 1.0 * is_accepted) / 2
