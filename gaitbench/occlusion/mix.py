"""Settings: who is occluded, how often, by what and how much, under one name."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.occlusion.base import Drawn, Occlusion, Range, make

NO_OCCLUSION = "none"

MANY = 3
"""Types beyond which a heading counts them instead of naming each."""

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
        if not self.share:
            return "no clip occluded"
        kinds = ", ".join(f"{g.name} {g.amount[0]:g}–{g.amount[1]:g}" for g in self.generators)
        drawn = ", drawn once for all clips of a batch" if self.per == "batch" else ""
        return f"{self.share:.0%} of the clips: {kinds}{drawn}"


HOLISTIC = Mix()


@dataclass(frozen=True)
class Setting:
    """A named bundle of what occludes training and test clips.

    Args:
        name: As given to `--setting`.
        source: Where it is stated.
        train: What training clips meet.
        test: What probe and gallery clips meet, drawn independently.
    """

    name: str
    source: str
    train: Mix
    test: Mix

    @property
    def test_name(self) -> str:
        """The test types as a column heading: "top+bottom", or their number where there are many."""
        names = [g.name for g in self.test.generators]
        return "+".join(names) if len(names) <= MANY else f"{len(names)} types"

    def drawn_per(self, per: Draws) -> Self:
        """Return this setting with its training clips' occlusion drawn per clip or per batch."""
        return replace(self, train=replace(self.train, per=per))

    def matched(self, share: float) -> Self:
        """Return this setting with another share of occluded training clips; its test stays."""
        return replace(self, train=self.train.with_share(share))


def _mix(names: tuple[str, ...], amount: Range, share: float) -> Mix:
    return Mix(tuple(make(name, amount=amount) for name in names), share)


def _mimicgait() -> Setting:
    mix = _mix(("top", "bottom"), (0.4, 0.6), 1.0)
    return Setting("mimicgait", "MimicGait (WACV 2025), section 4", mix, mix)


def _rg_gait() -> Setting:
    mix = _mix(("top", "bottom"), (0.1, 0.6), 0.5)
    return Setting("rg-gait", "released RG-Gait configurations", mix, mix)


def _rg_gait_fewer_at_test() -> Setting:
    mix = _rg_gait().train
    source = "released RG-Gait configurations, one of them"
    return Setting("rg-gait-0.3", source, mix, mix.with_share(0.3))


def _occ_aware() -> Setting:
    names = (
        "top",
        "bottom",
        "left",
        "right",
        "corner-top-left",
        "corner-top-right",
        "corner-bottom-left",
        "corner-bottom-right",
    )
    mix = _mix(names, (0.2, 0.5), 1.0).balanced()
    return Setting("occ-aware", "Occ-Aware (WACV 2024), section 4", mix, mix)


_SETTINGS = {
    "mimicgait": _mimicgait,
    "rg-gait": _rg_gait,
    "rg-gait-0.3": _rg_gait_fewer_at_test,
    "occ-aware": _occ_aware,
}


def setting_names() -> list[str]:
    """Return the names of all settings, the default first."""
    return list(_SETTINGS)


def get_setting(name: str) -> Setting:
    """Return a setting by name; UnknownNameError otherwise."""
    try:
        return _SETTINGS[name]()
    except KeyError:
        raise UnknownNameError("setting", name, _SETTINGS) from None
