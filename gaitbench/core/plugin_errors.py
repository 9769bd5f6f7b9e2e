"""Errors of other people's code, with the file, class and method that they come from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import UnionType

from gaitbench.core.errors import GaitbenchError, PluginError

PLUGIN_PREFIX = "gaitbench_plugin_"
"""What the names of plug-in files' modules begin with."""


def where(thing: object) -> str:
    """Return where a class or an object's class is from: a plug-in's file, or the name of a module."""
    kind = thing if hasattr(thing, "__module__") and hasattr(thing, "__qualname__") else type(thing)
    module = str(kind.__module__)
    if not module.startswith(PLUGIN_PREFIX):
        return module
    return f"Plug-in {getattr(sys.modules.get(module), '__file__', module)}"


def is_own(thing: object) -> bool:
    """Whether a class or an object's class is gaitbench's own."""
    return where(thing).startswith("gaitbench.")


def _method(thing: object, method: str) -> str:
    kind = thing if isinstance(thing, type) else type(thing)
    return f"{where(kind)}: {kind.__qualname__}.{method}()"


@contextmanager
def calling(thing: object, method: str, doing: str = "") -> Iterator[None]:
    """Name the plug-in's file, class and method in whatever it raises within the block.

    Args:
        thing: The class or object that is called. Errors of gaitbench's own are left as they are.
        method: Name of the method.
        doing: On what, for the message: "on a clip of 4 frames".

    Raises:
        PluginError: In place of any error that is not gaitbench's.
    """
    try:
        yield
    except GaitbenchError:
        raise
    except Exception as error:
        if is_own(thing):
            raise
        raise PluginError(
            f"{_method(thing, method)}{f' {doing}' if doing else ''} raised {type(error).__name__}: {error}"
        ) from error


def returned(
    thing: object,
    method: str,
    value: object,
    kind: "type | UnionType | tuple[type, ...]",
    what: str,
) -> None:
    """Check what a method has returned.

    Args:
        thing: The class or object whose method it was.
        method: Name of the method.
        value: What it returned.
        kind: Of what type it must be.
        what: The same in words: "a Stage".

    Raises:
        PluginError: If it is of another type.
    """
    if not isinstance(value, kind):
        shown = repr(value)
        raise wrong(
            thing,
            method,
            f"returned {shown if len(shown) < 80 else type(value).__name__}; it must return {what}.",
        )


def wrong(thing: object, method: str, what: str) -> PluginError:
    """Return an error that says what a method did wrong.

    Args:
        thing: The class or object whose method it was.
        method: Name of the method.
        what: The rest of the sentence, with what it must do instead: "returned nothing; …".
    """
    return PluginError(f"{_method(thing, method)} {what}")
