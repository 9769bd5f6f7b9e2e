"""Where the mates of every probe stand in its ranked gallery.

Everything follows from a distance matrix [n_probes, n_gallery], the identities of its rows and
columns, and the pairs that may be compared. Ties always count against the probe: an impostor at the
same distance as a mate ranks before it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Floats, Integers


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
    """

    first_mate_rank: npt.NDArray[np.int64]
    ap: npt.NDArray[np.float64]
    inp: npt.NDArray[np.float64]
    genuine: npt.NDArray[np.float64]
    impostor: npt.NDArray[np.float64]
    mates: npt.NDArray[np.int64]
    gallery: npt.NDArray[np.int64]


def rank_mates(
    distances: Floats, probe_ids: Integers, gallery_ids: Integers, valid: Bools
) -> Ranking:
    """Rank the gallery of every probe and describe where its mates are.

    An impostor at the same distance as a mate ranks before it. Probes without a mate keep a row.

    Args:
        distances: Shape (n_probes, n_gallery), smaller is closer, finite.
        probe_ids: Shape (n_probes,).
        gallery_ids: Shape (n_gallery,).
        valid: Shape (n_probes, n_gallery); False excludes a pair.

    Returns:
        One value per probe and quantity.

    Source: OpenGait's evaluate_rank, taken from fast-reid; position settles ties there.
    """
    n = len(distances)
    genuine = valid & (probe_ids[:, None] == gallery_ids[None, :])
    impostor = valid & ~genuine
    rank = np.zeros(n, np.int64)
    ap, inp, best_genuine, best_impostor = np.full((4, n), np.nan)
    for i in range(n):
        impostors = distances[i, impostor[i]]
        mates = np.sort(distances[i, genuine[i]])
        if len(impostors):
            best_impostor[i] = impostors.min()
        if not len(mates):
            continue
        ranks = _ranks(mates, impostors)
        rank[i], best_genuine[i] = ranks[0], mates[0]
        n_mates = np.arange(1, len(mates) + 1)
        ap[i] = (n_mates / ranks).mean()
        inp[i] = len(mates) / ranks[-1]
    return Ranking(
        rank, ap, inp, best_genuine, best_impostor, genuine.sum(axis=1), valid.sum(axis=1)
    )


def _ranks(mates: Floats, impostors: Floats) -> npt.NDArray[np.int64]:
    """Return the 1-based ranks of the sorted distances `mates` among themselves and `impostors`."""
    # Impostors behind the farthest mate change nothing, and with a good model they are nearly all.
    near = np.sort(impostors[impostors <= mates[-1]])
    return np.arange(1, len(mates) + 1) + np.searchsorted(near, mates, side="right")


def nearest(
    distances: Floats, probe_ids: Integers, gallery_ids: Integers, valid: Bools, *, k: int
) -> npt.NDArray[np.int64]:
    """Return the `k` closest gallery entries of every probe, the closest first.

    An impostor at the same distance as a mate comes before it, as in `rank_mates`.

    Args:
        distances: Shape (n_probes, n_gallery), smaller is closer, finite.
        probe_ids: Shape (n_probes,).
        gallery_ids: Shape (n_gallery,).
        valid: Shape (n_probes, n_gallery); False excludes a pair.
        k: At least 1.

    Returns:
        Shape (n_probes, k): columns of `distances`; -1 where a probe has fewer entries.
    """
    count = min(k, distances.shape[1])
    same = probe_ids[:, None] == gallery_ids
    # By themselves, so that of entries that tie for the last place no mate pushes an impostor out.
    columns, values = zip(
        *(_smallest(distances, valid & kind, count) for kind in (~same, same)), strict=True
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
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the columns and values of each row's smallest allowed distances; inf for the rest."""
    values = np.where(allowed, distances, np.inf)
    columns = np.argpartition(values, count - 1, axis=1)[:, :count]
    return columns, np.take_along_axis(values, columns, 1)
