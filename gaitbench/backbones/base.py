"""What a backbone is, so that any method works on any of them."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from gaitbench.backbones.parts import PartNeck
from gaitbench.errors import ConfigurationError
from gaitbench.identity import Described, canonical, tag
from gaitbench.registry import Registry


class Backbone(nn.Module, ABC):
    """Maps silhouette clips [n, t, h, w] in {0, 1} to part embeddings [n, c, p].

    A subclass sets `parts`, `feature_channels` and `channels` and writes `features` and `project`.
    Clips shorter than `t` are padded at the end; `lengths` [n] says how many frames count, and the
    result for a clip is the one that it has alone.
    """

    title: ClassVar[str]
    """As printed in tables."""

    source: ClassVar[str]
    """The paper that introduced it."""

    version: ClassVar[int] = 1
    """Raised when the same options give another network than before."""

    parts: int
    feature_channels: int
    channels: int

    @abstractmethod
    def features(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Encode frames, pool over time and over parts: [n, t, h, w] -> [n, c_f, p]."""

    @abstractmethod
    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the embedding that is compared at test time, [n, c, p]."""
        return self.project(self.features(x, lengths))

    def neck(self, identities: int) -> nn.Module:
        """Return a new neck for training on so many identities: [n, c, p] -> logits [n, k, p]."""
        return PartNeck(self.parts, self.channels, identities)


backbones: Registry[Backbone] = Registry("backbone", "gaitbench.backbones", lambda: Backbone)


@dataclass(frozen=True)
class BackboneSpec(Described):
    """A backbone by name with its sizes: everything that its architecture depends on.

    Args:
        name: As registered.
        options: Keyword arguments of its constructor, sorted by name.
    """

    name: str
    options: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, name: str, options: Mapping[str, Any]) -> "BackboneSpec":
        """Return a spec with options in a fixed order; lists become tuples."""
        frozen = ((k, tuple(v) if isinstance(v, list) else v) for k, v in options.items())
        return cls(name, tuple(sorted(frozen)))

    def kind(self) -> type[Backbone]:
        """Return the backbone's class."""
        return backbones.get(self.name)

    def description(self) -> Any:
        """Return class and options, defaults included: an option left out is the same as its default."""
        kind = self.kind()
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(kind).parameters.items()
            if parameter.default is not parameter.empty
        }
        return {"": tag(kind)} | canonical(defaults | dict(self.options))

    def build(self) -> Backbone:
        """Return a new backbone; its weights come from torch's current random state.

        Raises:
            ConfigurationError: If the options do not fit the backbone.
        """
        try:
            return self.kind()(**dict(self.options))
        except TypeError as error:
            raise ConfigurationError(f"backbone {self.name!r}: {error}") from error
