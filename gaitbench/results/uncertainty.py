"""Intervals and tests of a report, from stored per-probe scores: one resampling for all its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gaitbench.core.arrays import Doubles, pd
from gaitbench.core.errors import ProtocolError
from gaitbench.core.random_streams import stream
from gaitbench.evaluation.metrics.base import get_metric
from gaitbench.evaluation.pair_groups import ALL_PAIRS
from gaitbench.statistics.agreement import kendall_interval
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.intervals import (
    FEWEST_IDENTITIES,
    Interval,
    Spread,
    Unavailable,
    interval,
    ratio_interval,
    sources_of_spread,
)
from gaitbench.statistics.paired_tests import PairedDifferences, SignFlips, paired_differences
from gaitbench.statistics.resampling import PerSeed, Resampling, apply, resample

NO_RULES = Unavailable("the rules of the test data are not known")
INCOMPLETE = Unavailable("some of its evaluations are missing")


@lru_cache(maxsize=16)
def resampling_of(n_identities: int, n_seeds: int) -> Resampling:
    """Return the one choice of resamples that all tables share with so many identities and seeds."""
    rng = stream(0, "report resamples", n_identities, n_seeds)
    return Resampling.draw(n_identities, n_seeds, rng)


@lru_cache(maxsize=16)
def flips_of(n_identities: int, n_seeds: int) -> SignFlips:
    """Return the one choice of permutations that all tables share with so many identities and seeds."""
    rng = stream(0, "report permutations", n_identities, n_seeds)
    return SignFlips.draw(n_identities, n_seeds, rng)


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How sure the numbers of a report are.

    Every method takes evaluations as rows of `Results.cells`: all seeds and draws of one place in a table.

    Args:
        sums_of: Gives what every identity adds to a metric, by key of an evaluation, group of pairs and
            name of the metric.
        has_rules: Whether the rules of the test data are known; without them nothing can be said.
    """

    sums_of: Callable[[str, str, str], IdentitySums]
    has_rules: bool = True

    def interval(self, cells: pd.DataFrame, metric: str) -> Interval | Unavailable:
        """Return the 95 % interval of a metric's mean over seeds and draws."""
        per_seed = self.per_seed(cells, metric)
        if isinstance(per_seed, Unavailable):
            return per_seed
        is_share = get_metric(metric).is_share
        return interval(per_seed, _resampling(per_seed), is_share=is_share)

    def ratio(
        self, part: pd.DataFrame, whole: pd.DataFrame, metric: str, chance: float
    ) -> Interval | Unavailable:
        """Return the interval of a metric of `part` over that of `whole`, resampled together."""
        both = self._both(part, whole, metric, "ratio")
        if isinstance(both, Unavailable):
            return both
        return ratio_interval(*both, _resampling(both[0]), chance=chance)

    def difference(
        self, part: pd.DataFrame, whole: pd.DataFrame, metric: str
    ) -> Interval | Unavailable:
        """Return the interval of a metric of `part` less that of `whole`, resampled together."""
        both = self._both(part, whole, metric, "difference")
        if isinstance(both, Unavailable):
            return both
        return interval(apply(np.subtract, *both), _resampling(both[0]))

    def _both(
        self, part: pd.DataFrame, whole: pd.DataFrame, metric: str, what: str
    ) -> tuple[PerSeed, PerSeed] | Unavailable:
        first, second = self.per_seed(part, metric), self.per_seed(whole, metric)
        if isinstance(first, Unavailable):
            return first
        if isinstance(second, Unavailable):
            return second
        if first.observed.shape != second.observed.shape:
            return Unavailable(f"the two parts of the {what} have different seeds")
        return first, second

    def spread(self, cells: pd.DataFrame, metric: str) -> Spread | Unavailable:
        """Return what identities, seeds and draws contribute to the standard error of a metric."""
        sums, per_seed = self._sums(cells, metric), self.per_seed(cells, metric)
        if isinstance(sums, Unavailable):
            return sums
        if isinstance(per_seed, Unavailable):
            return per_seed
        return sources_of_spread(sums.metric(), per_seed)

    def compare(
        self,
        methods: Sequence[pd.DataFrame],
        pairs: Sequence[tuple[int, int]],
        metric: str,
        *,
        level: float = 0.05,
    ) -> PairedDifferences | Unavailable:
        """Test pairs of methods on the same people, probes, seeds and draws.

        Args:
            methods: The evaluations of each.
            pairs: Positions of the methods that are compared.
            metric: That is compared.
            level: Of the test whose smallest detectable difference is wanted.
        """
        every = [self._sums(cells, metric) for cells in methods]
        measured = [sums.mean(1) for sums in every if isinstance(sums, IdentitySums)]
        if len(measured) < len(every):
            return next(sums for sums in every if isinstance(sums, Unavailable))
        n_seeds, n_identities = measured[0].sums.shape[:2]
        if n_identities < FEWEST_IDENTITIES:
            return Unavailable(
                f"{n_identities} identities are too few for tests: they need {FEWEST_IDENTITIES}"
            )
        try:
            flips = flips_of(n_identities, n_seeds)
            return paired_differences(measured, pairs, flips, level=level)
        except ProtocolError as error:
            return Unavailable(str(error))

    def order(
        self, methods: Sequence[pd.DataFrame], metric: str, reference: Sequence[float]
    ) -> Interval | Unavailable:
        """Return the interval of Kendall's tau between a given and the measured order of methods.

        Args:
            methods: The evaluations of each.
            metric: That orders them here.
            reference: A value per method, such as published ones; they are taken as they are.
        """
        every = [self.per_seed(cells, metric) for cells in methods]
        measured = [per_seed for per_seed in every if isinstance(per_seed, PerSeed)]
        if len(measured) < len(every):
            return next(per_seed for per_seed in every if isinstance(per_seed, Unavailable))
        if len({(per_seed.n_identities, per_seed.observed.shape) for per_seed in measured}) > 1:
            return Unavailable("the methods differ in their seeds or in whom they were tested on")
        resampled = np.stack([self.combined(per_seed) for per_seed in measured], axis=-1)
        values = np.asarray(reference, np.float64)
        return kendall_interval(values, resampled, _resampling(measured[0]))

    def per_seed(self, cells: pd.DataFrame, metric: str) -> PerSeed | Unavailable:
        """Return a metric of every seed, a mean over its draws, with its resamples."""
        sums = self._sums(cells, metric)
        if isinstance(sums, Unavailable):
            return sums
        return resample(sums.mean(1), resampling_of(sums.n_identities, sums.sums.shape[0]))

    def combined(self, per_seed: PerSeed) -> Doubles:
        """Return the mean over seeds on every resample, with the noise of the seeds."""
        return per_seed.combined(_resampling(per_seed).seed_noise)

    def enough(self, per_seed: PerSeed) -> bool:
        """Whether enough identities were tested for an interval."""
        return per_seed.n_identities >= FEWEST_IDENTITIES

    def _sums(self, cells: pd.DataFrame, metric: str) -> IdentitySums | Unavailable:
        """Return the sums per identity, shape (seeds, draws, identities, cells)."""
        if not self.has_rules:
            return NO_RULES
        names = ("seed", "draw", "key", "pairs", "status")
        # Lists instead of frames: this is asked of a few rows, thousands of times in a report.
        evaluations = sorted(set(zip(*(cells[name].tolist() for name in names), strict=True)))
        draws = Counter(seed for seed, *_ in evaluations)
        is_done = all(status == "done" for *_, status in evaluations)
        if not evaluations or not is_done or len(set(draws.values())) != 1:
            return INCOMPLETE
        every = [self.sums_of(key, pairs, metric) for _, _, key, pairs, _ in evaluations]
        # What both clips show is drawn, so which probes have a mate that shows the same is drawn too.
        same_probes = all(pairs == ALL_PAIRS for _, _, _, pairs, _ in evaluations)
        try:
            together = IdentitySums.together(every, same_probes=same_probes)
        except ProtocolError as error:
            return Unavailable(str(error))
        return together.reshaped(len(draws), len(every) // len(draws))


def _resampling(per_seed: PerSeed) -> Resampling:
    return resampling_of(per_seed.n_identities, per_seed.observed.shape[-1])
