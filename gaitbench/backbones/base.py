"""What a backbone is: a description of a network, by name and with options, that any method can train."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gaitbench.core.keys import Described, canonical
from gaitbench.core.options import check_fields, make_with
from gaitbench.core.plugin_errors import calling, returned, wrong
from gaitbench.core.registry import Registry

if TYPE_CHECKING:
    from gaitbench.networks.base import BackboneNetwork

SIZES = ("parts", "feature_channels", "channels")
"""What a network must say of itself."""


@dataclass(frozen=True)
class Backbone(ABC):
    """The architecture of a network that maps silhouette clips [n, t, h, w] to embeddings [n, c, p].

    Its fields are its options. A backbone in one plug-in file:

        class PlainNetwork(BackboneNetwork):
            def __init__(self, width):
                super().__init__()
                self.parts, self.feature_channels, self.channels = 4, width, width
                self.conv = nn.Conv2d(1, width, 3, padding=1)
                self.head = PartLinear(self.parts, width, width)

            def encode(self, x):
                maps = self.conv(frames_of(x)).unflatten(0, x.shape[:2])
                return pool_parts(maps.amax(1), self.parts)

            def project(self, features):
                return self.head(features)


        @register("plain")
        @dataclass(frozen=True)
        class Plain(Backbone):
            width: int = 64

            title = "Plain"
            source = "an example"

            def build(self):
                return PlainNetwork(self.width)

    gaitbench's own import their networks within `build`, so that lists and `--dry-run` need no torch.

    Raises:
        ConfigurationError: If an option's value does not fit its annotation.
    """

    name: ClassVar[str]
    """As registered."""

    title: ClassVar[str]
    """As printed in tables."""

    source: ClassVar[str]
    """The paper that introduced it."""

    version: ClassVar[int] = 1
    """Raised when the same options give another network than before."""

    def __post_init__(self) -> None:
        check_fields(self, f"backbone {self.name!r}")

    @abstractmethod
    def build(self) -> "BackboneNetwork":
        """Return a new network, whose weights come from torch's current random state."""


backbones: Registry[Backbone] = Registry("backbone", Backbone, homes=("gaitbench.backbones",))


@dataclass(frozen=True)
class BackboneSpec(Described):
    """A backbone by name with its options: everything that its architecture depends on.

    Args:
        name: As registered.
        options: Those that are given, sorted by name.
    """

    name: str
    options: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, name: str, options: Mapping[str, Any]) -> "BackboneSpec":
        """Return a checked spec with options in a fixed order; lists become tuples.

        Raises:
            UnknownNameError: If there is no such backbone.
            ConfigurationError: If it has no such option, or a value does not fit.
        """
        spec = cls(name, tuple(sorted((k, _frozen(v)) for k, v in options.items())))
        spec.backbone()
        return spec

    def backbone(self) -> Backbone:
        """Return the backbone with these options."""
        kind = backbones.get(self.name)
        return make_with(kind, dict(self.options), f"backbone {self.name!r}")

    def description(self) -> Any:
        """Return class and options, defaults included: an option left out is the same as its default."""
        return canonical(self.backbone())

    def build(self) -> "BackboneNetwork":
        """Return a new network; its weights come from torch's current random state.

        Raises:
            PluginError: If a plug-in's `build` fails, or returns something else.
        """
        from gaitbench.networks.base import BackboneNetwork

        backbone = self.backbone()
        with calling(backbone, "build"):
            network = backbone.build()
        returned(
            *(backbone, "build", network, BackboneNetwork),
            "a gaitbench.networks.base.BackboneNetwork",
        )
        unset = [size for size in SIZES if not isinstance(getattr(network, size, None), int)]
        if unset:
            raise wrong(
                network,
                "__init__",
                f"must set {', '.join(unset)} to whole numbers before it is used.",
            )
        return network


def _frozen(value: object) -> object:
    """Return a value with tuples in place of lists."""
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
