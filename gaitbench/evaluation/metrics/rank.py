"""Rank-k: whether a mate is among the closest k."""

from typing import ClassVar

import numpy as np
import pandas as pd

from gaitbench.core.arrays import Bools, Doubles, Integers
from gaitbench.core.registry import register
from gaitbench.evaluation.gallery_influence import RANKS
from gaitbench.evaluation.metrics.base import Metric


class RankK(Metric):
    """1 where a mate is among the `k` closest gallery entries, else 0."""

    k: ClassVar[int]
    is_rank = True

    @property
    def influence(self) -> str:
        """Known of the usual ranks."""
        return f"rank_{self.k}" if self.k in RANKS else ""

    def per_probe(self, rows: pd.DataFrame) -> Doubles:
        """Return 1 or 0."""
        rank = rows["rank"].to_numpy()
        within: Bools = (rank > 0) & (rank <= self.k)
        return within.astype(np.float64)

    def chance(self, rows: pd.DataFrame) -> Doubles:
        """Return the chance of a mate among `k` entries of a gallery in random order."""
        return chance_rank_k(rows["mates"].to_numpy(), rows["gallery"].to_numpy(), k=self.k)


@register("rank_1")
class Rank1(RankK):
    """The closest entry is a mate."""

    title, k, place, in_main_tables = "Rank-1", 1, 1, True


@register("rank_5")
class Rank5(RankK):
    """A mate is among the closest five."""

    title, k, place, in_main_tables = "Rank-5", 5, 2, True


@register("rank_10")
class Rank10(RankK):
    """A mate is among the closest ten."""

    title, k, place = "Rank-10", 10, 3


@register("rank_20")
class Rank20(RankK):
    """A mate is among the closest twenty."""

    title, k, place = "Rank-20", 20, 4


def chance_rank_k(mates: Integers, gallery: Integers, *, k: int) -> Doubles:
    """Return each probe's chance of a mate among `k` entries if its gallery were ranked at random.

    One minus the hypergeometric probability of drawing `k` of `gallery` entries without any of the
    `mates`: 1 − Π (gallery − mates − i) / (gallery − i) for i = 0 … k − 1.

    Args:
        mates: Shape (n_probes,).
        gallery: Shape (n_probes,), mates included.
        k: At least 1.

    Returns:
        Shape (n_probes,), in [0, 1]; 0 without a mate.
    """
    impostors = gallery - mates
    missed = np.ones(len(mates))
    for i in range(k):
        # A draw from an exhausted gallery changes nothing.
        missed *= np.where(
            i < gallery, np.maximum(impostors - i, 0) / np.maximum(gallery - i, 1), 1
        )
    return 1 - missed
