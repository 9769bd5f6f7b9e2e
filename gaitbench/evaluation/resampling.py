"""Other identities and other training seeds: how a metric varies when both are drawn again.

Identities are drawn with replacement (they are the clusters: all probes of a person come along). Seeds
are too few for that, so their part is a t-distribution. docs/statistics.md derives both.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.errors import ProtocolError
from gaitbench.evaluation.distances import Doubles
from gaitbench.evaluation.identity_sums import IdentitySums, mean_over_cells

RESAMPLES = 10_000
# Values of one block of resamples: large enough for an efficient product, 32 MiB of float64.
_BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class SeedNoise:
    """What other seeds would add to a mean over seeds, for every statistic at once.

    With v the values of K seeds and s their standard deviation, `of(v)` is distributed as s / √K times
    Student's t with K - 1 degrees of freedom, and jointly so for several statistics of one table.

    Args:
        directions: Shape (n, K): normal deviates with mean 0 in each row, divided by √(K (K - 1)).
        scales: Shape (n,): chi-squared deviates with K - 1 degrees of freedom, divided by those.
    """

    directions: Doubles
    scales: Doubles

    @classmethod
    def draw(cls, n_seeds: int, n: int, rng: np.random.Generator) -> "SeedNoise":
        """Draw `n` of them; one seed has no noise."""
        if n_seeds == 1:
            return cls(np.zeros((n, 1)), np.ones(n))
        normal = rng.standard_normal((n, n_seeds))
        normal -= normal.mean(axis=1, keepdims=True)
        return cls(
            normal / np.sqrt(n_seeds * (n_seeds - 1)),
            rng.chisquare(n_seeds - 1, n) / (n_seeds - 1),
        )

    @property
    def n_seeds(self) -> int:
        """Number of seeds K."""
        return int(self.directions.shape[1])

    @property
    def weights(self) -> Doubles:
        """Shape (n, K), mean 0 in each row: what multiplies the values of the seeds."""
        weights: Doubles = self.directions / np.sqrt(self.scales)[:, None]
        return weights

    def of(self, values: Doubles, interaction: Doubles | float = 0.0) -> Doubles:
        """Return the noise that belongs to the mean over seeds of `values`.

        Args:
            values: Shape (..., K).
            interaction: Shape (...): the part of the variance between the seeds that comes from the
                choice of identities, and that resampling identities shows already.

        Returns:
            Shape (n, ...).
        """
        if values.shape[-1] != self.n_seeds:
            raise ProtocolError(
                f"{values.shape[-1]} seeds meet noise that was drawn for {self.n_seeds}. Draw it for "
                "the seeds that all methods of the table share."
            )
        noise = np.tensordot(self.weights, values, axes=(1, -1))
        found: Doubles = noise * shrink(values, interaction)
        return found


def shrink(values: Doubles, interaction: Doubles | float) -> Doubles:
    """Return the share of the seeds' standard deviation that identities do not explain.

    Args:
        values: Shape (..., K).
        interaction: Shape (...), a variance as in `SeedNoise.of`.

    Returns:
        √max(0, 1 - interaction / s²), shape (...); 1 for one seed or without any spread.
    """
    if values.shape[-1] == 1:
        return np.ones(values.shape[:-1])
    spread = values.var(axis=-1, ddof=1)
    explained = np.divide(
        np.broadcast_to(interaction, spread.shape),
        spread,
        out=np.zeros(spread.shape),
        where=spread > 0,
    )
    found: Doubles = np.sqrt(np.maximum(0.0, 1.0 - explained))
    return found


@dataclass(frozen=True, eq=False)
class Resampling:
    """One choice of resamples, shared by all methods, conditions and metrics of a table.

    Sharing is what makes ratios and differences joint: resample b has the same people and the same
    seeds everywhere.

    Args:
        counts: Shape (n, identities): how often each identity was drawn.
        seed_noise: For the same n resamples.
    """

    counts: npt.NDArray[np.int16]
    seed_noise: SeedNoise

    @classmethod
    def draw(
        cls,
        n_identities: int,
        n_seeds: int,
        rng: np.random.Generator,
        *,
        n_resamples: int = RESAMPLES,
    ) -> "Resampling":
        """Draw as many identities as there are, with replacement, and the noise of the seeds.

        Args:
            n_identities: I, at least 1.
            n_seeds: K, at least 1.
            rng: From `gaitbench.random_streams.stream`.
            n_resamples: Number of resamples.
        """
        if min(n_identities, n_seeds, n_resamples) < 1:
            raise ProtocolError(
                f"{n_resamples} resamples of {n_identities} identities and {n_seeds} seeds: there must "
                "be at least one of each."
            )
        counts = np.zeros((n_resamples, n_identities), np.int16)
        for rows in blocks(n_resamples, n_identities):
            counts[rows] = _drawn_identities(counts[rows].shape, rng)
        return cls(counts, SeedNoise.draw(n_seeds, n_resamples, rng))

    @property
    def n_resamples(self) -> int:
        """Number of resamples."""
        return len(self.counts)

    @property
    def n_identities(self) -> int:
        """Number of identities."""
        return int(self.counts.shape[1])

    @property
    def n_seeds(self) -> int:
        """Number of seeds."""
        return self.seed_noise.n_seeds


def _drawn_identities(shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return multinomial counts; counting drawn codes is several times as fast as NumPy's own."""
    n, size = shape
    codes = rng.integers(0, size, (n, size))
    codes += np.arange(n)[:, None] * size
    return np.bincount(codes.ravel(), minlength=n * size).reshape(shape)


def blocks(n: int, width: int) -> list[slice]:
    """Return slices of `n` rows such that a block of `width` float64 columns stays small."""
    step = max(1, _BLOCK // max(width, 1))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


@dataclass(frozen=True, eq=False)
class PerSeed:
    """A statistic of every seed, as observed and on every resample of the identities.

    Args:
        observed: Shape (..., K).
        resampled: Shape (n, ..., K).
    """

    observed: Doubles
    resampled: Doubles

    def interaction(self) -> Doubles:
        """Return the variance between seeds that the choice of identities explains, shape (...).

        Resamples move all seeds together and each by itself; this is the variance over the resamples
        of the latter, K / (K - 1) times the mean over the seeds because deviations from their mean
        have lost a degree of freedom.
        """
        n_seeds = self.observed.shape[-1]
        if n_seeds == 1:
            return np.zeros(self.observed.shape[:-1])
        alone = self.resampled - self.resampled.mean(axis=-1, keepdims=True)
        known = np.isfinite(alone)
        n = np.maximum(known.sum(axis=0), 1)
        alone = np.where(known, alone, 0.0)
        variance = (alone**2).sum(axis=0) / n - (alone.sum(axis=0) / n) ** 2
        found: Doubles = variance.mean(axis=-1) * n_seeds / (n_seeds - 1)
        return found

    def combined(self, noise: SeedNoise) -> Doubles:
        """Return the mean over seeds on every resample, with the noise of the seeds; shape (n, ...)."""
        found: Doubles = self.resampled.mean(axis=-1) + noise.of(self.observed, self.interaction())
        return found


def resample(sums: IdentitySums, resampling: Resampling) -> PerSeed:
    """Return the metric of every seed on every resample.

    Cells that are empty in a resample are left out of it; where all are, the value is NaN.

    Args:
        sums: With the leading axes (..., K); a mean over draws was taken before.
        resampling: Of as many identities.

    Raises:
        ProtocolError: If the number of identities differs.
    """
    if sums.n_identities != resampling.n_identities:
        raise ProtocolError(
            f"Sums of {sums.n_identities} identities meet resamples of {resampling.n_identities}. "
            "Number the identities alike for all methods and conditions of a table."
        )
    leading = sums.sums.shape[:-2]
    n_cells = sums.counts.shape[1]
    columns = np.moveaxis(sums.sums, -2, 0).reshape(sums.n_identities, -1)
    found = np.empty((resampling.n_resamples, columns.shape[1] // n_cells))
    for rows in blocks(len(found), columns.shape[1] + sums.n_identities):
        drawn = resampling.counts[rows].astype(np.float64)
        totals = (drawn @ columns).reshape(len(drawn), -1, n_cells)
        found[rows] = mean_over_cells(totals, (drawn @ sums.counts)[:, None], sums.searches)
    return PerSeed(sums.metric(), found.reshape(-1, *leading))


def apply(function: Callable[..., Doubles], *parts: PerSeed) -> PerSeed:
    """Return a function of several statistics, computed for each seed and on each resample.

    Args:
        function: Of as many arrays as there are parts, element by element, for example
            `np.subtract` or a ratio.
        parts: From one `Resampling`.
    """
    return PerSeed(
        function(*(part.observed for part in parts)), function(*(part.resampled for part in parts))
    )
