"""Metrics of identification and verification, per probe first.

Everything follows from a distance matrix [n_probes, n_gallery], the identities of its rows and
columns, and the pairs that may be compared. Ties always count against the probe: an impostor at the
same distance as a mate ranks before it, and a genuine pair at the distance of the first rejected
impostor is rejected.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import ProtocolError, UnknownNameError
from gaitbench.evaluation.distances import Floats

Integers = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]
NoMate = Literal["drop", "miss", "miss-ranks"]
"""What becomes of probes without a mate: left out; counted as 0 in every average; counted as misses in
Rank-k and left out of every other average. All three are found in released evaluators."""

Convention = Literal["largest", "interpolated"]
"""Of the rate at a false accept rate that no threshold meets exactly; see `tar_at_far`."""


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
        others = distances[i, impostor[i]]
        mates = np.sort(distances[i, genuine[i]])
        if len(others):
            best_impostor[i] = others.min()
        if not len(mates):
            continue
        ranks = _ranks(mates, others)
        rank[i], best_genuine[i] = ranks[0], mates[0]
        found = np.arange(1, len(mates) + 1)
        ap[i] = (found / ranks).mean()
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
    some, near = np.concatenate(columns, axis=1), np.concatenate(values, axis=1)
    mate = np.broadcast_to(np.arange(2 * count) >= count, near.shape)
    order = np.lexsort((some, mate, near), axis=1)[:, :count]
    found = np.full((len(distances), k), -1, np.int64)
    found[:, :count] = np.take_along_axis(some, order, 1)
    found[:, :count][np.isinf(np.take_along_axis(near, order, 1))] = -1
    return found


def _smallest(
    distances: Floats, allowed: Bools, count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the columns and values of each row's smallest allowed distances; inf for the rest."""
    values = np.where(allowed, distances, np.inf)
    columns = np.argpartition(values, count - 1, axis=1)[:, :count]
    return columns, np.take_along_axis(values, columns, 1)


def rank_k(first_mate_rank: Integers, *, k: int, no_mate: NoMate = "drop") -> float:
    """Return the fraction of probes with a mate among their `k` closest gallery entries.

    Args:
        first_mate_rank: Shape (n_probes,), 1-based; 0 marks a probe without a mate.
        k: At least 1.
        no_mate: What becomes of probes without a mate, see `average`.

    Returns:
        A value in [0, 1].

    Raises:
        ProtocolError: If no probe has a mate.
    """
    has_mate = first_mate_rank > 0
    ranked: NoMate = "miss" if no_mate == "miss-ranks" else no_mate
    return average(has_mate & (first_mate_rank <= k), has_mate, no_mate=ranked)


def average(values: npt.NDArray[np.generic], has_mate: Bools, *, no_mate: NoMate = "drop") -> float:
    """Return the mean over the probes of a per-probe metric.

    Args:
        values: Shape (n_probes,); entries of probes without a mate are not read.
        has_mate: Shape (n_probes,).
        no_mate: "drop" leaves probes without a mate out, "miss" counts them as 0; "miss-ranks" is
            "drop" here and "miss" in `rank_k`.

    Returns:
        The mean; of `ap` that is the mAP, of `inp` the mINP.

    Raises:
        ProtocolError: If no probe has a mate.
        UnknownNameError: If `no_mate` is another word.
    """
    if no_mate not in get_args(NoMate):
        raise UnknownNameError("rule for probes without a mate", no_mate, get_args(NoMate))
    if not has_mate.any():
        raise ProtocolError(
            f"None of {len(has_mate)} probes has a mate in its gallery, so there is nothing to "
            "average. Compare probes and gallery of the same identities."
        )
    found = values[has_mate].astype(np.float64)
    return float(found.sum() / len(values) if no_mate == "miss" else found.mean())


def allowed_impostors(far: float, n_impostors: int) -> int:
    """Return the largest number of accepted impostor pairs whose share does not exceed `far`.

    Args:
        far: False accept rate in [0, 1].
        n_impostors: Number of all impostor pairs.

    Raises:
        ProtocolError: If `far` is not a share in [0, 1].
    """
    if not 0 <= far <= 1:
        raise ProtocolError(
            f"far={far:g} is not a false accept rate in [0, 1]. Divide per cent by 100."
        )
    # 0.29 · 100 is 28.999…: start one below and compare the shares themselves.
    count = max(int(far * n_impostors) - 1, 0)
    while count < n_impostors and (count + 1) / n_impostors <= far:
        count += 1
    return count


def far_threshold(nearest_impostors: Floats, n_impostors: int, far: float) -> float:
    """Return the distance below which pairs are accepted.

    The share of impostor pairs strictly below it is at most `far`, and no larger threshold keeps
    that. With fewer than 1 / `far` impostor pairs, none is accepted. Impostors at the threshold are
    all rejected.

    Args:
        nearest_impostors: Distances of the nearest impostor pairs, in any order, at least
            `allowed_impostors(far, n_impostors)` + 1 of them or all.
        n_impostors: Number of all impostor pairs.
        far: False accept rate in [0, 1].

    Returns:
        A distance; infinity if all impostors may be accepted, NaN if there are none.
    """
    allowed = allowed_impostors(far, n_impostors)
    if n_impostors == 0:
        return float("nan")
    if allowed == n_impostors:
        return float("inf")
    return float(np.partition(nearest_impostors, allowed)[allowed])


def tar_at_far(
    distances: Floats,
    probe_ids: Integers,
    gallery_ids: Integers,
    valid: Bools,
    *,
    far: float,
    convention: Convention = "largest",
) -> npt.NDArray[np.float64]:
    """Return the share of every probe's genuine pairs that one threshold for all probes accepts.

    With the convention "largest", the threshold gives the largest true accept rate with a false accept
    rate of at most `far` over all pairs; a genuine pair tied with the first rejected impostor is
    rejected. "interpolated" goes on from there on a straight line to the next point of the ROC curve;
    the two differ only where genuine pairs and impostors tie. A probe without a mate has NaN. The mean
    weighted by the number of genuine pairs is the rate over all pairs.

    Args:
        distances: Shape (n_probes, n_gallery), smaller is closer, finite.
        probe_ids: Shape (n_probes,).
        gallery_ids: Shape (n_gallery,).
        valid: Shape (n_probes, n_gallery); False excludes a pair.
        far: False accept rate in [0, 1].
        convention: See above.

    Returns:
        Shape (n_probes,), in [0, 1] or NaN; all NaN without impostor pairs.

    Raises:
        UnknownNameError: If `convention` is another word.
    """
    if convention not in get_args(Convention):
        raise UnknownNameError("convention of TAR@FAR", convention, get_args(Convention))
    genuine = valid & (probe_ids[:, None] == gallery_ids[None, :])
    impostors = distances[valid & ~genuine]
    threshold = far_threshold(impostors, len(impostors), far)
    pairs = distances[genuine], np.nonzero(genuine)[0], genuine.sum(axis=1)
    share = accepted_share(*pairs, threshold)
    if convention == "largest" or not np.isfinite(threshold):
        return share
    below, up_to = (impostors < threshold).mean(), (impostors <= threshold).mean()
    tied = accepted_share(*pairs, np.nextafter(threshold, np.inf))
    interpolated: npt.NDArray[np.float64] = share + (far - below) / (up_to - below) * (tied - share)
    return interpolated


def accepted_share(
    genuine_distances: Floats, probes: Integers, mates: Integers, threshold: float
) -> npt.NDArray[np.float64]:
    """Return the share of every probe's genuine pairs that are closer than `threshold`.

    Args:
        genuine_distances: Shape (n_genuine,), the distances of all genuine pairs.
        probes: Shape (n_genuine,), the row of each pair's probe.
        mates: Shape (n_probes,), the number of genuine pairs of each probe.
        threshold: From `far_threshold`.

    Returns:
        Shape (n_probes,); NaN without a mate or with a NaN threshold.
    """
    share = np.full(len(mates), np.nan)
    if np.isnan(threshold):
        return share
    accepted = np.bincount(probes, weights=genuine_distances < threshold, minlength=len(mates))
    np.divide(accepted, mates, out=share, where=mates > 0)
    return share


def chance_rank_k(mates: Integers, gallery: Integers, *, k: int) -> npt.NDArray[np.float64]:
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
