"""Where the mates of every probe stand in its ranked gallery.

Everything follows from a distance matrix [n_probes, n_gallery] and the pairs of one and of two identities
that may be compared. Ties always count against the probe: an impostor at the same distance as a mate ranks
before it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Doubles, Floats, Integers


@dataclass(frozen=True, eq=False)
class Ranking:
    """What the ranked gallery says about every probe; all arrays have shape (n_probes,).

    Args:
        first_mate_rank: 1-based rank of the closest mate; 0 without a mate.
        ap: Average precision in [0, 1]; NaN without a mate.
        inp: Inverse negative penalty, mates / rank of the farthest mate; NaN without a mate.
        genuine: Distance of the closest mate; NaN without a mate.
        impostor: Distance of the closest impostor; NaN without an impostor.
        mates: Number of mates that may be compared.
        gallery: Number of gallery entries that may be compared.

    Source: OpenGait's evaluate_rank, taken from fast-reid; position settles ties there.
    """

    first_mate_rank: npt.NDArray[np.int64]
    ap: npt.NDArray[np.float64]
    inp: npt.NDArray[np.float64]
    genuine: npt.NDArray[np.float64]
    impostor: npt.NDArray[np.float64]
    mates: npt.NDArray[np.int64]
    gallery: npt.NDArray[np.int64]

    @classmethod
    def of(cls, order: "MateOrder", distances: Floats, impostor: Bools) -> Self:
        """Return what the order of these pairs, [n_probes, n_gallery], says."""
        has_mate = np.flatnonzero(order.n_mates)
        rank = np.zeros(len(distances), np.int64)
        ap, inp, genuine = np.full((3, len(distances)), np.nan)
        rank[has_mate], ap[has_mate], inp[has_mate] = order.of_ranks(
            order.ranks[has_mate], has_mate
        )
        genuine[has_mate] = order.mates[has_mate, 0]
        closest = np.where(impostor, distances, np.inf).min(axis=1, initial=np.inf)
        n_impostors = impostor.sum(axis=1)
        return cls(
            rank,
            ap,
            inp,
            genuine,
            np.where(n_impostors > 0, closest, np.nan),
            order.n_mates,
            order.n_mates + n_impostors,
        )


@dataclass(frozen=True, eq=False)
class MateOrder:
    """Where the mates of every probe stand among the impostors that are no farther than the farthest mate.

    Args:
        mates: Shape (n_probes, k), distances of the mates of each, sorted; inf after the last.
        n_mates: Shape (n_probes,).
        rows: Shape (q,), probe of each such impostor, in rising order.
        columns: Shape (q,), its gallery entry.
        mates_before: Shape (q,), how many mates are closer than it; an equal distance is not closer.
    """

    mates: npt.NDArray[np.float64]
    n_mates: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    mates_before: npt.NDArray[np.int64]

    @classmethod
    def of(cls, distances: Floats, genuine: Bools, impostor: Bools) -> Self:
        """Return the order of these pairs, [n_probes, n_gallery] each."""
        n_mates = genuine.sum(axis=1)
        rows, columns = np.nonzero(genuine)
        mates = np.full((len(distances), max(1, int(n_mates.max(initial=0)))), np.inf)
        first = np.cumsum(n_mates) - n_mates
        mates[rows, np.arange(len(rows)) - first[rows]] = distances[rows, columns]
        mates.sort(axis=1)
        farthest = np.where(n_mates > 0, mates[np.arange(len(mates)), n_mates - 1], -np.inf)
        # Impostors behind the farthest mate change nothing, and with a good model they are nearly all.
        rows, columns = np.nonzero(impostor & (distances <= farthest[:, None]))
        return cls(
            mates, n_mates, rows, columns, _count_closer(mates, rows, distances[rows, columns])
        )

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """1-based ranks of the mates, (n_probes, k); an impostor at the same distance ranks before."""
        n, k = self.mates.shape
        impostors = np.bincount(self.rows * k + self.mates_before, minlength=n * k).reshape(n, k)
        ranks: npt.NDArray[np.int64] = np.arange(1, k + 1) + impostors.cumsum(axis=1)
        return ranks

    def of_ranks(self, ranks: Integers, probes: Integers) -> tuple[Doubles, Doubles, Doubles]:
        """Return first rank, AP and INP of probes whose mates have these ranks, (len(probes), k)."""
        n_mates = self.n_mates[probes]
        place = np.arange(1, ranks.shape[1] + 1)
        precision = np.where(place <= n_mates[:, None], place / ranks, 0)
        last = ranks[np.arange(len(ranks)), n_mates - 1]
        return ranks[:, 0].astype(np.float64), precision.sum(axis=1) / n_mates, n_mates / last


def _count_closer(sorted_rows: Floats, rows: Integers, values: Floats) -> npt.NDArray[np.int64]:
    """Return how many entries of each value's row are below it, by bisection of all at once."""
    n_columns = sorted_rows.shape[1]
    flat, first = sorted_rows.ravel(), rows * n_columns
    count = np.zeros(len(values), np.int64)
    for step in (2**e for e in reversed(range(n_columns.bit_length()))):
        more = count + step
        is_below = flat[first + np.minimum(more, n_columns) - 1] < values
        count = np.where(is_below & (more <= n_columns), more, count)
    return count


def nearest(distances: Floats, genuine: Bools, impostor: Bools, *, k: int) -> npt.NDArray[np.int64]:
    """Return the `k` closest gallery entries of every probe, the closest first.

    An impostor at the same distance as a mate comes before it, as in `Ranking`.

    Args:
        distances: Shape (n_probes, n_gallery), smaller is closer, finite.
        genuine: Shape (n_probes, n_gallery): pairs of one identity that may be compared.
        impostor: Shape (n_probes, n_gallery): pairs of two identities that may be compared.
        k: At least 1.

    Returns:
        Shape (n_probes, k): columns of `distances`; -1 where a probe has fewer entries.
    """
    count = min(k, distances.shape[1])
    # By themselves, so that of entries that tie for the last place no mate pushes an impostor out.
    columns, values = zip(
        *(_smallest(distances, pairs, count) for pairs in (impostor, genuine)), strict=True
    )
    candidates, near = np.concatenate(columns, axis=1), np.concatenate(values, axis=1)
    mate = np.broadcast_to(np.arange(2 * count) >= count, near.shape)
    order = np.lexsort((candidates, mate, near), axis=1)[:, :count]
    closest = np.full((len(distances), k), -1, np.int64)
    closest[:, :count] = np.take_along_axis(candidates, order, 1)
    closest[:, :count][np.isinf(np.take_along_axis(near, order, 1))] = -1
    return closest


def _smallest(
    distances: Floats, allowed: Bools, count: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the columns and values of each row's smallest allowed distances; inf for the rest."""
    values = np.where(allowed, distances, np.float32(np.inf))
    columns = np.argpartition(values, count - 1, axis=1)[:, :count]
    return columns, np.take_along_axis(values, columns, 1)
