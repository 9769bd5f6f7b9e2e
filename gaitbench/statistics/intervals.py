"""From resamples to what is printed: intervals, and how much each source of chance contributes.

docs/statistics.md states every definition. What cannot be said is `Unavailable`, with the reason.
"""

from dataclasses import dataclass, replace

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.resampling import PerSeed, Resampling, apply

LEVEL = 0.95
FEWEST_IDENTITIES = 10
"""Below this, resampled identities say little about other people."""

# An interval over the resamples in which the statistic exists is one for them all only if these are rare.
_UNDEFINED_SHARE = 0.01


@dataclass(frozen=True)
class Interval:
    """Where the value would lie with other identities and other seeds.

    Args:
        low: Lower end.
        high: Upper end.
        level: Share of such intervals that hold the true value, for example 0.95.
        sources: What varies: "identities", and "seeds" where there are several.
    """

    low: float
    high: float
    level: float
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Unavailable:
    """Why there is no interval or test.

    Args:
        reason: A sentence part for a table's note, without a full stop.
    """

    reason: str


def interval(
    metric: PerSeed, resampling: Resampling, *, level: float = LEVEL, is_share: bool = False
) -> Interval | Unavailable:
    """Return the percentile interval of a statistic's mean over seeds.

    Neither end lies further inside than that of people alone: a few seeds may be alike by chance.

    Args:
        metric: Of one method and condition: `observed` has shape (K,).
        resampling: That `metric` was resampled with.
        level: Coverage.
        is_share: Whether the ends are cut off at 0 and 1.

    Returns:
        The interval; unavailable with fewer than 10 identities, or where the statistic does not exist
        on more than 1 % of the resamples.
    """
    if metric.observed.ndim != 1:
        raise ProtocolError(
            f"An interval is of one statistic, values of shape (seeds,), not {metric.observed.shape}. "
            "Take one method and condition."
        )
    noise = resampling.seed_noise
    both = interval_of(metric.combined(noise), resampling, level=level, is_share=is_share)
    if isinstance(both, Unavailable) or resampling.n_seeds == 1:
        return both
    people = interval_of(metric.people_alone(noise), resampling, level=level, is_share=is_share)
    if isinstance(people, Unavailable):
        return people
    return replace(both, low=min(both.low, people.low), high=max(both.high, people.high))


def interval_of(
    resamples: Doubles, resampling: Resampling, *, level: float = LEVEL, is_share: bool = False
) -> Interval | Unavailable:
    """Return the percentile interval of a statistic that was computed from combined resamples.

    Args:
        resamples: Shape (n,), made from `PerSeed.combined`.
        resampling: That they were made with.
        level: Coverage.
        is_share: Whether the ends are cut off at 0 and 1.

    Returns:
        As `interval`.
    """
    if resampling.n_identities < FEWEST_IDENTITIES:
        return Unavailable(
            f"{resampling.n_identities} identities are too few for an interval: "
            f"it needs at least {FEWEST_IDENTITIES}"
        )
    finite = resamples[np.isfinite(resamples)]
    if len(finite) < (1 - _UNDEFINED_SHARE) * len(resamples):
        return Unavailable(
            f"the value does not exist on {len(resamples) - len(finite)} of {len(resamples)} resamples "
            "of the identities"
        )
    low, high = ends(finite, level=level)
    if is_share:
        low, high = np.clip([low, high], 0.0, 1.0)
    sources = ("identities",) if resampling.n_seeds == 1 else ("identities", "seeds")
    return Interval(float(low), float(high), level, sources)


def ends(resamples: Doubles, *, level: float = LEVEL) -> tuple[Doubles, Doubles]:
    """Return the two percentiles that cut off (1 - level) / 2 each, shape (...).

    Args:
        resamples: Shape (n, ...).
        level: In (0, 1).
    """
    if not 0 < level < 1:
        raise ProtocolError(f"level={level:g} is not a coverage in (0, 1). Divide per cent by 100.")
    # Of n + 1 gaps between n resamples, each is as likely to hold another one: this definition says so.
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(resamples, tails, axis=0, method="weibull")
    return low, high


def ratio_interval(
    numerator: PerSeed,
    denominator: PerSeed,
    resampling: Resampling,
    *,
    chance: float,
    level: float = LEVEL,
) -> Interval | Unavailable:
    """Return the interval of a ratio of two metrics of the same people, such as RP and HPR.

    The ratio is taken for each seed, and its mean over seeds is the value.

    Args:
        numerator: `observed` has shape (K,).
        denominator: Likewise, from the same resampling.
        resampling: That both were resampled with.
        chance: What a random ranking reaches in the denominator.
        level: Coverage.

    Returns:
        The interval; unavailable where the denominator may be near chance: the lower end of its own
        interval lies below twice the chance level.
    """
    below = interval(denominator, resampling, level=level)
    if isinstance(below, Unavailable):
        return below
    if below.low < 2 * chance:
        return Unavailable(
            f"the divisor may be near chance: its interval begins at {below.low:.3g}, and twice the "
            f"chance level is {2 * chance:.3g}"
        )
    return interval(apply(_quotient, numerator, denominator), resampling, level=level)


def _quotient(numerator: Doubles, denominator: Doubles) -> Doubles:
    """Return the ratio; NaN where nothing can be divided by the denominator."""
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    ratio: Doubles = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return ratio


@dataclass(frozen=True)
class Spread:
    """Standard errors of a mean over seeds and draws, by source, in the metric's unit.

    Args:
        identities: From the choice of people.
        seeds: From training again; None with one seed.
        draws: From drawing the occlusions again; None with one draw.
    """

    identities: float
    seeds: float | None
    draws: float | None


def sources_of_spread(values: Doubles, per_seed: PerSeed) -> Spread:
    """Return what each source of chance contributes to the standard error of the mean of `values`.

    The noise of the draws is taken off the variance between the seeds; with one draw it cannot be, and
    stays part of the seeds. Seeds and draws also differ in *whom* they recognise, which resampling the
    identities shows as well: the three are not to be added up.

    Args:
        values: Shape (K, D): the metric of every seed and draw.
        per_seed: Their mean over draws, `observed` of shape (K,).

    Raises:
        ProtocolError: If the shapes do not fit.
    """
    if values.ndim != 2 or per_seed.observed.shape != (len(values),):
        raise ProtocolError(
            f"Values of shape {values.shape} are not (seeds, draws), or their means of shape "
            f"{per_seed.observed.shape} are not (seeds,)."
        )
    n_seeds, n_draws = values.shape
    within = float(values.var(axis=1, ddof=1).mean()) if n_draws > 1 else None
    seeds = None
    if n_seeds > 1:
        between = float(values.mean(axis=1).var(ddof=1))
        seeds = np.sqrt(max(0.0, between - (within or 0.0) / n_draws) / n_seeds)
    return Spread(
        identities=float(np.sqrt(per_seed.variance.people_alone)),
        seeds=None if seeds is None else float(seeds),
        draws=None if within is None else float(np.sqrt(within / (n_seeds * n_draws))),
    )
