"""Simulated tables whose truth is known: intervals must hold it, and tests must keep their level.

The model of one person's mean in one seed is: mean + person + seed + person with seed + draws. All
repetitions of a case are computed at once, by the functions that tables use.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit

from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.intervals import ends
from gaitbench.statistics.paired_tests import (
    SignFlips,
    null_distribution,
    p_values,
    smallest_detectable,
    swapped_shares,
    variance_of,
)
from gaitbench.statistics.resampling import Resampling, resample

IDENTITIES = 60
REPETITIONS = 2000
# One choice of resamples errs alike in all repetitions that share it: several choices average that out.
CHOICES = 50
# With 119, 2.5 % and 5 % are whole numbers of the gaps between them.
RESAMPLES = 119


@dataclass(frozen=True)
class Regime:
    """Standard deviations of the parts, and whether outcomes are hits and misses."""

    person: float
    seed: float
    together: float
    draw: float = 0.0
    hits: bool = False
    mean: float = 0.0


REGIMES = {
    "identities": Regime(person=1.0, seed=0.02, together=0.3, draw=0.3),
    "seeds": Regime(person=0.3, seed=1.0, together=0.3, draw=0.3),
    "interaction": Regime(person=0.1, seed=0.0, together=1.0, draw=0.5),
    "interaction and seeds": Regime(person=0.3, seed=0.2, together=1.0, draw=0.5),
    "balanced": Regime(person=1.0, seed=0.15, together=0.5, draw=0.5),
    "hits": Regime(person=1.2, seed=0.15, together=0.5, draw=0.5, hits=True, mean=-1.0),
}
# More draws only lessen what people and seeds do together; where that matters, and for hits, they count.
CASES = [
    (name, k, d)
    for name in REGIMES
    for k in (1, 3, 5)
    for d in ((1, 3) if name in ("interaction", "hits") else (1,))
]


def generator(*names):
    return np.random.default_rng(zlib.crc32(" ".join(map(str, names)).encode()))


def probes(rng, regime):
    """Return the number of probes of every person: they differ where outcomes are hits."""
    return rng.integers(1, 9, IDENTITIES) if regime.hits else np.full(IDENTITIES, 4)


def simulate(rng, regime, n, n_seeds, n_draws, counts, person, shift=0.0):
    """Return sums of (n, seeds) tables and the seeds' own effects, shape (n, seeds)."""
    seed = rng.standard_normal((n, n_seeds)) * regime.seed
    shape = (n, n_seeds, IDENTITIES)
    latent = regime.mean + shift + person + seed[..., None]
    latent = latent + rng.standard_normal(shape) * regime.together
    if not regime.hits:
        # The mean of independent draws is all that counts of them.
        latent += rng.standard_normal(shape) * regime.draw / np.sqrt(n_draws)
        return latent * counts, seed
    drawn = latent[..., None] + rng.standard_normal((*shape, n_draws)) * regime.draw
    return rng.binomial(counts[:, None], expit(drawn)).mean(axis=-1), seed


def sums_of(sums, counts):
    return IdentitySums(sums[..., None], counts[:, None].astype(float), np.array([0]))


def truths(regime, seed):
    """Return the expectation: over people and seeds, or over people alone for one trained network."""
    inner = regime.person**2 + regime.together**2 + regime.draw**2
    if seed.shape[1] > 1:
        inner += regime.seed**2
        seed = np.zeros((len(seed), 1))
    if not regime.hits:
        return regime.mean + seed[:, 0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    return expit(regime.mean + seed + np.sqrt(inner) * nodes) @ weights / weights.sum()


def coverage(name, n_seeds, n_draws, repetitions=REPETITIONS):
    regime, rng = REGIMES[name], generator("coverage", name, n_seeds, n_draws)
    n, held = repetitions // CHOICES, 0
    for _ in range(CHOICES):
        counts = probes(rng, regime)
        person = rng.standard_normal((n, 1, IDENTITIES)) * regime.person
        sums, seed = simulate(rng, regime, n, n_seeds, n_draws, counts, person)
        resampling = Resampling.draw(IDENTITIES, n_seeds, rng, n_resamples=RESAMPLES)
        metric = resample(sums_of(sums, counts), resampling)
        low, high = ends(metric.combined(resampling.seed_noise))
        truth = truths(regime, seed)
        held += ((low <= truth) & (truth <= high)).sum()
    return held / (n * CHOICES)


def rejections(name, n_seeds, n_draws, *, detectable=0.0, repetitions=REPETITIONS):
    """Return how often two methods are told apart that differ by so many detectable differences."""
    regime, rng = REGIMES[name], generator("level", name, n_seeds, n_draws)
    if n_seeds == 1:
        # The networks as trained are compared, and these must not differ under the null hypothesis.
        regime = Regime(**{**vars(regime), "seed": 0.0})
    n, rejected = repetitions // CHOICES, 0
    for _ in range(CHOICES):
        counts = probes(rng, regime)
        shared = rng.standard_normal((n, 1, IDENTITIES))
        tables = [
            simulate(
                rng, regime, n, n_seeds, n_draws, counts,
                regime.person * (shared + rng.standard_normal(shared.shape) / 2),
            )[0]
            for _ in range(2)
        ]  # fmt: skip
        difference = sums_of(tables[0] - tables[1], counts)
        flips = SignFlips.draw(IDENTITIES, n_seeds, rng, n_permutations=RESAMPLES)
        if detectable:
            null, variance = under_null(difference, flips)
            step = detectable * np.median(smallest_detectable(null, variance))
            difference = sums_of(tables[0] - tables[1] + step * counts, counts)
        null, _ = under_null(difference, flips)
        rejected += (p_values(null, difference.metric().mean(axis=-1)) <= 0.05).sum()
    return rejected / (n * CHOICES)


def under_null(difference, flips):
    influence, values = difference.influence(), difference.metric()
    variance = variance_of(values, influence)
    shares = swapped_shares(difference.contributions(), influence, variance)
    return null_distribution(shares, values, variance, flips), variance


@pytest.mark.parametrize(("name", "n_seeds", "n_draws"), CASES)
def test_intervals_hold_the_truth_as_often_as_they_say(name, n_seeds, n_draws):
    assert 0.93 <= coverage(name, n_seeds, n_draws) <= 0.97


@pytest.mark.parametrize(("name", "n_seeds", "n_draws"), CASES)
def test_paired_tests_keep_their_level(name, n_seeds, n_draws):
    assert 0.035 <= rejections(name, n_seeds, n_draws) <= 0.065


@pytest.mark.parametrize("case", [("identities", 1, 1), ("balanced", 3, 1), ("hits", 5, 1)])
def test_a_detectable_difference_is_mostly_detected(case):
    # It is meant to be found in 80 % of cases; the level itself, 5 %, is what a useless test reaches.
    assert 0.65 <= rejections(*case, detectable=1.0, repetitions=1000) <= 0.9
