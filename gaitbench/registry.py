"""Names to things: occlusions, backbones, methods, data sets and protocols.

gaitbench's own things and a third party's are found in the same way, through entry points of an
installed distribution; a plug-in file adds its own by calling `register`. Nothing is imported until
it is asked for by name.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from gaitbench.errors import ConfigurationError, UnknownNameError
from gaitbench.identity import PLUGIN_DIGEST

T = TypeVar("T")
AnyT = TypeVar("AnyT")
PLUGIN_PREFIX = "gaitbench_plugin_"
REGISTRIES: "list[Registry[Any]]" = []
"""Every registry there is, so that what a plug-in adds can be taken back."""


class Registry(Generic[T]):
    """The things of one kind, by name.

    Args:
        kind: What one thing is called in messages, for example "occlusion".
        group: The entry-point group that is searched, for example "gaitbench.occlusions".
        base: Returns the class that every thing derives from.
    """

    def __init__(self, kind: str, group: str, base: Callable[[], type[T]] | None = None) -> None:
        self.kind = kind
        self.group = group
        self._base = base
        self._things: dict[str, type[T]] = {}
        self._sources: dict[str, str] = {}
        self._entries: dict[str, EntryPoint] | None = None
        REGISTRIES.append(self)

    def _installed(self) -> dict[str, EntryPoint]:
        if self._entries is None:
            self._entries = {}
            for entry in entry_points(group=self.group):
                if entry.name in self._entries and self._entries[entry.name].value != entry.value:
                    raise ConfigurationError(
                        f"The {self.kind} name {entry.name!r} is claimed by "
                        f"{self._entries[entry.name].value} and by {entry.value}; "
                        "uninstall one of the two distributions or rename its entry point."
                    )
                self._entries[entry.name] = entry
        return self._entries

    def register(self, name: str) -> Callable[[type[AnyT]], type[AnyT]]:
        """Return a class decorator that makes a plug-in's class known under `name`.

        Raises:
            ConfigurationError: If the name is taken.
        """

        def add(thing: type[AnyT]) -> type[AnyT]:
            source = getattr(thing, "__module__", "?")
            self._check_kind(name, thing, source)
            if name in self._installed() or name in self._things:
                raise ConfigurationError(
                    f"{source}: the {self.kind} name {name!r} is taken by {self.source(name)}. "
                    "Choose another name."
                )
            self._things[name] = thing  # type: ignore[assignment]
            self._sources[name] = source
            return thing

        return add

    def get(self, name: str) -> type[T]:
        """Return the class registered under `name`.

        Raises:
            UnknownNameError: If there is none.
            ConfigurationError: If its module cannot be imported.
        """
        if name not in self._things:
            entry = self._installed().get(name)
            if entry is None:
                raise UnknownNameError(self.kind, name, self.names())
            try:
                thing = entry.load()
            except (ImportError, AttributeError) as error:
                raise ConfigurationError(
                    f"The {self.kind} {name!r} ({entry.value}) does not import: {error}"
                ) from error
            self._check_kind(name, thing, entry.value)
            self._things[name] = thing
        return self._things[name]

    def _check_kind(self, name: str, thing: object, source: str) -> None:
        base = self._base() if self._base is not None else object
        if not (isinstance(thing, type) and issubclass(thing, base)):
            raise ConfigurationError(
                f"{source}: what is registered as the {self.kind} {name!r} must be a class derived from "
                f"{base.__module__}.{base.__qualname__}. Got {thing!r} instead."
            )

    def snapshot(self) -> tuple[dict[str, type[T]], dict[str, str]]:
        """Return what plug-ins have registered so far, for `restore`."""
        return dict(self._things), dict(self._sources)

    def forget(self, names: Iterable[str]) -> None:
        """Forget what plug-ins have registered under these names."""
        for name in list(names):
            self._things.pop(name, None)
            self._sources.pop(name, None)

    def restore(self, state: tuple[dict[str, type[T]], dict[str, str]]) -> None:
        """Forget what was registered since `snapshot`."""
        self._things, self._sources = dict(state[0]), dict(state[1])

    def check(self, name: str) -> str:
        """Return `name` if it is known, without importing it; raise UnknownNameError otherwise."""
        if name not in self._things and name not in self._installed():
            raise UnknownNameError(self.kind, name, self.names())
        return name

    def source(self, name: str) -> str:
        """Return who registered `name`: a module, or an entry point's value."""
        entry = self._installed().get(self.check(name))
        return entry.value if entry is not None else self._sources[name]

    def names(self) -> list[str]:
        """Return all known names: installed ones by the alphabet, then plug-ins' as they came."""
        return list(dict.fromkeys([*sorted(self._installed()), *self._things]))

    def items(self) -> Iterator[tuple[str, type[T]]]:
        """Yield every name with its class, importing each."""
        for name in self.names():
            yield name, self.get(name)


@contextmanager
def only_plugins(paths: Iterable[Path]) -> Iterator[None]:
    """Load these plug-ins for the length of a block, and none that was loaded before or after."""
    states = [registry.snapshot() for registry in REGISTRIES]
    modules = {n: m for n, m in sys.modules.items() if n.startswith(PLUGIN_PREFIX)}
    for name in modules:
        del sys.modules[name]
    for registry, (_, sources) in zip(REGISTRIES, states, strict=True):
        registry.forget(sources)
    try:
        for path in paths:
            load_plugin(path)
        yield
    finally:
        for name in [n for n in sys.modules if n.startswith(PLUGIN_PREFIX)]:
            del sys.modules[name]
        sys.modules.update(modules)
        for registry, state in zip(REGISTRIES, states, strict=True):
            registry.restore(state)


def load_plugin(path: Path) -> None:
    """Import a plug-in file, whose `register` calls take effect; a second call does nothing.

    Raises:
        ConfigurationError: If the file is missing or does not import.
    """
    path = path.resolve()
    if not path.is_file():
        raise ConfigurationError(f"Plug-in {path}: there is no such file.")
    # Two plug-ins may have the same file name in different folders.
    place = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    module_name = f"{PLUGIN_PREFIX}{path.stem}_{place}"
    if module_name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"Plug-in {path}: not a Python file (its name must end in .py).")
    module = importlib.util.module_from_spec(spec)
    setattr(module, PLUGIN_DIGEST, hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except ConfigurationError:
        del sys.modules[module_name]
        raise
    except Exception as error:
        del sys.modules[module_name]
        raise ConfigurationError(
            f"Plug-in {path} does not import: {type(error).__name__}: {error}"
        ) from error
