"""Whether two methods differ on the same people, probes, draws and seeds.

If two methods are equally good, swapping them for any one person changes nothing in distribution. So
the signs of the persons' differences are flipped at random; with several seeds, their noise is added.
docs/statistics.md derives the test and says how well it keeps its level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from gaitbench.errors import ProtocolError
from gaitbench.evaluation.distances import Doubles
from gaitbench.evaluation.identity_sums import IdentitySums
from gaitbench.evaluation.resampling import SeedNoise, blocks

PERMUTATIONS = 10_000

# Sums of the same numbers in another order differ by rounding, and must count as equal.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class SignFlips:
    """One choice of permutations, shared by all pairs of methods of a table.

    Args:
        signs: Shape (n, identities): -1 where the two methods are swapped, else 1.
        seed_noise: For the same n permutations.
    """

    signs: npt.NDArray[np.int8]
    seed_noise: SeedNoise

    @classmethod
    def draw(
        cls,
        n_identities: int,
        n_seeds: int,
        rng: np.random.Generator,
        *,
        n_permutations: int = PERMUTATIONS,
    ) -> "SignFlips":
        """Draw signs with equal probability, and the noise of the seeds.

        Args:
            n_identities: I, at least 1.
            n_seeds: K, at least 1.
            rng: From `gaitbench.random_streams.stream`.
            n_permutations: Number of permutations.
        """
        signs = rng.integers(0, 2, (n_permutations, n_identities), dtype=np.int8)
        return cls(2 * signs - 1, SeedNoise.draw(n_seeds, n_permutations, rng))


@dataclass(frozen=True, eq=False)
class PairedDifferences:
    """Every pair of methods, compared; all arrays have shape (pairs,).

    Args:
        pairs: Positions of the two methods, the first before the second.
        difference: First less second, the mean over seeds.
        standard_error: Of the difference, from identities and seeds.
        p: Two-sided, without any correction for the number of pairs.
        p_holm: Corrected for all pairs by Holm's method.
        detectable: The smallest true difference that such a test finds in 80 % of cases.
        sources: What varies: "identities", and "seeds" where there are several.
    """

    pairs: tuple[tuple[int, int], ...]
    difference: Doubles
    standard_error: Doubles
    p: Doubles
    p_holm: Doubles
    detectable: Doubles
    sources: tuple[str, ...]


def paired_differences(methods: Sequence[IdentitySums], flips: SignFlips) -> PairedDifferences:
    """Compare all pairs of methods in one metric and condition.

    Args:
        methods: One per method, with sums of shape (K, identities, cells), the mean over draws.
        flips: For as many identities and seeds.

    Raises:
        ProtocolError: If there is no pair, or the methods were not tested on the same probes.
    """
    _check_same_probes(methods, flips)
    pairs = tuple(combinations(range(len(methods)), 2))
    first, second = np.array(pairs).T
    contributions = np.stack([one.contributions() for one in methods])
    influence = np.stack([one.influence() for one in methods])
    null, observed, error = null_distribution(
        contributions[first] - contributions[second], influence[first] - influence[second], flips
    )
    p = p_values(null, observed)
    return PairedDifferences(
        pairs=pairs,
        difference=observed,
        standard_error=error,
        p=p,
        p_holm=holm(p),
        detectable=smallest_detectable(null, error),
        sources=("identities",) if flips.seed_noise.n_seeds == 1 else ("identities", "seeds"),
    )


def null_distribution(
    contributions: Doubles, influence: Doubles, flips: SignFlips
) -> tuple[Doubles, Doubles, Doubles]:
    """Return how differences are distributed if there is none, with what was observed.

    Args:
        contributions: Shape (..., K, identities): every identity's share of the difference.
        influence: Same shape, of the difference, see `IdentitySums.influence`.
        flips: Signs and seed noise.

    Returns:
        Differences under the null hypothesis, shape (n, ...); the observed difference and its standard
        error, shape (...).
    """
    leading = contributions.shape[:-2]
    n_identities = contributions.shape[-1]
    shares = contributions.mean(axis=-2).reshape(-1, n_identities)
    null = np.empty((len(flips.signs), len(shares)))
    for rows in blocks(len(null), n_identities):
        null[rows] = flips.signs[rows].astype(np.float64) @ shares.T
    per_seed = contributions.sum(axis=-1)
    interaction = interaction_variance(influence)
    null = null.reshape(-1, *leading) + flips.seed_noise.of(per_seed, interaction)
    unbiased = n_identities / max(n_identities - 1, 1)
    variance = unbiased * (influence.mean(axis=-2) ** 2).sum(axis=-1)
    n_seeds = per_seed.shape[-1]
    if n_seeds > 1:
        variance = variance + np.maximum(0, per_seed.var(axis=-1, ddof=1) - interaction) / n_seeds
    return null, per_seed.mean(axis=-1), np.sqrt(variance)


def interaction_variance(influence: Doubles) -> Doubles:
    """Return the variance between seeds that the choice of identities explains, shape (...).

    What `PerSeed.interaction` finds by resampling, here in closed form.

    Args:
        influence: Shape (..., K, identities).
    """
    n_seeds, n_identities = influence.shape[-2:]
    if n_seeds == 1 or n_identities == 1:
        return np.zeros(influence.shape[:-2])
    found: Doubles = influence.var(axis=-2, ddof=1).sum(axis=-1) * n_identities / (n_identities - 1)
    return found


def p_values(null: Doubles, observed: Doubles) -> Doubles:
    """Return two-sided p-values, (1 + how many are at least as far from 0) / (n + 1).

    Args:
        null: Shape (n, ...).
        observed: Shape (...).
    """
    rounding = _ROUNDING * np.abs(null).max(axis=0)
    extreme = (np.abs(null) >= np.abs(observed) - rounding).sum(axis=0)
    found: Doubles = (1 + extreme) / (len(null) + 1)
    return found


def holm(p: Doubles) -> Doubles:
    """Return p-values corrected for their number: their maximum error rate over the family is kept.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.

    Args:
        p: Shape (n,).
    """
    order = np.argsort(p, kind="stable")
    remaining = np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(remaining * p[order]))
    return adjusted


def smallest_detectable(
    null: Doubles, standard_error: Doubles, *, level: float = 0.05, power: float = 0.8
) -> Doubles:
    """Return the true difference at which the test rejects with probability `power`, shape (...).

    Args:
        null: Differences without any true one, shape (n, ...).
        standard_error: Of the observed difference, shape (...).
        level: Of the two-sided test.
        power: Wanted.

    Returns:
        The distance from 0 beyond which the test rejects, and normal deviates of the standard error.
    """
    critical = np.quantile(np.abs(null), 1 - level, axis=0)
    found: Doubles = critical + float(ndtri(power)) * standard_error
    return found


def _check_same_probes(methods: Sequence[IdentitySums], flips: SignFlips) -> None:
    if len(methods) < 2:
        raise ProtocolError(f"{len(methods)} methods make no pair to compare: give two or more.")
    reference = methods[0]
    wanted = (flips.seed_noise.n_seeds, flips.signs.shape[1])
    for i, method in enumerate(methods):
        if method.sums.shape[:2] != wanted or method.sums.ndim != 3:
            raise ProtocolError(
                f"Method {i} has sums of shape {method.sums.shape}, but the permutations are for "
                f"{wanted[0]} seeds and {wanted[1]} identities: (seeds, identities, cells) is needed."
            )
        if not (
            np.array_equal(method.counts, reference.counts)
            and np.array_equal(method.searches, reference.searches)
        ):
            raise ProtocolError(
                f"Method {i} was not tested on the same probes as method 0, so their people cannot be "
                "compared pair by pair. Test both with the same rules and data set."
            )
