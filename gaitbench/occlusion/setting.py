"""Settings: who is occluded, how often, by what and how much, under one name."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.plugin_errors import shown, where
from gaitbench.core.registry import Registry
from gaitbench.occlusion.mix import Draws, Mix

DEFAULT = "mimicgait"
MANY = 3
"""Types beyond which a heading counts them instead of naming each."""


@dataclass(frozen=True)
class Setting:
    """A named bundle of what occludes training and test clips; a subclass gives every field a default.

    Args:
        source: Where it is stated.
        train: What training clips meet.
        test: What probe and gallery clips meet, drawn independently.

    Raises:
        ConfigurationError: If `train` or `test` is no Mix.
    """

    source: str
    train: Mix
    test: Mix

    name: ClassVar[str]
    """What the setting is registered as."""

    def __post_init__(self) -> None:
        for role, mix in (("train", self.train), ("test", self.test)):
            if not isinstance(mix, Mix):
                raise ConfigurationError(
                    f"{where(self)}: {type(self).__qualname__}: {role} = {shown(mix)}; it must be a Mix."
                )

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


settings: Registry[Setting] = Registry("setting", Setting, homes=("gaitbench.occlusion.settings",))


def setting_names() -> list[str]:
    """Return the names of all settings, the default first."""
    return sorted(settings.names(), key=lambda name: name != DEFAULT)


def get_setting(name: str) -> Setting:
    """Return a setting by name.

    Raises:
        UnknownNameError: If there is none.
        ConfigurationError: If it cannot be built.
    """
    return settings.make(name)
