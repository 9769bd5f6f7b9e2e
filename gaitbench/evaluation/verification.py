"""Verification: which pairs of a probe and a gallery entry a threshold accepts.

A genuine pair at the distance of the first rejected impostor is rejected.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Floats, Integers
from gaitbench.core.errors import ProtocolError, UnknownNameError

Convention = Literal["largest", "interpolated"]
"""Of the rate at a false accept rate that no threshold meets exactly; see `tar_at_far`."""


def tar_column(far: float) -> str:
    """Return the name of the column of scores that holds TAR at this false accept rate."""
    return f"tar_far_{far:g}"


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
        convention: "largest" or "interpolated".

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


@dataclass(eq=False)
class Pairs:
    """Distances for verification over more pairs than fit into memory: only those that a threshold needs.

    Args:
        keep: How many impostor pairs: `allowed_impostors` of the largest rate and all pairs, plus one, plus
            what one identity of the gallery has at most, for the threshold without it.
    """

    keep: int
    n_impostors: int = 0
    _nearest: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    _identities: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _of_identity: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _genuine: list[npt.NDArray[np.float32]] = field(default_factory=list)
    _rows: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def add(
        self,
        distances: npt.NDArray[np.float32],
        genuine: Bools,
        impostor: Bools,
        gallery_ids: npt.NDArray[np.int64],
        *,
        first_row: int,
    ) -> None:
        """Take a block of pairs, [n, m], whose first row belongs to row `first_row` of the scores."""
        self._genuine.append(distances[genuine])
        self._rows.append(np.nonzero(genuine)[0] + first_row)
        nearest = np.concatenate([self._nearest, distances[impostor]])
        identities = np.broadcast_to(gallery_ids, distances.shape)[impostor]
        self.n_impostors += len(identities)
        self._of_identity = _sum_of_counts(self._of_identity, np.bincount(identities))
        identities = np.concatenate([self._identities, identities])
        if len(nearest) > self.keep:
            kept = np.argpartition(nearest, self.keep - 1)[: self.keep]
            nearest, identities = nearest[kept], identities[kept]
        self._nearest, self._identities = nearest, identities

    def accepted_share(self, mates: npt.NDArray[np.int64], far: float) -> npt.NDArray[np.float64]:
        """Return the share of each row's genuine pairs that are accepted at this false accept rate."""
        threshold = far_threshold(self._nearest, self.n_impostors, far)
        return accepted_share(
            np.concatenate(self._genuine), np.concatenate(self._rows), mates, threshold
        )

    def changes_without(
        self, n_identities: int, far: float
    ) -> Iterator[tuple[int, npt.NDArray[np.int64], int]]:
        """Yield which genuine pairs change sides without the impostor pairs of an identity of the gallery.

        Args:
            n_identities: Of the gallery, codes from 0.
            far: False accept rate in [0, 1].

        Yields:
            Identity; the row of every pair that changes; 1 if these are accepted then, -1 if rejected.
        """
        threshold = far_threshold(self._nearest, self.n_impostors, far)
        order = np.argsort(self._nearest, kind="stable")
        nearest, identities = self._nearest[order], self._identities[order]
        places = np.split(
            np.argsort(identities, kind="stable"),
            np.cumsum(np.bincount(identities, minlength=n_identities))[:-1],
        )
        genuine, rows = np.concatenate(self._genuine), np.concatenate(self._rows)
        order = np.argsort(genuine, kind="stable")
        genuine, rows = genuine[order], rows[order]
        for identity, n_own in enumerate(self._of_identity):
            n_left = self.n_impostors - int(n_own)
            # Without any impostor there is no rate, and nothing to compare with.
            if n_own == 0 or n_left == 0:
                continue
            other = _threshold_without(nearest, places[identity], n_left, far)
            low, high = np.searchsorted(genuine, sorted((threshold, other)), side="left")
            if low < high:
                yield identity, rows[low:high], 1 if other > threshold else -1


def _threshold_without(
    nearest: Floats, own: npt.NDArray[np.int64], n_left: int, far: float
) -> float:
    """Return `far_threshold` of sorted distances without those at the sorted positions `own`."""
    allowed = allowed_impostors(far, n_left)
    if allowed == n_left:
        return float("inf")
    # Of the own ones, those count as passed in front of which no more than `allowed` others stand.
    passed = np.searchsorted(own - np.arange(len(own)), allowed, side="right")
    return float(nearest[allowed + passed])


def _sum_of_counts(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    total = np.zeros(max(len(first), len(second)), np.int64)
    total[: len(first)] += first
    total[: len(second)] += second
    return total
