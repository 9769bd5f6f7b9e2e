"""Time of intervals and paired tests, against plain loops over resamples in the same run.

    python benchmarks/resampling.py [--cases usual,worst] [--repeats 3]

Five methods with five seeds are tested on the same 2,000 probes, resampled and permuted 10,000 times. The
reference draws people, gathers their probes and averages them, one resample after the other; it does
fewer, and its time is scaled. The ratio of the times carries over between machines; the seconds do not.
The run fails where gaitbench takes longer than its limit of processor time.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.intervals import Interval, interval
from gaitbench.statistics.paired_tests import SignFlips, paired_differences
from gaitbench.statistics.resampling import PerSeed, Resampling, resample

PROBES, METHODS, SEEDS = 2000, 5, 5
RESAMPLES = 10_000
LOOPED = 100
"""Resamples of the reference."""
LIMIT_SECONDS = 10
CASES = {"usual": (300, 1), "worst": (2000, 1), "by-view": (300, 110)}
"""Identities and cells: a pooled search has one, a search by view of eleven views has 110."""


@dataclass(frozen=True, eq=False)
class Workload:
    """Values [methods, seeds, probes] with the identity and the cell of every probe."""

    values: Doubles
    identities: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]
    n_cells: int


def workload(n_identities: int, n_cells: int) -> Workload:
    """Return hits and misses of people that are differently hard to recognise."""
    rng = np.random.default_rng(0)
    identities = rng.permutation(np.arange(PROBES) % n_identities)
    chance = rng.uniform(0.1, 0.9, n_identities)[identities]
    hits = rng.random((METHODS, SEEDS, PROBES)) < chance
    return Workload(hits.astype(np.float64), identities, rng.integers(0, n_cells, PROBES), n_cells)


def ours(data: Workload, n: int) -> tuple[Doubles, Doubles]:
    """Return the lower ends of the methods' intervals and the p-values of all pairs."""
    rng = np.random.default_rng(1)
    counted = np.ones(PROBES, bool)
    searches = np.zeros(data.n_cells, np.int64)
    sums = IdentitySums.of_rows(data.values, counted, data.identities, data.cells, searches)
    drawn = Resampling.draw(sums.n_identities, SEEDS, rng, n_resamples=n)
    every = resample(sums, drawn)
    lows = []
    for method in range(METHODS):
        per_seed = PerSeed(every.observed[method], every.resampled[:, method], every.n_identities)
        bounds = interval(per_seed, drawn)
        lows.append(bounds.low if isinstance(bounds, Interval) else np.nan)
    methods = [IdentitySums(s, sums.counts, sums.searches) for s in sums.sums]
    flips = SignFlips.draw(sums.n_identities, SEEDS, rng, n_permutations=n)
    return np.array(lows), paired_differences(
        methods, list(combinations(range(METHODS), 2)), flips
    ).p


def reference(data: Workload, n: int) -> tuple[Doubles, Doubles]:
    """Return the same from resampled and permuted people alone, without the noise of the seeds."""
    rng = np.random.default_rng(1)
    n_identities = int(data.identities.max()) + 1
    of_person = [np.flatnonzero(data.identities == i) for i in range(n_identities)]
    means = np.empty((n, METHODS))
    for b in range(n):
        rows = np.concatenate([of_person[i] for i in rng.integers(0, n_identities, n_identities)])
        means[b] = _metric(data, data.values[..., rows], data.cells[rows])
    observed = _metric(data, data.values, data.cells)
    pairs = np.triu_indices(METHODS, 1)
    extreme = np.zeros(len(pairs[0]))
    for _ in range(n):
        sign = rng.choice([-1.0, 1.0], n_identities)[data.identities]
        swapped = _metric(data, data.values * sign, data.cells)
        extreme += abs(swapped[pairs[0]] - swapped[pairs[1]]) >= abs(
            observed[pairs[0]] - observed[pairs[1]]
        )
    return np.quantile(means, 0.025, axis=0), (1 + extreme) / (n + 1)


def _metric(data: Workload, values: Doubles, cells: npt.NDArray[np.int64]) -> Doubles:
    """Return the mean over probes, cells and seeds of every method."""
    by_cell = [values[..., cells == cell].mean(axis=-1) for cell in np.unique(cells)]
    mean: Doubles = np.mean(by_cell, axis=0).mean(axis=-1)
    return mean


def shortest(way: Callable[[], object], repeats: int) -> float:
    """Return processor seconds: another program's load does not count, and noise only ever adds."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        way()
        seconds.append(time.process_time() - start)
    return min(seconds)


def main() -> None:
    """Compare both ways in every case."""
    parser = argparse.ArgumentParser(description="Statistics against plain loops.")
    parser.add_argument("--cases", default=",".join(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    too_slow = []
    for case in options.cases.split(","):
        n_identities, n_cells = CASES[case]
        data = workload(n_identities, n_cells)
        print(
            f"{case}: {PROBES} probes of {n_identities} identities in {n_cells} cells, {METHODS} methods × "
            f"{SEEDS} seeds, {RESAMPLES} resamples and permutations"
        )
        fast = shortest(lambda d=data: ours(d, RESAMPLES), options.repeats)  # type: ignore[misc]
        slow = shortest(lambda d=data: reference(d, LOOPED), 1) * RESAMPLES / LOOPED  # type: ignore[misc]
        print(f"  gaitbench  {fast:8.2f} s")
        print(f"  loops      {slow:8.2f} s   scaled from {LOOPED} resamples")
        print(f"  loops / gaitbench: {slow / fast:.0f} × the time")
        if fast > LIMIT_SECONDS:
            too_slow.append(case)
    if too_slow:
        sys.exit(f"gaitbench needs more than {LIMIT_SECONDS} s in: {', '.join(too_slow)}")


if __name__ == "__main__":
    main()
