"""Plug-in files: Python files given with --plugin, whose `register` calls take effect."""

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from gaitbench.core.errors import ConfigurationError, GaitbenchError
from gaitbench.core.keys import PLUGIN_DIGEST
from gaitbench.core.plugin_errors import PLUGIN_PREFIX, error_text
from gaitbench.core.registry import REGISTRIES


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
    sys.modules[module_name] = module
    try:
        setattr(module, PLUGIN_DIGEST, hashlib.sha256(path.read_bytes()).hexdigest()[:16])
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        _forget(module_name)
        if isinstance(error, GaitbenchError) and f"Plug-in {path}" in str(error):
            raise
        raise ConfigurationError(f"Plug-in {path} does not import: {error_text(error)}") from error


def _forget(module_name: str) -> None:
    """Take back what a module has registered before it failed."""
    del sys.modules[module_name]
    for registry in REGISTRIES:
        registry.forget(lambda cls: cls.__module__ == module_name)


def load_plugins(paths: Iterable[Path]) -> None:
    """Import several plug-in files, as a new process does before its work."""
    for path in paths:
        load_plugin(path)


def loaded_plugins() -> tuple[Path, ...]:
    """Return the plug-in files that are loaded, for processes that need them too."""
    modules = [module for name, module in sys.modules.items() if name.startswith(PLUGIN_PREFIX)]
    return tuple(Path(str(module.__file__)) for module in modules)


@contextmanager
def only_plugins(paths: Iterable[Path]) -> Iterator[None]:
    """Load these plug-in files for the length of a block, and none that was loaded before or after."""
    modules = _take_modules()
    set_aside = [(registry, registry.forget(_is_plugins)) for registry in REGISTRIES]
    try:
        load_plugins(paths)
        yield
    finally:
        _take_modules()
        sys.modules.update(modules)
        # Registries that were first imported within the block are among these, too.
        for registry in REGISTRIES:
            registry.forget(_is_plugins)
        for registry, of_others in set_aside:
            registry.restore(of_others)


def _is_plugins(kind: type) -> bool:
    return kind.__module__.startswith(PLUGIN_PREFIX)


def _take_modules() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.startswith(PLUGIN_PREFIX)]
    return {name: sys.modules.pop(name) for name in names}
