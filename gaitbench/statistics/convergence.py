"""Whether a training was over when it ended: where its losses went in the last fifth of its steps."""

from dataclasses import dataclass

import numpy as np

from gaitbench.core.arrays import Doubles, Integers

NEGLIGIBLE = 0.05
"""Share of its range that a loss may still move in the last fifth of the steps."""

LEVEL = 0.05
"""Of the one-sided test that tells a slope from the noise of the checks."""

LEAST_CHECKS = 4
"""In the last fifth; with fewer, a slope has too little to tell its noise by."""


@dataclass(frozen=True)
class Trend:
    """Where a loss goes in the last fifth of the steps.

    Args:
        change: Least-squares slope times a fifth of the steps, as a share of the loss's range: its highest
            less its lowest check. Negative where the loss falls.
        low: Lower end of the interval of `change` that the noise of the checks leaves, of level
            1 - 2 `LEVEL`.
        high: Upper end.
        lowest_at: The step after which the loss was lowest.
        fallen: How far the loss fell from its first check to its lowest, as a share of the range.
    """

    change: float
    low: float
    high: float
    lowest_at: int
    fallen: float

    @property
    def falls(self) -> bool:
        """Whether it falls by more than is negligible, and by more than noise."""
        return self.change < -NEGLIGIBLE and self.high < 0

    @property
    def rises(self) -> bool:
        """Whether it rises by more than is negligible, and by more than noise."""
        return self.change > NEGLIGIBLE and self.low > 0


def trend_of(steps: Integers, losses: Doubles) -> Trend | None:
    """Return where a loss goes in the last fifth of the steps; None if there are too few checks.

    All seeds share one slope, and each has a level of its own. The standard error of the slope comes from
    the residuals, with as many degrees of freedom as are left: n checks of K seeds leave K (n - 1) - 1.

    Args:
        steps: Shape (checks,), rising.
        losses: Shape (seeds, checks), finite.
    """
    last = 5 * steps > 4 * steps[-1]
    n_checks, n_seeds = int(last.sum()), len(losses)
    if n_checks < LEAST_CHECKS:
        return None
    # Imported here: what only lists or describes need not wait for it.
    from scipy.special import stdtrit

    mean = losses.mean(axis=0)
    lowest_at, covered = int(steps[np.argmin(mean)]), float(np.ptp(mean))
    if covered == 0:
        return Trend(0.0, 0.0, 0.0, lowest_at, 0.0)
    x = steps[last] - steps[last].mean()
    y = losses[:, last] - losses[:, last].mean(axis=1, keepdims=True)
    spread = n_seeds * float(np.sum(x**2))
    slope = float(np.sum(x * y)) / spread
    n_free = n_seeds * (n_checks - 1) - 1
    error = np.sqrt(np.sum((y - slope * x) ** 2) / n_free / spread)
    margin = float(stdtrit(n_free, 1 - LEVEL) * error)
    scale = float(steps[-1]) / 5 / covered
    low, high = (slope - margin) * scale, (slope + margin) * scale
    return Trend(slope * scale, low, high, lowest_at, float(mean[0] - mean.min()) / covered)


@dataclass(frozen=True)
class Convergence:
    """What the losses of one stage say, over all its seeds.

    Args:
        training: None where there were too few checks.
        validation: None for the same reason, or where no validation loss was measured.
    """

    training: Trend | None
    validation: Trend | None

    @property
    def overfits(self) -> bool:
        """Whether the validation loss rises after it fell, so that more steps would do harm.

        One that has only ever risen says nothing of the kind: triplet losses begin low, at their margin,
        while a network still gives all clips nearly the same embedding.
        """
        unseen = self.validation
        return unseen is not None and unseen.rises and unseen.fallen > NEGLIGIBLE

    @property
    def still_falls(self) -> bool:
        """Whether a loss still falls, so that more steps could change what was measured."""
        return not self.overfits and bool(self._falling)

    @property
    def words(self) -> str:
        """The verdict."""
        if self.training is None:
            return "too few steps to say"
        if self.overfits and self.validation is not None:
            return f"validation rises since step {self.validation.lowest_at}"
        if self._falling:
            return f"{' and '.join(self._falling)} still {'falls' if len(self._falling) == 1 else 'fall'}"
        if self.validation is not None and self.validation.rises:
            return "validation rises from the start"
        # That no fall was found is one thing, that there is none to speak of another.
        is_flat = all(trend.low >= -NEGLIGIBLE for trend in self._trends.values())
        return "levelled off" if is_flat else "no fall beyond noise"

    @property
    def _falling(self) -> list[str]:
        return [name for name, trend in self._trends.items() if trend.falls]

    @property
    def _trends(self) -> dict[str, Trend]:
        trends = {"training": self.training, "validation": self.validation}
        return {name: trend for name, trend in trends.items() if trend is not None}
