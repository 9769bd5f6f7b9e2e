"""How uncertain a mean over seeds is: by people, by seeds, and by what both do together."""

from dataclasses import dataclass

import numpy as np

from gaitbench.core.arrays import Doubles


@dataclass(frozen=True, eq=False)
class Variance:
    """How uncertain a mean over seeds is; all arrays have shape (...).

    Args:
        identities: From the choice of people, without what people and seeds do together.
        seeds: From the choice of seeds, with that.
        freedom: Degrees of freedom of the sum.
        people_alone: From the choice of people, with what they do together with the seeds.
        resampled: Of the mean over seeds when people are resampled, which counts pairs of people twice.
    """

    identities: Doubles
    seeds: Doubles
    freedom: Doubles
    people_alone: Doubles
    resampled: Doubles

    @classmethod
    def of(
        cls,
        values: Doubles,
        resampled: Doubles,
        interaction: Doubles,
        *,
        pair_effects: Doubles | None = None,
        identities_freedom: float = np.inf,
    ) -> "Variance":
        """Split the variance of the mean of `values` over the seeds.

        The variance between seeds holds the interaction already, and resampled people show it again: it
        is taken off there, where it is known well.

        Args:
            values: Shape (..., K).
            resampled: Shape (...): variance of the mean over seeds over samples of people.
            interaction: Shape (...): variance over samples of people of a seed's deviation from it.
            pair_effects: Shape (..., K, identities), see `IdentitySums.pair_effects`: `resampled` and
                `interaction` hold twice what they add. None if unknown.
            identities_freedom: Degrees of freedom of `resampled`.
        """
        n_seeds = values.shape[-1]
        people_alone = resampled
        if pair_effects is not None:
            people_alone, interaction = (
                # They are at most half of what counts them twice.
                variance - np.minimum(pairs, variance / 2)
                for variance, pairs in zip(
                    (resampled, interaction), _of_pairs(pair_effects), strict=True
                )
            )
        identities = np.maximum(0.0, people_alone - interaction / n_seeds)
        if n_seeds == 1:
            seeds = np.zeros(identities.shape)
            freedom = np.full(identities.shape, identities_freedom)
            return cls(identities, seeds, freedom, people_alone, resampled)
        seeds = values.var(axis=-1, ddof=1) / n_seeds
        of_seeds = _share(seeds, identities + seeds)
        inverse_freedom = of_seeds / (n_seeds - 1) + (1 - of_seeds) / identities_freedom
        return cls(
            identities,
            seeds,
            np.divide(
                1.0,
                inverse_freedom,
                out=np.full(inverse_freedom.shape, np.inf),
                where=inverse_freedom > 0,
            ),
            people_alone,
            resampled,
        )

    @property
    def kept(self) -> Doubles:
        """Shape (...): standard deviation of `identities` over that of `resampled`."""
        kept: Doubles = np.sqrt(_share(self.identities, self.resampled))
        return kept

    @property
    def kept_alone(self) -> Doubles:
        """Shape (...): standard deviation of `people_alone` over that of `resampled`."""
        kept: Doubles = np.sqrt(_share(self.people_alone, self.resampled))
        return kept

    @property
    def seeds_share(self) -> Doubles:
        """Shape (...): the share of the seeds in the variance, 0 where nothing varies."""
        return _share(self.seeds, self.identities + self.seeds)

    @property
    def standard_error(self) -> Doubles:
        """Shape (...); never less than that of people alone, though seeds may be alike by chance."""
        error: Doubles = np.sqrt(np.maximum(self.identities + self.seeds, self.people_alone))
        return error


def _share(part: Doubles, whole: Doubles) -> Doubles:
    """Return part / whole, 0 where there is nothing."""
    share: Doubles = np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)
    return share


def _of_pairs(effects: Doubles) -> tuple[Doubles, Doubles]:
    """Return what pairs of people add to the variance of a mean over seeds, and of a seed's deviation.

    Args:
        effects: Shape (..., K, identities), see `IdentitySums.pair_effects`.
    """
    n_seeds = effects.shape[-2]
    mean = effects.mean(axis=-2)
    alone = effects - mean[..., None, :]
    return (mean**2).sum(axis=-1) / 2, (alone**2).sum(axis=(-1, -2)) / max(n_seeds - 1, 1) / 2
