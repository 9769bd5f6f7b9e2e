"""What a distance is: smaller is closer.

A distance takes probe embeddings [n, c, p] and gallery embeddings [m, c, p] and returns [n, m].
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles, Floats
from gaitbench.core.errors import ProtocolError
from gaitbench.core.plugin_errors import calling, returned, wrong
from gaitbench.core.registry import Registry

# Probes handled at a time: enough rows for an efficient matrix product, few enough for the block of
# float64 squares to stay near the cache.
PROBES_AT_ONCE = 128


class Distance(ABC):
    """A distance between part embeddings. Equal embeddings have distance 0."""

    name: ClassVar[str]
    about: ClassVar[str]
    """One line for lists."""

    version: ClassVar[int] = 1
    """Raised when the same embeddings get other distances than before."""

    def __call__(self, probe: Floats, gallery: Floats) -> npt.NDArray[np.float32]:
        """Return the distance of every pair, checked.

        Args:
            probe: Shape (n, c, p), finite.
            gallery: Shape (m, c, p), finite.

        Returns:
            Shape (n, m).

        Raises:
            ProtocolError: If the shapes do not fit or a value is not finite.
            PluginError: If a plug-in's `between` raises, or returns a wrong shape or values that are not
                finite.
        """
        check_embeddings(probe, gallery)
        with calling(self, "between"):
            values = self.between(probe, gallery)
            distances = np.asarray(values)
        shape = (len(probe), len(gallery))
        fits = distances.shape == shape and distances.dtype.kind in "fiub"
        expected = f"{shape[0]}×{shape[1]} numbers, probes × gallery"
        returned(self, "between", values, object, expected, fits=fits)
        distances = distances.astype(np.float32, copy=False)
        bad = distances[~np.isfinite(distances)]
        if len(bad):
            raise wrong(
                self,
                "between",
                f"returned {bad[0]} for {len(bad)} of {distances.size} pairs; distances must be finite.",
            )
        return distances

    @abstractmethod
    def between(self, probe: Floats, gallery: Floats) -> npt.NDArray[np.float32]:
        """Return the distance of every pair, shape (n, m), of embeddings that were checked."""


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
