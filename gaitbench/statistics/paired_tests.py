"""Whether two methods differ on the same people, probes, draws and seeds.

If two methods are equally good, swapping them for any one person changes nothing in distribution. So
the signs of the persons' differences are flipped at random; with several seeds, their noise is added.
docs/statistics.md derives the test and says how well it keeps its level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.resampling import SeedNoise, blocks
from gaitbench.statistics.variance import Variance

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
            rng: From `gaitbench.core.random_streams.stream`.
            n_permutations: Number of permutations.
        """
        signs = rng.integers(0, 2, (n_permutations, n_identities), dtype=np.int8)
        return cls(2 * signs - 1, SeedNoise.draw(n_seeds, n_permutations, rng))


@dataclass(frozen=True, eq=False)
class PairedDifferences:
    """Pairs of methods, compared; arrays have shape (pairs,) where nothing else is said.

    Args:
        pairs: Positions of the two methods.
        difference: First less second, the mean over seeds.
        standard_error: Of the difference, from identities and seeds.
        nulls: How differences are distributed if there is none, each of shape (n, pairs): with the noise of
            the seeds, and for people alone. A test has to pass both.
        p: Two-sided, without any correction for the number of pairs.
        detectable: The smallest true difference that such a test finds in 80 % of cases.
        sources: What varies: "identities", and "seeds" where there are several.
    """

    pairs: tuple[tuple[int, int], ...]
    difference: Doubles
    standard_error: Doubles
    nulls: tuple[Doubles, ...]
    p: Doubles
    detectable: Doubles
    sources: tuple[str, ...]


def paired_differences(
    methods: Sequence[IdentitySums],
    pairs: Sequence[tuple[int, int]],
    flips: SignFlips,
    *,
    level: float = 0.05,
) -> PairedDifferences:
    """Compare pairs of methods in one metric and condition.

    Args:
        methods: One per method, with sums of shape (K, identities, cells), the mean over draws.
        pairs: Positions of the methods that are compared.
        flips: For as many identities and seeds.
        level: Of the test that `detectable` is about.

    Raises:
        ProtocolError: If there is no pair, or the methods were not tested on the same probes.
    """
    _check_same_probes(methods, pairs, flips)
    first, second = np.array(pairs).T
    contributions = np.stack([sums.contributions() for sums in methods])
    influence = np.stack([sums.influence() for sums in methods])
    pair_effects = np.stack([sums.pair_effects() for sums in methods])
    contributions, influence, pair_effects = (
        of_methods[first] - of_methods[second]
        for of_methods in (contributions, influence, pair_effects)
    )
    observed = contributions.sum(axis=-1)
    variance = variance_of(observed, influence, pair_effects)
    difference = observed.mean(axis=-1)
    # A large difference widens its own null distribution; small ones, which are asked for here, do not.
    no_difference = nulls_of(influence, influence, observed, variance, flips)
    nulls = nulls_of(contributions, influence, observed, variance, flips)
    return PairedDifferences(
        pairs=tuple(pairs),
        difference=difference,
        standard_error=variance.standard_error,
        nulls=nulls,
        p=largest_p(nulls, difference),
        detectable=smallest_detectable(no_difference, variance, level=level),
        sources=("identities",) if flips.seed_noise.n_seeds == 1 else ("identities", "seeds"),
    )


def nulls_of(
    contributions: Doubles,
    influence: Doubles,
    values: Doubles,
    variance: Variance,
    flips: SignFlips,
) -> tuple[Doubles, ...]:
    """Return how differences are distributed if there is none, each of shape (n, ...).

    With several seeds there are two: with the noise of the seeds, and for people alone, as if with one
    seed. A few seeds may be alike by chance, and the first is then too narrow.

    Args:
        contributions: Shape (..., K, identities): every identity's share of the difference.
        influence: Same shape, see `IdentitySums.influence`.
        values: Shape (..., K): the difference of every seed.
        variance: Of the difference.
        flips: Signs and seed noise.
    """
    people_alone = variance.kept_alone * permuted_sums(contributions.mean(axis=-2), flips)
    if values.shape[-1] == 1:
        return (people_alone,)
    shares = swapped_shares(contributions, influence, variance)
    return null_distribution(shares, values, variance, flips), people_alone


def variance_of(
    values: Doubles, influence: Doubles, pair_effects: Doubles | None = None
) -> Variance:
    """Return how uncertain a metric or a difference of two is, without resampling.

    What `PerSeed.variance` finds by resampling, in closed form.

    Args:
        values: Shape (..., K).
        influence: Shape (..., K, identities), see `IdentitySums.influence`.
        pair_effects: Same shape, see `IdentitySums.pair_effects`; None if unknown.
    """
    n_seeds, n_identities = influence.shape[-2:]
    unbiased = n_identities / max(n_identities - 1, 1)
    mean = influence.mean(axis=-2)
    alone = influence - mean[..., None, :]
    interaction = (alone**2).sum(axis=(-1, -2)) / max(n_seeds - 1, 1)
    people = unbiased * (mean**2).sum(axis=-1)
    return Variance.of(values, people, unbiased * interaction, pair_effects=pair_effects)


def swapped_shares(contributions: Doubles, influence: Doubles, variance: Variance) -> Doubles:
    """Return what changes its sign when two methods are swapped for a person, shape (..., identities).

    With one seed, it is the person's contribution to the difference. Of several, the part that all
    persons have in common is that of the seeds as far as these make up the variance, and theirs is
    added as noise: left in, it would count twice.

    Args:
        contributions: Shape (..., K, identities): every identity's share of the difference.
        influence: Same shape, see `IdentitySums.influence`.
        variance: Of the difference.
    """
    own = influence.mean(axis=-2)
    common = contributions.mean(axis=-2) - own
    swapped: Doubles = own + (1 - variance.seeds_share)[..., None] * common
    return swapped


def null_distribution(
    shares: Doubles, values: Doubles, variance: Variance, flips: SignFlips
) -> Doubles:
    """Return how differences are distributed if there is none, seeds included, shape (n, ...).

    The noise of the seeds has the tails of their own degrees of freedom. Common ones for people and seeds
    together, as an interval has, would follow the share of the seeds, which so few of them tell badly: far
    in the tail, where Holm's method looks, a test then rejects too often.

    Args:
        shares: Shape (..., identities), see `swapped_shares`.
        values: Shape (..., K): the difference of every seed, two or more.
        variance: Of the difference.
        flips: Signs and seed noise.
    """
    noise = flips.seed_noise
    by_seeds = noise.of(values)
    tails = noise.t_scale(np.full(values.shape[:-1], values.shape[-1] - 1.0))
    null: Doubles = variance.kept * permuted_sums(shares, flips) + tails * by_seeds
    return null


def permuted_sums(shares: Doubles, flips: SignFlips) -> Doubles:
    """Return the sum over people under every choice of signs, shape (n, ...).

    Args:
        shares: Shape (..., identities).
        flips: Signs.
    """
    columns = shares.reshape(-1, shares.shape[-1]).T
    sums = np.empty((len(flips.signs), columns.shape[1]))
    for rows in blocks(len(sums), len(columns)):
        sums[rows] = flips.signs[rows].astype(np.float64) @ columns
    return sums.reshape(-1, *shares.shape[:-1])


def p_values(null: Doubles, observed: Doubles) -> Doubles:
    """Return two-sided p-values, (1 + how many are at least as far from 0) / (n + 1).

    Args:
        null: Shape (n, ...).
        observed: Shape (...).
    """
    rounding = _ROUNDING * np.abs(null).max(axis=0)
    extreme = (np.abs(null) >= np.abs(observed) - rounding).sum(axis=0)
    p: Doubles = (1 + extreme) / (len(null) + 1)
    return p


def largest_p(nulls: Sequence[Doubles], observed: Doubles) -> Doubles:
    """Return the largest of the p-values under several null distributions: a test has to pass all."""
    largest: Doubles = np.max([p_values(null, observed) for null in nulls], axis=0)
    return largest


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


def max_t(differences: PairedDifferences) -> Doubles:
    """Return p-values corrected for all pairs by the largest difference that permutations give to any.

    Differences are divided by their standard errors. The largest observed one is compared with the
    largest of all pairs under each permutation, the next with the largest of the pairs that are left, and
    so on: because all pairs share permutations and noise, nothing is lost to their dependence.

    Source: Westfall and Young, Resampling-based multiple testing, 1993, algorithm 2.8 (step-down max T).

    Args:
        differences: Of one call of `paired_differences`.

    Returns:
        Shape (pairs,).
    """
    error = differences.standard_error
    # Where nothing varies, every difference is 0, observed or permuted.
    scale = np.divide(1.0, error, out=np.zeros_like(error), where=error > 0)
    observed = np.abs(differences.difference) * scale
    nulls = [np.abs(null) * scale for null in differences.nulls]
    order = np.argsort(-observed, kind="stable")
    adjusted, least = np.empty(len(order)), 0.0
    for position, pair in enumerate(order):
        left = order[position:]
        rivals = [null[:, left].max(axis=1) for null in nulls]
        least = max(least, float(largest_p(rivals, observed[pair])))
        adjusted[pair] = least
    return adjusted


def smallest_detectable(
    nulls: Sequence[Doubles], variance: Variance, *, level: float = 0.05, power: float = 0.8
) -> Doubles:
    """Return the true difference at which the test rejects with probability `power`, shape (...).

    Args:
        nulls: Differences without any true one, each of shape (n, ...); a test has to pass all.
        variance: Of the observed difference.
        level: Of the two-sided test.
        power: Wanted.

    Returns:
        The distance from 0 beyond which the test rejects, and then as many standard errors as Student's
        t exceeds with probability 1 - `power` (0.84 where there is one seed).
    """
    from scipy.special import stdtrit

    critical = np.max(
        [np.quantile(np.abs(null), 1 - level, axis=0, method="weibull") for null in nulls], axis=0
    )
    deviates = stdtrit(variance.freedom, power)
    detectable: Doubles = critical + deviates * variance.standard_error
    return detectable


def _check_same_probes(
    methods: Sequence[IdentitySums], pairs: Sequence[tuple[int, int]], flips: SignFlips
) -> None:
    if not pairs:
        raise ProtocolError(
            f"Of {len(methods)} methods no pair was given to compare: give one or more."
        )
    reference = methods[0]
    shape = (flips.seed_noise.n_seeds, flips.signs.shape[1])
    for i, method in enumerate(methods):
        if method.sums.shape[:2] != shape or method.sums.ndim != 3:
            raise ProtocolError(
                f"Method {i} has sums of shape {method.sums.shape}, but the permutations are for "
                f"{shape[0]} seeds and {shape[1]} identities: (seeds, identities, cells) is needed."
            )
        if not (
            np.array_equal(method.counts, reference.counts)
            and np.array_equal(method.searches, reference.searches)
        ):
            raise ProtocolError(
                f"Method {i} was not tested on the same probes as method 0, so their people cannot be "
                "compared pair by pair. Test both with the same rules and data set."
            )
