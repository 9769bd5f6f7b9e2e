"""How early all mates come, not only the first."""

import pandas as pd

from gaitbench.core.arrays import Doubles
from gaitbench.core.registry import register
from gaitbench.evaluation.metrics.base import Metric


@register("map")
class MeanAveragePrecision(Metric):
    """Mean over a probe's mates of the precision at their ranks."""

    title, place = "mAP", 5

    @property
    def influence(self) -> str:
        """Through the ranks of all mates."""
        return "ap"

    def per_probe(self, rows: pd.DataFrame) -> Doubles:
        """Return the average precision."""
        return rows["ap"].to_numpy()


@register("minp")
class MeanInverseNegativePenalty(Metric):
    """Mates over the rank of the farthest: what it costs to see them all. Source: Ye et al., TPAMI 2021."""

    title, place = "mINP", 6

    @property
    def influence(self) -> str:
        """Through the rank of the farthest mate."""
        return "inp"

    def per_probe(self, rows: pd.DataFrame) -> Doubles:
        """Return the inverse negative penalty."""
        return rows["inp"].to_numpy()
