"""Errors of other people's code, with the file, class and method that they come from."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from traceback import walk_tb
from types import UnionType

from gaitbench.core.errors import GaitbenchError, PluginError, StoreError

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
def calling(
    subject: object,
    method: str,
    doing: str = "",
    *,
    may_raise: type[GaitbenchError] = StoreError,
) -> Iterator[None]:
    """Name the plug-in's file, class and method in whatever it raises within the block.

    Args:
        subject: The class or object that is called. Errors of gaitbench's own are left as they are.
        method: Name of the method.
        doing: On what, for the message: "on a clip of 4 frames".
        may_raise: What the method raises where its code is not at fault: left as it is, like trouble with
            the store.

    Raises:
        PluginError: In place of any other error.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if is_own(subject) or isinstance(error, (StoreError, may_raise)):
            raise
        if isinstance(error, GaitbenchError) and where(subject) in str(error):
            # A hook or field of this one is named already.
            if isinstance(error, PluginError):
                raise
            raise PluginError(str(error)) from error
        place = f"{_method(subject, method)}{f' {doing}' if doing else ''}"
        if isinstance(error, GaitbenchError):
            raise PluginError(f"{place}: {error}") from error
        raise PluginError(f"{place} raised {error_text(error)}") from error


def plugin_error(error: BaseException) -> PluginError | None:
    """Return an error that names the plug-in in whose code another one was raised; None if in no plug-in's.

    For what passes through gaitbench's own code, such as a loss of its own that runs a plug-in's network.
    """
    for frame, _ in walk_tb(error.__traceback__):
        if _is_plugin(frame.f_globals):
            code = frame.f_code
            raised = error_text(error)
            return PluginError(f"Plug-in {code.co_filename}: {code.co_qualname}() raised {raised}")
    return None


def error_text(error: BaseException) -> str:
    """Return an error with its type and the line of the plug-in's file that it came from, if it did."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if _is_plugin(frame.f_globals)]
    text = f": {error}" if str(error) else ""
    return f"{type(error).__name__}{text}{f' (line {lines[-1]})' if lines else ''}"


def _is_plugin(module: dict[str, object]) -> bool:
    return str(module.get("__name__")).startswith(PLUGIN_PREFIX)


@contextmanager
def kept_in(failures: list[PluginError] | None) -> Iterator[None]:
    """Keep a plug-in's error in a list, so that everything else goes on; without a list, raise it."""
    try:
        yield
    except PluginError as error:
        if failures is None:
            raise
        failures.append(error)


def raise_kept(failures: Sequence[PluginError], rest: str) -> None:
    """Raise the errors in a list of `kept_in`, if there are any, as one.

    Args:
        failures: What went wrong.
        rest: What became of everything else.

    Raises:
        PluginError: With every message.
    """
    if failures:
        raise PluginError("\n".join([*(f"{str(f).rstrip('.')}." for f in failures), rest]))


def returned(
    subject: object,
    method: str,
    value: object,
    kind: "type | UnionType | tuple[type, ...]",
    what: str,
    *,
    fits: bool = True,
) -> None:
    """Check what a method has returned.

    Args:
        subject: The class or object whose method it was.
        method: Name of the method.
        value: What it returned.
        kind: Of what type it must be.
        what: The same in words: "a Stage".
        fits: Whether what else must be true of it is.

    Raises:
        PluginError: If it is of another type, or does not fit.
    """
    if not isinstance(value, kind) or not fits:
        raise wrong(subject, method, f"returned {shown(value)}; it must return {what}.")


def shown(value: object) -> str:
    """Return a value for a message: written out if that is short, arrays and tensors by their shape."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        sizes = "×".join(map(str, shape)) or "()"
        return f"{type(value).__name__} of shape {sizes} and type {getattr(value, 'dtype', '?')}"
    text = repr(value)
    is_short = len(text) < 80 and "\n" not in text and " at 0x" not in text
    return text if is_short else type(value).__name__


def wrong(subject: object, method: str, what: str) -> PluginError:
    """Return an error that says what a method did wrong.

    Args:
        subject: The class or object whose method it was.
        method: Name of the method.
        what: The rest of the sentence, with what it must do instead: "returned nothing; …".
    """
    return PluginError(f"{_method(subject, method)} {what}")
