"""What a metric is: a number per probe, of which every average and every interval is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np

from gaitbench.core.arrays import Doubles, pd
from gaitbench.core.plugin_errors import calling, returned, wrong
from gaitbench.core.registry import Registry
from gaitbench.core.units import Better, Unit

ROUNDING = 1e-9
"""By how much a share may leave [0, 1]."""

NoMate = Literal["drop", "miss", "miss-ranks"]
"""What becomes of probes without a mate: left out; counted as 0 in every average; counted as misses in
Rank-k and left out of every other average. All three are in released evaluators."""


class Metric(ABC):
    """A number of every probe that has a mate; of a method it is the mean (see `CountedRows`).

    It is computed from stored scores when they are read, so a new metric needs no new evaluation.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """As printed."""

    unit: ClassVar[Unit] = Unit.PERCENT
    better: ClassVar[Better] = Better.HIGHER

    is_share: ClassVar[bool] = True
    """Whether its values lie in [0, 1]."""

    is_rank: ClassVar[bool] = False
    """Whether "miss-ranks" counts a probe without a mate, as 0."""

    in_main_tables: ClassVar[bool] = False
    """Whether comparison tables have a column of it; the table of all metrics always has one."""

    place: ClassVar[int] = 100
    """Where it stands among the columns: the smallest is first."""

    @property
    def influence(self) -> str:
        """Which of `GalleryInfluence.columns` say what each identity does to it as gallery; "" if none do.

        Intervals of such a metric are about other probes against this gallery.
        """
        return ""

    @abstractmethod
    def per_probe(self, rows: pd.DataFrame) -> Doubles:
        """Return the metric of every row of scores, shape (rows,).

        Args:
            rows: As `gaitbench.evaluation.retrieval.score_probes` returns them. Values of rows without a
                mate (`mates` is 0) are not read.

        Returns:
            NaN where it is undefined, such as a verification rate of a gallery without impostors: means
            over such probes are then printed as not available.
        """

    def chance(self, rows: pd.DataFrame) -> Doubles | None:
        """Return what ranking each gallery at random would give, shape (rows,); None if unknown."""
        return None

    @classmethod
    def has_chance(cls) -> bool:
        """Whether it says what a random ranking would give."""
        return cls.chance is not Metric.chance

    def values(self, rows: pd.DataFrame) -> Doubles:
        """Return `per_probe`, checked; 0 for rows without a mate, NaN where it is undefined.

        Raises:
            PluginError: If a plug-in's `per_probe` raises, or returns something else.
        """
        with calling(self, "per_probe"):
            values = self.per_probe(rows)
        return self._checked("per_probe", values, rows)

    def chances(self, rows: pd.DataFrame) -> Doubles | None:
        """Return `chance`, checked; 0 for rows without a mate.

        Raises:
            PluginError: If a plug-in's `chance` raises, or returns something else.
        """
        with calling(self, "chance"):
            values = self.chance(rows)
        return None if values is None else self._checked("chance", values, rows)

    def _checked(self, method: str, values: object, rows: pd.DataFrame) -> Doubles:
        with calling(self, method):
            numbers = np.asarray(values)
        fits = numbers.shape == (len(rows),) and numbers.dtype.kind in "fiub"
        expected = f"{len(rows)} numbers, one per row of scores"
        returned(self, method, values, object, expected, fits=fits)
        has_mate = rows["mates"].to_numpy() > 0
        numbers = np.where(has_mate, numbers, 0).astype(np.float64)
        least, most = (-ROUNDING, 1 + ROUNDING) if self.is_share else (-np.inf, np.inf)
        is_right = np.isfinite(numbers) & (least <= numbers) & (numbers <= most)
        bad = numbers[~(is_right | np.isnan(numbers))]
        if len(bad):
            rule = "lie in [0, 1], or is_share be False" if self.is_share else "be finite"
            what = f"returned {bad[0]} for a probe with a mate; its values must {rule}; NaN is undefined."
            raise wrong(self, method, what)
        return numbers

    def counts_without_mate(self, no_mate: NoMate) -> bool:
        """Whether probes without a mate count, as 0."""
        return no_mate == "miss" or (no_mate == "miss-ranks" and self.is_rank)


metrics: Registry[Metric] = Registry("metric", Metric, homes=("gaitbench.evaluation.metrics",))


def get_metric(name: str) -> Metric:
    """Return the metric registered under `name`; UnknownNameError otherwise."""
    return metrics.make(name)


def all_metrics() -> list[Metric]:
    """Return every metric, in the order of columns."""
    return [metrics.make(name) for name in metrics.names()]


def main_metrics() -> list[Metric]:
    """Return the metrics of comparison tables, in the order of columns."""
    return [metric for metric in all_metrics() if metric.in_main_tables]
