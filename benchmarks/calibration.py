"""Whether intervals and tests hold what they say, in simulated tables whose truth is known.

    python benchmarks/calibration.py [--tables 2000] [--draws 400] [--parts tests,power,gallery]

tests: five methods that do not differ are compared by the four contrasts of the protocols. Printed are the
levels of a single contrast where Holm's method looks, and how often any of the four is decided.
power: one method is better than its reference by some points.
gallery: people, their gallery and the networks are drawn again; printed is how often the interval of
Rank-1 holds the mean of all drawn tables.

Rank-1 is about 20 %, of six probes per person in three draws. In the tests, the seeds of a method spread
by 1.5 points, and in "one method 3×" those of RG-Gait by 4.5. Brackets hold twice the Monte-Carlo error.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from gaitbench.core.arrays import Doubles
from gaitbench.core.random_streams import stream
from gaitbench.data.rules import Rules
from gaitbench.evaluation.counted_rows import CountedRows
from gaitbench.evaluation.metrics.base import get_metric
from gaitbench.evaluation.retrieval import score_probes
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.intervals import Interval, interval
from gaitbench.statistics.paired_tests import SignFlips, holm, largest_p, nulls_of, variance_of
from gaitbench.statistics.resampling import PerSeed, Resampling, resample

METHODS = ("baseline-1", "baseline-2", "occ-aware", "mimicgait", "rg-gait")
CONTRASTS = ((2, 1), (3, 1), (4, 1), (4, 0))
"""Positions of method and reference, as the protocols declare them."""

LEVELS = (0.05, 0.0125, 0.0025)
PERMUTATIONS = 3999
AT_ONCE = 50
"""Tables that share one choice of permutations."""

PROBES, DRAWS = 6, 3
MEAN, PERSON, OWN, TOGETHER, DRAW = -1.9, 1.2, 0.5, 0.6, 0.6
"""Of the logit of being found first: mean, and spread over people, people with methods, people with seeds
of a method, and draws."""


@dataclass(frozen=True)
class Case:
    """What a table is made of.

    Args:
        people: Tested.
        seeds: Trained per method.
        wide: How many times as far the seeds of RG-Gait spread.
        gain: Of Occ-Aware over all others, in points of Rank-1.
        spread: Standard deviation of Rank-1 over the seeds of a method, in points.
    """

    people: int
    seeds: int
    wide: float = 1.0
    gain: float = 0.0
    spread: float = 1.5


CASES = [Case(*case) for case in product((60, 180), (3, 5), (1.0, 3.0))]


def rank_1(logit: float) -> float:
    """Return the expected Rank-1 of a method with this mean logit."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    spread = np.sqrt(PERSON**2 + OWN**2 + TOGETHER**2 + DRAW**2)
    return float(expit(logit + spread * nodes) @ weights / weights.sum())


def per_point() -> float:
    """Return by how much the logit moves for a point of Rank-1."""
    return 0.02 / (rank_1(MEAN + 0.01) - rank_1(MEAN - 0.01)) / 100


def hits(case: Case, n: int, rng: np.random.Generator) -> Doubles:
    """Return found probes per person, a mean over draws, shape (n, methods, seeds, people)."""
    shape = (n, len(METHODS), case.seeds, case.people)
    seed = case.spread * per_point() * rng.standard_normal((*shape[:3], 1))
    seed[:, METHODS.index("rg-gait")] *= case.wide
    logit = MEAN + seed + PERSON * rng.standard_normal((n, 1, 1, case.people))
    logit = logit + OWN * rng.standard_normal((n, len(METHODS), 1, case.people))
    logit = logit + TOGETHER * rng.standard_normal(shape)
    logit[:, METHODS.index("occ-aware")] += case.gain * per_point()
    drawn = logit[..., None] + DRAW * rng.standard_normal((*shape, DRAWS))
    found: Doubles = rng.binomial(PROBES, expit(drawn)).mean(axis=-1)
    return found


def p_values_of(case: Case, n_tables: int) -> Doubles:
    """Return the p-values of the contrasts in every table, shape (tables, contrasts)."""
    rng = stream(0, "calibration", *map(str, vars(case).values()))
    first, second = np.array(CONTRASTS).T
    every = []
    for _ in range(n_tables // AT_ONCE):
        found = hits(case, AT_ONCE, rng)
        counts = np.full((case.people, 1), float(PROBES))
        sums = IdentitySums((found[:, first] - found[:, second])[..., None], counts, np.array([0]))
        flips = SignFlips.draw(case.people, case.seeds, rng, n_permutations=PERMUTATIONS)
        values, influence = sums.metric(), sums.influence()
        variance = variance_of(values, influence)
        nulls = nulls_of(sums.contributions(), influence, values, variance, flips)
        every.append(largest_p(nulls, values.mean(axis=-1)))
    return np.concatenate(every)


def corrected(p: Doubles) -> Doubles:
    """Return p-values of tables, corrected by Holm's method in each."""
    return np.array([holm(of_table) for of_table in p])


def words(case: Case) -> str:
    """Return the first cells of a case's row."""
    wide = "one method 3×" if case.wide > 1 else "alike"
    return f"| {case.people} | {case.seeds} | {wide} |"


def share(hit: npt.NDArray[np.bool_], digits: int = 1) -> str:
    """Return a share in per cent with twice its Monte-Carlo error."""
    error = 2 * np.sqrt(max(hit.mean() * (1 - hit.mean()), 1e-4) / len(hit))
    return f"{100 * hit.mean():.{digits}f} [±{100 * error:.{digits}f}]"


def tests(n_tables: int) -> Iterator[str]:
    """Yield levels and family errors."""
    yield "| people | seeds | seeds' spread | 5 % | 1.25 % | 0.25 % | family of four, 5 % |"
    yield "|---|---|---|---|---|---|---|"
    for case in CASES:
        p = p_values_of(case, n_tables)
        # The widest spread is worst for the contrast that holds it, which stands for all.
        levels = " | ".join(share(p[:, 2] <= level, 2) for level in LEVELS)
        yield f"{words(case)} {levels} | {share((corrected(p) < 0.05).any(axis=1))} |"


def power(n_tables: int) -> Iterator[str]:
    """Yield how often a true gap is decided after Holm's correction."""
    yield "| people | seeds | spread of seeds | 3 points | 5 points | 8 points |"
    yield "|---|---|---|---|---|---|"
    for people, seeds, spread in product((60, 180), (3, 5), (0.75, 1.5)):
        decided = []
        for gain in (3.0, 5.0, 8.0):
            p = p_values_of(Case(people, seeds, gain=gain, spread=spread), n_tables)
            decided.append(share(corrected(p)[:, 0] < 0.05, 0))
        yield f"| {people} | {seeds} | {spread} points | {' | '.join(decided)} |"


CROWDS = {"crowded": (24, 2.0, 0.2), "hubs": (3, 0.3, 0.7), "between": (8, 0.8, 0.5)}
"""Dimensions of embeddings, spread of a person's clips, and how people differ in that."""


def gallery(n_draws: int) -> Iterator[str]:
    """Yield coverage over new people with a new gallery and, of several seeds, new networks.

    One seed is quickly simulated, and has two and a half times as many draws.
    """
    titles = ["embeddings", "seeds", "Rank-1", "probes alone", "probes and gallery"]
    yield f"| {' | '.join([*titles, 'pairs counted twice'])} |"
    yield "|---|---|---|---|---|---|"
    for crowd, seeds in product(CROWDS, (1, 3, 5)):
        rng = stream(0, "calibration gallery", crowd, seeds)
        n = n_draws if seeds > 1 else 5 * n_draws // 2
        found = [searched(crowd, seeds, rng) for _ in range(n)]
        truth = np.mean([both.metric().mean() for both, _ in found])
        drawn = Resampling.draw(60, seeds, rng, n_resamples=1999)
        once = [resample(both, drawn) for both, _ in found]
        ways = (
            [resample(alone, drawn) for _, alone in found],
            once,
            [replace(both, pair_effects=None) for both in once],
        )
        cells = [share(held(way, drawn, truth)) for way in ways]
        yield f"| {crowd} | {seeds} | {100 * truth:.0f} % | {' | '.join(cells)} |"


def held(
    metrics: list[PerSeed], drawn: Resampling, truth: np.floating[Any]
) -> npt.NDArray[np.bool_]:
    """Return which intervals hold the truth."""
    bounds = [interval(metric, drawn) for metric in metrics]
    return np.array([isinstance(b, Interval) and b.low <= truth <= b.high for b in bounds])


def searched(
    crowd: str, n_seeds: int, rng: np.random.Generator, people: int = 60, clips: int = 4
) -> tuple[IdentitySums, IdentitySums]:
    """Return Rank-1 of new people under new networks: as probes and gallery, and as probes alone."""
    dimensions, noise, quality = CROWDS[crowd]
    centres = rng.standard_normal((people, 1, dimensions))
    spread = noise * np.exp(quality * rng.standard_normal((people, 1, 1)))
    every: tuple[list[IdentitySums], list[IdentitySums]] = ([], [])
    for _ in range(n_seeds):
        # A network places everybody a little differently, and separates clips a little better or worse.
        placed = centres + 0.3 * rng.standard_normal(centres.shape)
        # An interval of one seed is about that network, so there networks are alike.
        own = spread * np.exp(0.05 * rng.standard_normal() * (n_seeds > 1))
        sides = [
            (placed + own * rng.standard_normal((people, clips, dimensions))).astype(np.float32)
            for _ in range(2)
        ]
        tables = [table(role, people, clips) for role in ("probe", "gallery")]
        embeddings = [side.reshape(people * clips, dimensions, 1) for side in sides]
        scores = score_probes(*embeddings, *tables, Rules(), far=())
        for kept, rows in zip(
            every, (scores, scores.filter(regex="^(?!as_gallery|in_pairs)")), strict=True
        ):
            kept.append(CountedRows.of(rows, Rules()).sums(get_metric("rank_1")))
    both, alone = (IdentitySums.together(kept) for kept in every)
    return both, alone


def table(role: str, people: int, clips: int) -> pd.DataFrame:
    """Return a table of sequences, all of their own recording."""
    who = np.repeat(np.arange(people), clips)
    names = [f"{role}-{i}" for i in range(len(who))]
    return pd.DataFrame(
        {
            "sequence": names,
            "identity": who.astype(str),
            "condition": role,
            "view": "090",
            "recording": names,
        }
    )


def main() -> None:
    """Print the parts that are asked for."""
    parser = argparse.ArgumentParser(description="Calibration of intervals and tests.")
    parser.add_argument("--tables", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--parts", default="tests,power,gallery")
    options = parser.parse_args()
    for part in options.parts.split(","):
        numbers = {"tests": options.tables, "power": options.tables, "gallery": options.draws}
        for line in {"tests": tests, "power": power, "gallery": gallery}[part](numbers[part]):
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
