"""Intervals and tests of a report, from stored per-probe scores: one resampling for all its tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from gaitbench.core.errors import ProtocolError
from gaitbench.core.random_streams import stream
from gaitbench.data.rules import Rules
from gaitbench.evaluation.metrics import NoMate
from gaitbench.evaluation.probe_values import identity_sums
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

KeptT = TypeVar("KeptT")

NO_RULES = Unavailable("the rules of the test data are not known")
INCOMPLETE = Unavailable("some of its evaluations are missing")


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How sure the numbers of a report are.

    Every method takes evaluations as rows of `Results.cells`: all seeds and draws of one place in a table.
    What was found is kept: words, tables and figures ask for the same numbers.

    Args:
        probes: Gives the per-probe scores of a key.
        rules: Of the test data; without them nothing can be said.
        no_mate: What becomes of probes without a mate.
    """

    probes: Callable[[str], pd.DataFrame]
    rules: Rules | None
    no_mate: NoMate
    _kept: dict[Any, Any] = field(default_factory=dict)

    def interval(self, cells: pd.DataFrame, metric: str) -> Interval | Unavailable:
        """Return the 95 % interval of a metric's mean over seeds and draws."""
        found = self.per_seed(cells, metric)
        if isinstance(found, Unavailable):
            return found
        return self._once(
            ("interval", metric, *_keys(cells)),
            lambda: interval(found, self._resampling(found), is_share=True),
        )

    def ratio(
        self, part: pd.DataFrame, whole: pd.DataFrame, metric: str, chance: float
    ) -> Interval | Unavailable:
        """Return the interval of a metric of `part` over that of `whole`, resampled together."""
        above, below = self.per_seed(part, metric), self.per_seed(whole, metric)
        if isinstance(above, Unavailable) or isinstance(below, Unavailable):
            return above if isinstance(above, Unavailable) else below  # type: ignore[return-value]
        if above.observed.shape != below.observed.shape:
            return Unavailable("the two parts of the ratio have different seeds")
        return self._once(
            ("ratio", metric, chance, _keys(part), _keys(whole)),
            lambda: ratio_interval(above, below, self._resampling(above), chance=chance),
        )

    def difference(
        self, part: pd.DataFrame, whole: pd.DataFrame, metric: str
    ) -> Interval | Unavailable:
        """Return the interval of a metric of `part` less that of `whole`, resampled together."""
        first, second = self.per_seed(part, metric), self.per_seed(whole, metric)
        if isinstance(first, Unavailable) or isinstance(second, Unavailable):
            return first if isinstance(first, Unavailable) else second  # type: ignore[return-value]
        if first.observed.shape != second.observed.shape:
            return Unavailable("the two parts of the difference have different seeds")
        return interval(apply(np.subtract, first, second), self._resampling(first))

    def spread(self, cells: pd.DataFrame, metric: str) -> Spread | Unavailable:
        """Return what identities, seeds and draws contribute to the standard error of a metric."""
        sums, found = self._sums(cells, metric), self.per_seed(cells, metric)
        if isinstance(sums, Unavailable) or isinstance(found, Unavailable):
            return sums if isinstance(sums, Unavailable) else found  # type: ignore[return-value]
        return self._once(
            ("spread", metric, *_keys(cells)),
            lambda: sources_of_spread(sums.metric(), found.resampled),
        )

    def compare(
        self, methods: Sequence[pd.DataFrame], metric: str
    ) -> PairedDifferences | Unavailable:
        """Test all pairs of methods on the same people, probes, seeds and draws."""
        found = [self._sums(cells, metric) for cells in methods]
        known = [sums.mean(1) for sums in found if isinstance(sums, IdentitySums)]
        if len(known) < len(found):
            return next(sums for sums in found if isinstance(sums, Unavailable))
        if len(known) < 2:
            return Unavailable("there is no pair of methods to compare")
        n_seeds, n_identities = known[0].sums.shape[:2]
        if n_identities < FEWEST_IDENTITIES:
            return Unavailable(
                f"{n_identities} identities are too few for tests: they need {FEWEST_IDENTITIES}"
            )
        flips = self._once(
            ("flips", n_identities, n_seeds),
            lambda: SignFlips.draw(
                n_identities, n_seeds, stream(0, "report permutations", n_identities, n_seeds)
            ),
        )
        try:
            return self._once(
                ("compared", metric, *(_keys(cells) for cells in methods)),
                lambda: paired_differences(known, flips),
            )
        except ProtocolError as error:
            return Unavailable(str(error))

    def order(
        self, methods: Sequence[pd.DataFrame], metric: str, given: Sequence[float]
    ) -> Interval | Unavailable:
        """Return the interval of Kendall's tau between a given and the measured order of methods.

        Args:
            methods: The evaluations of each.
            metric: That orders them here.
            given: A value per method, such as published ones; they are taken as they are.
        """
        found = [self.per_seed(cells, metric) for cells in methods]
        known = [one for one in found if isinstance(one, PerSeed)]
        if len(known) < len(found):
            return next(one for one in found if isinstance(one, Unavailable))
        if len({(one.n_identities, one.observed.shape) for one in known}) > 1:
            return Unavailable("the methods differ in their seeds or in whom they were tested on")
        # Many published orders are of the same methods.
        resampled = self._once(
            ("order", metric, *(_keys(cells) for cells in methods)),
            lambda: np.stack([self.combined(one) for one in known], axis=-1),
        )
        return kendall_interval(
            np.asarray(given, np.float64), resampled, self._resampling(known[0])
        )

    def per_seed(self, cells: pd.DataFrame, metric: str) -> PerSeed | Unavailable:
        """Return a metric of every seed, a mean over its draws, with its resamples."""
        sums = self._sums(cells, metric)
        if isinstance(sums, Unavailable):
            return sums
        n_seeds, n_identities = sums.sums.shape[0], sums.n_identities
        resampling = self._drawn(n_identities, n_seeds)
        return self._once(
            ("resampled", metric, *_keys(cells)), lambda: resample(sums.mean(1), resampling)
        )

    def combined(self, found: PerSeed) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the mean over seeds on every resample, with the noise of the seeds."""
        return found.combined(self._resampling(found).seed_noise)

    def enough(self, found: PerSeed) -> bool:
        """Whether enough identities were tested for an interval."""
        return found.n_identities >= FEWEST_IDENTITIES

    def _resampling(self, found: PerSeed) -> Resampling:
        return self._drawn(found.n_identities, found.observed.shape[-1])

    def _drawn(self, n_identities: int, n_seeds: int) -> Resampling:
        return self._once(
            ("resampling", n_identities, n_seeds),
            lambda: Resampling.draw(
                n_identities, n_seeds, stream(0, "report resamples", n_identities, n_seeds)
            ),
        )

    def _sums(self, cells: pd.DataFrame, metric: str) -> IdentitySums | Unavailable:
        """Return the sums per identity, shape (seeds, draws, identities, cells)."""
        rules = self.rules
        if rules is None:
            return NO_RULES
        once = cells.drop_duplicates("key").sort_values(["seed", "draw"])
        draws = once.groupby("seed")["draw"].size()
        if once.empty or (once["status"] != "done").any() or draws.nunique() != 1:
            return INCOMPLETE
        return self._once(("sums", metric, *_keys(cells)), lambda: self._read(once, metric, rules))

    def _read(self, once: pd.DataFrame, metric: str, rules: Rules) -> IdentitySums | Unavailable:
        found = [self._of_key(str(key), metric, rules) for key in once["key"]]
        first = found[0]
        if any(not np.array_equal(one.counts, first.counts) for one in found):
            return Unavailable("its evaluations do not count the same probes")
        n_seeds = once["seed"].nunique()
        sums = np.stack([one.sums for one in found])
        shape = (n_seeds, len(found) // n_seeds, *first.sums.shape)
        return IdentitySums(sums.reshape(shape), first.counts, first.searches)

    def _of_key(self, key: str, metric: str, rules: Rules) -> IdentitySums:
        # The scores themselves are large: thousands of evaluations would not fit into memory.
        return self._once(
            ("of key", metric, key),
            lambda: identity_sums(self.probes(key), rules, metric, no_mate=self.no_mate),
        )

    def _once(self, name: tuple[Any, ...], make: Callable[[], KeptT]) -> KeptT:
        if name not in self._kept:
            self._kept[name] = make()
        return cast(KeptT, self._kept[name])


def _keys(cells: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted({str(key) for key in cells["key"]}))
