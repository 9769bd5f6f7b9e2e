"""What may happen to a clip: how often it is occluded, by what and how much."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from gaitbench.core.errors import ConfigurationError
from gaitbench.occlusion.base import Drawn, Occlusion, Range, make

NO_OCCLUSION = "none"

Draws = Literal["clip", "batch"]
"""What shares one draw in training: see `Mix`."""


@dataclass(frozen=True)
class Mix:
    """What may happen to a clip: nothing, or one of some generators with equal chance.

    Args:
        generators: Each drawn equally often among the occluded clips.
        share: Share of the clips that are occluded, in [0, 1].
        per: "clip": every training clip has a draw of its own. "batch": all clips of a training batch
            share one, whether they are occluded included, as in released code that samples clips of
            varying length. Test clips have their own draws in any case.

    Raises:
        ConfigurationError: If the share leaves [0, 1], clips are to be occluded by nothing, or two
            generators share a name.
    """

    generators: tuple[Occlusion, ...] = ()
    share: float = 0.0
    per: Draws = "clip"

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigurationError(
                f"The occluded share of the clips must be in [0, 1]. Got {self.share:g} instead."
            )
        if self.share > 0 and not self.generators:
            raise ConfigurationError(
                f"A share of {self.share:g} of the clips is to be occluded, but by no generator."
            )
        names = [g.name for g in self.generators]
        if len(set(names)) != len(names):
            raise ConfigurationError(f"A generator stands twice in one mix: {', '.join(names)}.")

    @classmethod
    def of(cls, names: Sequence[str], amount: Range, share: float) -> Self:
        """Return a mix of registered generators.

        Args:
            names: Of the generators.
            amount: Range of the amount of each.
            share: Share of the clips that are occluded, in [0, 1].

        Raises:
            ConfigurationError: If there is no such generator, or the mix makes no sense.
        """
        return cls(tuple(make(name, amount=amount) for name in names), share)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the types that a detector tells apart; the first is "none"."""
        return (NO_OCCLUSION, *(g.name for g in self.generators))

    def draw(self, rng: np.random.Generator, t: int, h: int, w: int) -> tuple[int, Drawn | None]:
        """Return a type (an index into `classes`) and what was drawn for a clip [t, h, w]."""
        if not self.share or rng.random() >= self.share:
            return 0, None
        index = int(rng.integers(len(self.generators)))
        return index + 1, self.generators[index].draw(rng, t, h, w)

    def with_share(self, share: float) -> Self:
        """Return this mix with another share of occluded clips."""
        return replace(self, share=share)

    def balanced(self) -> Self:
        """Return this mix with every type, "none" included, equally often."""
        return self.with_share(len(self.generators) / (len(self.generators) + 1))

    def plus(self, generator: Occlusion) -> Self:
        """Return this mix with one more generator; the share of occluded clips stays."""
        if generator.name in self.classes:
            return self
        return replace(self, generators=(*self.generators, generator))

    def describe(self) -> str:
        """Return the mix in words, for tables' footers."""
        return (
            f"{self.share:.0%} of the clips: {self.types()}" if self.share else "no clip occluded"
        )

    def types(self) -> str:
        """Return the types with their amounts in words."""
        kinds = ", ".join(f"{g.name} {g.amount[0]:g}–{g.amount[1]:g}" for g in self.generators)
        return f"{kinds}, drawn once for all clips of a batch" if self.per == "batch" else kinds


HOLISTIC = Mix()
