"""Names to classes: occlusions, methods, metrics, report formats and every other kind that can be added.

A class becomes known by one decorator:

    @register("blinds")
    class Blinds(Occlusion): ...

Its base class says of which kind it is. gaitbench's own classes register in the same way; the modules of a
kind are imported when the kind is first asked for.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import Any, ClassVar, Generic, TypeVar, get_origin

from gaitbench.core.errors import ConfigurationError, GaitbenchError, UnknownNameError
from gaitbench.core.options import check_facts
from gaitbench.core.plugin_errors import calling, where

T = TypeVar("T")
ClassT = TypeVar("ClassT", bound=type)
GROUP = "gaitbench.plugins"
"""Entry points of this group name the modules in which an installed distribution registers its classes."""

REGISTRIES: "list[Registry[Any]]" = []
"""Every registry there is: `register` looks for the one of a class in them."""

_NAME = re.compile(r"[\w.+-]+")

OWN = "gaitbench."
"""What the names of gaitbench's own modules begin with."""


class Registry(Generic[T]):
    """The classes of one kind, by name.

    Args:
        kind: What such a class is called in messages, for example "occlusion".
        base: The class that all of them derive from.
        homes: Packages and modules of gaitbench that hold classes of this kind.
    """

    def __init__(self, kind: str, base: type[T], *, homes: tuple[str, ...]) -> None:
        self.kind, self.base = kind, base
        self._homes: tuple[str, ...] = homes
        self._classes: dict[str, type[T]] = {}
        self._is_loaded = False
        REGISTRIES.append(self)

    def add(self, name: str, cls: type[T]) -> None:
        """Make a class known.

        Raises:
            ConfigurationError: If the name is taken, or the class lacks something that its base asks for.
        """
        # Before a plug-in takes a name, all own names must be there to be found taken.
        if not cls.__module__.startswith(OWN):
            self._load()
        taken = self._classes.get(name)
        if taken is not None:
            raise ConfigurationError(
                f"{where(cls)}: the {self.kind} name {name!r} is taken by {taken.__qualname__} of "
                f"{where(taken)}. Choose another name."
            )
        cls.name = name  # type: ignore[attr-defined]
        self._check(name, cls)
        self._classes[name] = cls

    def _check(self, name: str, cls: type[T]) -> None:
        subject = f"{where(cls)}: class {cls.__qualname__}, registered as the {self.kind} {name!r},"
        abstract = sorted(getattr(cls, "__abstractmethods__", ()))
        if abstract:
            raise ConfigurationError(
                f"{subject} lacks {', '.join(f'{method}()' for method in abstract)}."
            )
        absent = [fact for fact in _facts(self.base) if not hasattr(cls, fact)]
        if absent:
            raise ConfigurationError(f"{subject} must say its {', its '.join(absent)}.")
        if not cls.__module__.startswith(OWN):
            check_facts(cls, self.base, subject.rstrip(","))
        own = [n for n, hint in inspect.get_annotations(cls).items() if not _is_fact(hint)]
        is_dataclass = hasattr(self.base, "__dataclass_fields__")
        if own and is_dataclass and "__dataclass_fields__" not in cls.__dict__:
            raise ConfigurationError(
                f"{subject} has the fields {', '.join(own)}: decorate it with @dataclass(frozen=True), "
                "below @register."
            )

    def _load(self) -> None:
        """Import the modules that hold classes of this kind."""
        if self._is_loaded:
            return
        self._is_loaded = True
        for home in self._homes:
            package = importlib.import_module(home)
            for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
                importlib.import_module(f"{home}.{module.name}")
        load_installed()

    def get(self, name: str) -> type[T]:
        """Return the class registered under `name`.

        Raises:
            UnknownNameError: If there is none.
        """
        return self._classes[self.check(name)]

    def make(self, name: str) -> T:
        """Return an object of the class registered under `name`, built without arguments.

        Raises:
            UnknownNameError: If there is none.
            PluginError: If it cannot be built.
        """
        kind = self.get(name)
        with calling(kind, "__init__"):
            return kind()

    def check(self, name: str) -> str:
        """Return `name` if it is known; raise UnknownNameError otherwise."""
        self._load()
        if name not in self._classes:
            raise UnknownNameError(self.kind, name, self._classes)
        return name

    def check_name(self, name: str) -> None:
        """Check a name as it may be asked for; a kind whose classes have variants knows more names.

        Raises:
            UnknownNameError: If there is nothing of that name.
        """
        self.check(name)

    def names(self) -> list[str]:
        """Return all known names: gaitbench's own by `place` and alphabet, then others as they came."""
        self._load()
        own = [name for name, cls in self._classes.items() if cls.__module__.startswith(OWN)]
        own.sort(key=lambda name: (getattr(self._classes[name], "place", 0), name))
        return list(dict.fromkeys([*own, *self._classes]))

    def items(self) -> Iterator[tuple[str, type[T]]]:
        """Yield every name with its class."""
        for name in self.names():
            yield name, self._classes[name]

    def third_party(self) -> list[str]:
        """Return the names that plug-ins and other distributions have registered."""
        return [n for n in self.names() if not self._classes[n].__module__.startswith(OWN)]

    def forget(self, chosen: Callable[[type[T]], bool]) -> dict[str, type[T]]:
        """Forget the classes for which `chosen` is true, and return them."""
        forgotten = {name: cls for name, cls in self._classes.items() if chosen(cls)}
        self._classes = {n: t for n, t in self._classes.items() if n not in forgotten}
        return forgotten

    def restore(self, classes: dict[str, type[T]]) -> None:
        """Know again what `forget` has returned."""
        self._classes |= classes


@cache
def load_installed() -> None:
    """Import the modules that installed distributions name; their `register` calls take effect.

    Raises:
        ConfigurationError: If one does not import.
    """
    for entry in entry_points(group=GROUP):
        try:
            entry.load()
        except GaitbenchError:
            raise
        except Exception as error:
            owner = entry.dist.name if entry.dist else "?"
            raise ConfigurationError(
                f"The plug-in {entry.value} of the installed distribution {owner!r} does not import: "
                f"{type(error).__name__}: {error}. Repair it or uninstall it."
            ) from error


def _is_fact(hint: object) -> bool:
    return get_origin(hint) is ClassVar or hint is ClassVar or str(hint).startswith("ClassVar")


def _facts(base: type) -> list[str]:
    """Return the facts that a base class asks every class for: annotated as ClassVar, without a value."""
    return [
        name
        for kind in reversed(base.__mro__)
        for name, hint in inspect.get_annotations(kind).items()
        if _is_fact(hint) and not hasattr(base, name) and name != "name"
    ]


def register(name: str) -> Callable[[ClassT], ClassT]:
    """Return a class decorator that makes a class known under `name`.

    The class derives from the base of its kind: Occlusion, Method, Backbone, Dataset, Reader, Protocol,
    Metric, Distance, Setting, Format, ReportFigure, Executor or Callback.

    Raises:
        ConfigurationError: If it derives from none of them, the name is taken or cannot be given on a
            command line, or something is missing.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"@register({name!r}): give the name under which the class is to be known, of letters, digits, "
            "'-', '_', '.' and '+': @register(\"my-thing\")."
        )

    def add(cls: ClassT) -> ClassT:
        if not isinstance(cls, type):
            raise ConfigurationError(
                f"{where(cls)}: @register({name!r}) is for classes. Got {cls!r} instead."
            )
        for registry in REGISTRIES:
            if issubclass(cls, registry.base):
                registry.add(name, cls)
                return cls
        bases = ", ".join(sorted(registry.base.__name__ for registry in REGISTRIES))
        raise ConfigurationError(
            f"{where(cls)}: class {cls.__qualname__}, registered as {name!r}, derives from none of the "
            f"classes that can be registered: {bases}."
        )

    return add
