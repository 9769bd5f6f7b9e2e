"""Distances between part embeddings: smaller is closer.

A distance takes probe embeddings [n, c, p] and gallery embeddings [m, c, p] and returns [n, m].
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import ProtocolError, UnknownNameError

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Distance = Callable[[Floats, Floats], npt.NDArray[np.float32]]

# Probes handled at a time: enough rows for an efficient matrix product, few enough for the block of
# float64 squares to stay near the cache.
_PROBES_AT_ONCE = 128

# A squared distance below this share of the squared norm is rounding of the expansion, so it is
# zero. It hides differences of up to 3e-7 of the norm, which is what float32 embeddings resolve.
_ROUNDING = 1e-13


def euclidean(probe: Floats, gallery: Floats) -> npt.NDArray[np.float32]:
    """Return the mean over the parts of the Euclidean distance.

    Computed as |a|² + |b|² − 2ab in float64: in float32 that expansion is off by up to 0.005 where
    neighbours differ by 0.009, while summing squared differences takes five times as long.
    Equal embeddings have distance exactly 0.

    Args:
        probe: Shape (n, c, p), finite.
        gallery: Shape (m, c, p), finite.

    Returns:
        Shape (n, m).

    Raises:
        ProtocolError: If the shapes do not fit or a value is not finite.

    Source: OpenGait's evaluation, without its float16 and float32 rounding.
    """
    check_embeddings(probe, gallery)
    total = np.zeros((len(probe), len(gallery)), np.float32)
    for a, b in _parts(probe, gallery):
        a_squared = np.square(a).sum(axis=1, keepdims=True)
        b_squared = np.square(b).sum(axis=1, keepdims=True)
        # The norms ride along as two more channels: one matrix product, not three passes over it.
        left = np.hstack([-2 * a, a_squared, np.ones_like(a_squared)])
        right = np.hstack([b, np.ones_like(b_squared), b_squared]).T
        for rows in _blocks(len(probe)):
            squared = left[rows] @ right
            # This also removes every negative value: only equal embeddings can give one.
            np.copyto(squared, 0, where=squared < _ROUNDING * a_squared[rows])
            total[rows] += np.sqrt(squared, out=squared)
    total /= probe.shape[2]
    return total


def cosine(probe: Floats, gallery: Floats) -> npt.NDArray[np.float32]:
    """Return 1 − the mean over the parts of the cosine similarity, in [0, 2].

    A part that is zero everywhere is orthogonal to all others.

    Args:
        probe: Shape (n, c, p), finite.
        gallery: Shape (m, c, p), finite.

    Returns:
        Shape (n, m).

    Raises:
        ProtocolError: If the shapes do not fit or a value is not finite.

    Source: OpenGait's evaluation.
    """
    check_embeddings(probe, gallery)
    total = np.zeros((len(probe), len(gallery)), np.float32)
    for a, b in _parts(probe, gallery):
        left, right = _unit(a), _unit(b).T
        for rows in _blocks(len(probe)):
            similarity = left[rows] @ right
            total[rows] += np.subtract(1, similarity, out=similarity)
    total /= probe.shape[2]
    # Rounding takes equal embeddings a little below 0.
    return np.clip(total, 0, 2, out=total)


DISTANCES: dict[str, Distance] = {"euclidean": euclidean, "cosine": cosine}


def get_distance(name: str) -> Distance:
    """Return the distance with this name.

    Raises:
        UnknownNameError: If there is none.
    """
    try:
        return DISTANCES[name]
    except KeyError:
        raise UnknownNameError("distance", name, DISTANCES) from None


def check_embeddings(probe: Floats, gallery: Floats) -> None:
    """Check that two sets of embeddings can be compared.

    Raises:
        ProtocolError: If they are not [n, c, p] and [m, c, p], or not finite.
    """
    if probe.ndim != 3 or gallery.ndim != 3 or probe.shape[1:] != gallery.shape[1:]:
        raise ProtocolError(
            f"Probe embeddings of shape {probe.shape} cannot be compared with gallery embeddings "
            f"of shape {gallery.shape}: both must be [sequences, channels, parts] of one model."
        )
    for role, embeddings in (("probe", probe), ("gallery", gallery)):
        bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=(1, 2)))
        if len(bad):
            shown = ", ".join(map(str, bad[:10])) + (", …" if len(bad) > 10 else "")
            raise ProtocolError(
                f"{len(bad)} of {len(embeddings)} {role} embeddings hold NaN or infinite values "
                f"(rows {shown}). A model whose training diverged gives these: look at its loss, "
                "lower the learning rate and train it again."
            )


def _parts(probe: Floats, gallery: Floats) -> Iterator[tuple[Doubles, Doubles]]:
    """Yield each part's vectors, [n, c] and [m, c].

    A part lies scattered over the memory of all embeddings, so it is gathered once here, not once
    for every block of probes.
    """
    for part in range(probe.shape[2]):
        yield probe[:, :, part].astype(np.float64), gallery[:, :, part].astype(np.float64)


CELLS_AT_ONCE = 8_000_000
"""Cells of a distance matrix held at once; with masks and float64 steps about 20 bytes each."""


def rows_at_once(gallery: int) -> int:
    """Return how many probes are compared at once with a gallery of this size."""
    return max(1, CELLS_AT_ONCE // gallery)


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _PROBES_AT_ONCE):
        yield slice(start, min(start + _PROBES_AT_ONCE, n))


def _unit(vectors: Doubles) -> Doubles:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Doubles = vectors / np.where(norms > 0, norms, 1)
    return unit
