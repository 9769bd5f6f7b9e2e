"""What a distance is: smaller is closer.

A distance takes probe embeddings [n, c, p] and gallery embeddings [m, c, p] and returns [n, m].
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles, Floats
from gaitbench.core.errors import ProtocolError
from gaitbench.core.plugin_errors import calling, returned, wrong
from gaitbench.core.registry import Registry

_ALL_NEUTRAL = 1e-6
"""Rounding of a mean of distances that are all neutral."""

Rows = slice | npt.NDArray[np.int64]
"""Some of the probes, or of the gallery."""

# Probes handled at a time: enough rows for an efficient matrix product, few enough for the block of
# float64 squares to stay near the cache.
PROBES_AT_ONCE = 128


NEUTRAL_WEIGHT = 1 / 16
"""Of the neutral distance, where all parts together weigh 1 if both clips are whole."""

SAMPLED = 512
"""Gallery entries whose distances to each other say what a neutral distance is."""


@dataclass(frozen=True, eq=False)
class PairVisibility:
    """What probes and gallery entries show of each part, for distances that weigh parts by it.

    Args:
        probe: Shape (n, p), in [0, 1].
        gallery: Shape (m, p), in [0, 1].
        neutral: Distance of two clips that show nothing in common.
    """

    probe: Floats
    gallery: Floats
    neutral: float

    def of(self, probes: Rows, gallery: Rows) -> Self:
        """Return what some of the probes and entries show."""
        return replace(self, probe=self.probe[probes], gallery=self.gallery[gallery])

    def weights(self, rows: slice, part: int) -> Doubles:
        """Return the weight of a part in each pair of these probes with all entries.

        Squared, because an embedding of half a part is far less than half as good.
        """
        probe, gallery = (
            np.square(v[:, part], dtype=np.float64) for v in (self.probe, self.gallery)
        )
        return np.outer(probe[rows], gallery)


class Distance(ABC):
    """A distance between part embeddings. Equal embeddings have distance 0."""

    name: ClassVar[str]
    about: ClassVar[str]
    """One line for lists."""

    version: ClassVar[int] = 1
    """Raised when the same embeddings get other distances than before."""

    def __call__(
        self, probe: Floats, gallery: Floats, visibility: PairVisibility | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the distance of every pair, checked.

        Args:
            probe: Shape (n, c, p), finite.
            gallery: Shape (m, c, p), finite.
            visibility: Of their parts, if the method says.

        Returns:
            Shape (n, m).

        Raises:
            ProtocolError: If the shapes do not fit or a value is not finite.
            PluginError: If a plug-in's `between` raises, or returns a wrong shape or values that are not
                finite.
        """
        check_embeddings(probe, gallery)
        method = "between" if visibility is None else "between_visible"
        with calling(self, method):
            values = (
                self.between(probe, gallery)
                if visibility is None
                else self.between_visible(probe, gallery, visibility)
            )
            distances = np.asarray(values)
        shape = (len(probe), len(gallery))
        fits = distances.shape == shape and distances.dtype.kind in "fiub"
        expected = f"{shape[0]}×{shape[1]} numbers, probes × gallery"
        returned(self, method, values, object, expected, fits=fits)
        distances = distances.astype(np.float32, copy=False)
        bad = distances[~np.isfinite(distances)]
        if len(bad):
            raise wrong(
                self,
                method,
                f"returned {bad[0]} for {len(bad)} of {distances.size} pairs; distances must be finite.",
            )
        return distances

    @abstractmethod
    def between(self, probe: Floats, gallery: Floats) -> npt.NDArray[np.float32]:
        """Return the distance of every pair, shape (n, m), of embeddings that were checked."""

    def between_visible(
        self, probe: Floats, gallery: Floats, visibility: PairVisibility
    ) -> npt.NDArray[np.float32]:
        """Return the same where methods say what is visible; by default, that is not used."""
        return self.between(probe, gallery)

    def pair_visibility(
        self, gallery: Floats, of_probes: Floats, of_gallery: Floats
    ) -> PairVisibility:
        """Return what weighs parts, with the mean distance of gallery entries as the neutral one.

        Args:
            gallery: Embeddings of the whole gallery, shape (m, c, p), whose parts share what is neutral.
            of_probes: Visibility of the parts of probes, shape (n, p).
            of_gallery: Likewise, shape (m, p).
        """
        sample = np.unique(np.linspace(0, len(gallery) - 1, SAMPLED).astype(np.int64))
        others = ~np.eye(len(sample), dtype=np.bool_)

        def mean_at(neutral: float) -> float:
            among = PairVisibility(of_gallery[sample], of_gallery[sample], neutral)
            distances = self(gallery[sample], gallery[sample], among)[others]
            return float(distances.mean(dtype=np.float64)) if distances.size else neutral

        # The mean depends linearly on the neutral distance: the one that equals it is looked for.
        at_0, at_1 = mean_at(0.0), mean_at(1.0)
        slope = at_1 - at_0
        # Where no two entries share anything, the mean is whatever is neutral.
        neutral = at_0 / (1 - slope) if slope < 1 - _ALL_NEUTRAL else 0.0
        return PairVisibility(of_probes, of_gallery, neutral)


class PartDistance(Distance):
    """A mean over the parts, weighed by what both clips show of each where methods say so."""

    @abstractmethod
    def of_part(self, probe: Doubles, gallery: Doubles) -> Iterator[tuple[slice, Doubles]]:
        """Yield the distances of some probes to all entries, in one part, and of which probes.

        Args:
            probe: Shape (n, c).
            gallery: Shape (m, c).
        """

    def between(self, probe: Floats, gallery: Floats) -> npt.NDArray[np.float32]:
        """Return the mean over the parts."""
        total = np.zeros((len(probe), len(gallery)), np.float32)
        for part in parts_of(probe, gallery):
            for rows, distances in self.of_part(*part):
                total[rows] += distances
        total /= probe.shape[2]
        return total

    def between_visible(
        self, probe: Floats, gallery: Floats, visibility: PairVisibility
    ) -> npt.NDArray[np.float32]:
        """Return the weighted mean over the parts, drawn to the neutral distance where little is shared."""
        n_parts = probe.shape[2]
        total, weight = np.zeros((2, len(probe), len(gallery)), np.float32)
        for number, part in enumerate(parts_of(probe, gallery)):
            for rows, distances in self.of_part(*part):
                weights = visibility.weights(rows, number) / n_parts
                total[rows] += weights * distances
                weight[rows] += weights
        total += np.float32(NEUTRAL_WEIGHT * visibility.neutral)
        weight += np.float32(NEUTRAL_WEIGHT)
        total /= weight
        return total


distances: Registry[Distance] = Registry(
    "distance", Distance, homes=("gaitbench.evaluation.distances",)
)


def get_distance(name: str) -> Distance:
    """Return the distance registered under `name`; UnknownNameError otherwise."""
    return distances.make(name)


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


def parts_of(probe: Floats, gallery: Floats) -> Iterator[tuple[Doubles, Doubles]]:
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


def blocks_of(n: int) -> Iterator[slice]:
    """Yield slices of `n` probes, `PROBES_AT_ONCE` each."""
    for start in range(0, n, PROBES_AT_ONCE):
        yield slice(start, min(start + PROBES_AT_ONCE, n))
