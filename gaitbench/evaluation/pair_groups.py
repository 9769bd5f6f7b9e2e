"""Pairs of a probe and a gallery entry that are also ranked by themselves, by what the two clips show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Floats, pd, rows_where
from gaitbench.occlusion.mix import NO_OCCLUSION, Mix

if TYPE_CHECKING:
    from gaitbench.evaluation.pairs import Positions

ALL_PAIRS = "all"
SAME_PART = "same part"
SHOWN_BY_BOTH = 0.5
"""Two clips show the same part if both show at least this much of what the one that shows less shows."""

COMMON_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Bounds of the groups of pairs by the share of the body that both show."""

MOST_TYPES = 3
"""Types of clips up to which pairs are also ranked type by type; beyond, by what both clips show."""


@dataclass(frozen=True)
class PairGroup:
    """Some of the pairs that a search compares.

    Args:
        name: In the column "pairs" of scores.
        allowed: Says for rows of probes [n] and of gallery entries [m] which pairs belong to it, [n, m].
        searched: Says which probes [n] are searched for at all; the others have no row.
        has_interval: Whether its values are printed with intervals; otherwise what people do as gallery,
            which takes longer than ranking, is not asked.
    """

    name: str
    allowed: Callable[[Positions, Positions], Bools]
    searched: Callable[[Positions], Bools]
    has_interval: bool = True


def _all_of(probes: Positions) -> Bools:
    return np.ones(len(probes), np.bool_)


EVERY_PAIR = PairGroup(
    ALL_PAIRS, lambda probes, gallery: np.ones((len(probes), len(gallery)), np.bool_), _all_of
)


def types_name(probe: str, gallery: str) -> str:
    """Return the name of the pairs of clips of two types.

    >>> types_name("top", "none")
    'top × none'
    """
    return f"{probe} × {gallery}"


def shares_name(low: float, high: float) -> str:
    """Return the name of the pairs that both show so much of the body.

    >>> shares_name(0.25, 0.5)
    'both show 25–50 %'
    """
    return f"both show {100 * low:g}–{100 * high:g} %"


def types_of(mix: Mix) -> tuple[str, ...]:
    """Return what may hide a clip under a mix, "none" where it may stay whole."""
    return mix.classes[0 if mix.share < 1 else 1 :] if mix.share else (NO_OCCLUSION,)


def compares_types(probe: Mix, gallery: Mix) -> bool:
    """Whether pairs are ranked type by type: both sides have few types, and one of them several."""
    counts = [len(types_of(mix)) for mix in (probe, gallery)]
    return 1 < max(counts) <= MOST_TYPES


def split_names(probe: Mix, gallery: Mix) -> tuple[str, ...]:
    """Return the names of the groups that split all pairs by what the two clips show."""
    if compares_types(probe, gallery):
        return tuple(types_name(p, g) for p in types_of(probe) for g in types_of(gallery))
    return tuple(shares_name(low, high) for low, high in pairwise(COMMON_SHARES))


@dataclass(frozen=True, eq=False)
class Shown:
    """What probes and gallery entries show of the body.

    Args:
        probes: Shape [n, cells]: which share of the body is seen in each cell of a coarse map, in [0, 1].
        gallery: Shape [m, cells].
        body: Shape [cells]: where an average body is, as shares that come to 1.
        probe_types: Shape [n]: what hides each probe.
        gallery_types: Shape [m]: what hides each gallery entry.
    """

    probes: Floats
    gallery: Floats
    body: Floats
    probe_types: npt.NDArray[np.str_]
    gallery_types: npt.NDArray[np.str_]

    def common(self, probes: Positions, gallery: Positions) -> Floats:
        """Return the share of an average body that both clips of each pair show, [n, m]."""
        return (self.probes[probes] * self.body) @ self.gallery[gallery].T

    def same_part(self, probes: Positions, gallery: Positions) -> Bools:
        """Return which pairs show the same part, see `SHOWN_BY_BOTH`."""
        least = np.minimum.outer(self.probes[probes] @ self.body, self.gallery[gallery] @ self.body)
        return (self.common(probes, gallery) >= SHOWN_BY_BOTH * least) & (least > 0)

    def groups(self, probe: Mix, gallery: Mix) -> list[PairGroup]:
        """Return the groups that are ranked beside all pairs where these mixes hide clips."""
        if not (probe.share or gallery.share):
            return []
        same = [PairGroup(SAME_PART, self.same_part, _all_of)]
        groups = same if probe.share and gallery.share else []
        if compares_types(probe, gallery):
            pairs = product(types_of(probe), types_of(gallery))
            return [*groups, *(self._of_types(*pair) for pair in pairs)]
        return [*groups, *(self._between(*bounds) for bounds in pairwise(COMMON_SHARES))]

    def _of_types(self, probe: str, gallery: str) -> PairGroup:
        def searched(probes: Positions) -> Bools:
            is_type: Bools = self.probe_types[probes] == probe
            return is_type

        def allowed(probes: Positions, entries: Positions) -> Bools:
            return np.outer(searched(probes), self.gallery_types[entries] == gallery)

        return PairGroup(types_name(probe, gallery), allowed, searched, has_interval=False)

    def _between(self, low: float, high: float) -> PairGroup:
        def allowed(probes: Positions, gallery: Positions) -> Bools:
            common = self.common(probes, gallery)
            return (common >= low) & ((common < high) | (high == COMMON_SHARES[-1]))

        return PairGroup(shares_name(low, high), allowed, _all_of, has_interval=False)


def rows_of_group(scores: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of scores that belong to a group of pairs."""
    return rows_where(scores, (scores["pairs"] == name).to_numpy())


def mean_body(bodies: Sequence[Floats]) -> Floats:
    """Return where an average body is, [cells], from those of several splits, [m, cells] each."""
    total: Floats = np.concatenate(bodies).sum(0)
    # Of blank clips nobody knows where the body is.
    share: Floats = total / max(float(total.sum()), 1e-6)
    return share
