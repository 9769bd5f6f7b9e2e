"""TAR@FAR: genuine pairs that are accepted where few impostor pairs are."""

from typing import ClassVar

import pandas as pd

from gaitbench.core.arrays import Doubles
from gaitbench.core.registry import register
from gaitbench.evaluation.metrics.base import Metric
from gaitbench.evaluation.verification import tar_column


class AcceptRate(Metric):
    """The accepted share of a probe's genuine pairs, at one threshold for all probes of a search."""

    far: ClassVar[float]

    @property
    def influence(self) -> str:
        """Through the threshold, which depends on all impostor pairs."""
        return tar_column(self.far)

    def per_probe(self, rows: pd.DataFrame) -> Doubles:
        """Return the accepted share."""
        return rows[tar_column(self.far)].to_numpy()


@register("tar_far_0.01")
class AcceptRateAt1Percent(AcceptRate):
    """At a false accept rate of 1 %."""

    title, far, place = "TAR@FAR=1%", 0.01, 7


@register("tar_far_0.001")
class AcceptRateAt01Percent(AcceptRate):
    """At a false accept rate of 0.1 %."""

    title, far, place = "TAR@FAR=0.1%", 0.001, 8
