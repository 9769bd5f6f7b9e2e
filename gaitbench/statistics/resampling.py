"""Other identities and other training seeds: how a metric varies when both are drawn again.

Identities are drawn with replacement (they are the clusters: all probes of a person come along). Seeds
are too few for that, so their part is normal noise, made heavy-tailed as Student's t. docs/statistics.md
derives both and says how well they are calibrated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.identity_sums import IdentitySums, mean_over_cells
from gaitbench.statistics.variance import Variance

RESAMPLES = 10_000
# Values of one block of resamples: large enough for an efficient product, 32 MiB of float64.
_BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class SeedNoise:
    """What training again would add to a mean over seeds, for every statistic of a table at once.

    Args:
        directions: Shape (n, K): normal deviates with mean 0 in each row, divided by √(K (K - 1)).
        levels: Shape (n,): uniform deviates, from which `t_scale` makes heavy tails.
    """

    directions: Doubles
    levels: Doubles

    @classmethod
    def draw(cls, n_seeds: int, n: int, rng: np.random.Generator) -> "SeedNoise":
        """Draw `n` of them; with one seed the directions are 0."""
        normal = rng.standard_normal((n, n_seeds))
        normal -= normal.mean(axis=1, keepdims=True)
        return cls(normal / np.sqrt(n_seeds * max(n_seeds - 1, 1)), rng.random(n))

    @property
    def n_seeds(self) -> int:
        """Number of seeds K."""
        return int(self.directions.shape[1])

    def of(self, values: Doubles) -> Doubles:
        """Return normal noise with the standard error s / √K of the mean of K values.

        Args:
            values: Shape (..., K).

        Returns:
            Shape (n, ...).
        """
        if values.shape[-1] != self.n_seeds:
            raise ProtocolError(
                f"{values.shape[-1]} seeds meet noise that was drawn for {self.n_seeds}. Draw it for "
                "the seeds that all methods of the table share."
            )
        noise: Doubles = np.tensordot(self.directions, values, axes=(1, -1))
        return noise

    def t_scale(self, freedom: Doubles) -> Doubles:
        """Return factors that turn normal deviates into Student's t.

        One level makes the factors of all statistics, so that a resample is an outlier in all of them.

        Args:
            freedom: Shape (...): degrees of freedom; infinite for none.

        Returns:
            √(freedom / χ²), shape (n, ...), or with length 1 where all are equal.
        """
        if freedom.size and (freedom == freedom.flat[0]).all():
            same = _t_scale(self, float(freedom.flat[0]))
            return same.reshape(-1, *(1 for _ in freedom.shape))
        # Here, because importing it takes longer than most commands.
        from scipy.special import chdtri

        scale = np.ones((len(self.levels), *freedom.shape))
        finite = np.isfinite(freedom)
        finite_freedom = freedom[finite]
        levels = self.levels.reshape(-1, *(1 for _ in finite_freedom.shape))
        scale[:, finite] = np.sqrt(finite_freedom / chdtri(finite_freedom, levels))
        return scale


@lru_cache(maxsize=64)
def _t_scale(noise: SeedNoise, freedom: float) -> Doubles:
    """Return the factors for one number of degrees of freedom, which most statistics of a table share."""
    from scipy.special import chdtri

    if not np.isfinite(freedom):
        return np.ones(len(noise.levels))
    scale: Doubles = np.sqrt(freedom / chdtri(freedom, noise.levels))
    return scale


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
            rng: From `gaitbench.core.random_streams.stream`.
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
        resampled: Shape (n, ..., K); NaN where it does not exist.
        n_identities: How many were resampled.
        pair_effects: Shape (..., K, identities), see `IdentitySums.pair_effects`; None if unknown.
    """

    observed: Doubles
    resampled: Doubles
    n_identities: int
    pair_effects: Doubles | None = None

    @cached_property
    def variance(self) -> Variance:
        """How uncertain the mean over seeds is.

        Resamples of people move all seeds together and each by itself. The variance of the former is
        that of the mean over seeds; of the latter, K / (K - 1) times the mean over the seeds, because
        deviations from their mean have lost a degree of freedom.
        """
        n_seeds = self.observed.shape[-1]
        mean = self.resampled.mean(axis=-1)
        alone = self.resampled - mean[..., None]
        interaction = _variance(alone).mean(axis=-1) * n_seeds / max(n_seeds - 1, 1)
        # A sample's variance is too small by this factor, and resampling repeats the sample.
        unbiased = self.n_identities / max(self.n_identities - 1, 1)
        return Variance.of(
            self.observed,
            unbiased * _variance(mean),
            unbiased * interaction,
            pair_effects=self.pair_effects,
            identities_freedom=max(self.n_identities - 1, 1),
        )

    def combined(self, noise: SeedNoise) -> Doubles:
        """Return the mean over seeds on every resample, with the noise of the seeds; shape (n, ...).

        Args:
            noise: Of the resampling that this was made with.
        """
        deviations = self.variance.kept * self._by_people() + noise.of(self.observed)
        combined: Doubles = self.observed.mean(axis=-1) + (
            noise.t_scale(self.variance.freedom) * deviations
        )
        return combined

    def people_alone(self, noise: SeedNoise) -> Doubles:
        """Return the mean over seeds on every resample of people, of these networks; shape (n, ...).

        Args:
            noise: Of the resampling that this was made with.
        """
        freedom = np.full(self.observed.shape[:-1], max(self.n_identities - 1.0, 1.0))
        deviations = self.variance.kept_alone * self._by_people()
        alone: Doubles = self.observed.mean(axis=-1) + noise.t_scale(freedom) * deviations
        return alone

    def _by_people(self) -> Doubles:
        """Return how far resampled people move the mean over seeds, shape (n, ...)."""
        unbiased = np.sqrt(self.n_identities / max(self.n_identities - 1, 1))
        deviations: Doubles = unbiased * (
            self.resampled.mean(axis=-1) - self.observed.mean(axis=-1)
        )
        return deviations


def _variance(resampled: Doubles) -> Doubles:
    """Return the variance over the resamples on which a statistic exists, shape (...)."""
    exists = np.isfinite(resampled)
    n = np.maximum(exists.sum(axis=0), 1)
    deviations = np.where(exists, resampled, 0.0)
    deviations -= np.where(exists, deviations.sum(axis=0) / n, 0.0)
    variance: Doubles = (deviations**2).sum(axis=0) / n
    return variance


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
    metric = np.empty((resampling.n_resamples, columns.shape[1] // n_cells))
    for rows in blocks(len(metric), columns.shape[1] + sums.n_identities):
        drawn = resampling.counts[rows].astype(np.float64)
        totals = (drawn @ columns).reshape(len(drawn), -1, n_cells)
        metric[rows] = mean_over_cells(totals, (drawn @ sums.counts)[:, None], sums.searches)
    return PerSeed(
        sums.metric(), metric.reshape(-1, *leading), sums.n_identities, sums.pair_effects()
    )


def apply(function: Callable[..., Doubles], *parts: PerSeed) -> PerSeed:
    """Return a function of several statistics, computed for each seed and on each resample.

    Args:
        function: Of as many arrays as there are parts, element by element, for example
            `np.subtract` or a ratio.
        parts: From one `Resampling`.
    """
    observed = function(*(part.observed for part in parts))
    known = [
        part.observed[..., None] + part.pair_effects
        for part in parts
        if part.pair_effects is not None
    ]
    moved = function(*known) - observed[..., None] if len(known) == len(parts) else None
    return PerSeed(
        observed,
        function(*(part.resampled for part in parts)),
        parts[0].n_identities,
        # Where a function does not exist beside the observed values, pairs stay counted twice.
        None if moved is None else np.nan_to_num(moved),
    )
