"""Errors of other people's code, with the file, class and method that they come from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import UnionType

from gaitbench.core.errors import GaitbenchError, PluginError

PLUGIN_PREFIX = "gaitbench_plugin_"
"""What the names of plug-in files' modules begin with."""


def where(subject: object) -> str:
    """Return where a class or an object's class is from: a plug-in's file, or the name of a module."""
    kind = (
        subject
        if hasattr(subject, "__module__") and hasattr(subject, "__qualname__")
        else type(subject)
    )
    module = str(kind.__module__)
    if not module.startswith(PLUGIN_PREFIX):
        return module
    return f"Plug-in {getattr(sys.modules.get(module), '__file__', module)}"


def is_own(subject: object) -> bool:
    """Whether a class or an object's class is gaitbench's own."""
    return where(subject).startswith("gaitbench.")


def _method(subject: object, method: str) -> str:
    kind = subject if isinstance(subject, type) else type(subject)
    return f"{where(kind)}: {kind.__qualname__}.{method}()"


@contextmanager
def calling(subject: object, method: str, doing: str = "") -> Iterator[None]:
    """Name the plug-in's file, class and method in whatever it raises within the block.

    Args:
        subject: The class or object that is called. Errors of gaitbench's own are left as they are.
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
        if is_own(subject):
            raise
        raise PluginError(
            f"{_method(subject, method)}{f' {doing}' if doing else ''} raised "
            f"{type(error).__name__}: {error}"
        ) from error


def returned(
    subject: object,
    method: str,
    value: object,
    kind: "type | UnionType | tuple[type, ...]",
    what: str,
) -> None:
    """Check what a method has returned.

    Args:
        subject: The class or object whose method it was.
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
            subject,
            method,
            f"returned {shown if len(shown) < 80 else type(value).__name__}; it must return {what}.",
        )


def wrong(subject: object, method: str, what: str) -> PluginError:
    """Return an error that says what a method did wrong.

    Args:
        subject: The class or object whose method it was.
        method: Name of the method.
        what: The rest of the sentence, with what it must do instead: "returned nothing; …".
    """
    return PluginError(f"{_method(subject, method)} {what}")
