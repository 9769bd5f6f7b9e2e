"""The hash of a description: what names an artifact in the store."""

import dataclasses
import hashlib
import json
import sys
from abc import ABC, abstractmethod
from typing import Any

from pydantic import BaseModel

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.plugin_errors import where

KEY_LENGTH = 20
PLUGIN_DIGEST = "__gaitbench_plugin_digest__"
"""Attribute of a plug-in's module that holds the hash of its file."""


def canonical(thing: object) -> Any:
    """Return a description as plain JSON values, with its type's name; order and sharing don't matter.

    Raises:
        ConfigurationError: If something in it is no description (an array, a function, an open file).
    """
    # Nearly everything is one of these, and a large experiment has a hundred thousand of them.
    if thing is None or isinstance(thing, str | int | float | bool):
        return thing
    if isinstance(thing, Described):
        return thing.description()
    if isinstance(thing, BaseModel):
        return {"": tag(type(thing))} | canonical(dict(thing))
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        fields = {f.name: _canonical_field(thing, f.name) for f in dataclasses.fields(thing)}
        return {"": tag(type(thing))} | fields
    if isinstance(thing, dict):
        return {str(k): canonical(v) for k, v in thing.items()}
    if isinstance(thing, tuple | list):
        return [canonical(v) for v in thing]
    raise ConfigurationError(
        f"{type(thing).__name__} cannot be part of a description, of which keys are made. Give it as "
        "numbers, texts, tuples of them or a dataclass."
    )


def _canonical_field(thing: object, name: str) -> Any:
    try:
        return canonical(getattr(thing, name))
    except ConfigurationError as error:
        error.add_context(f"{where(thing)}: {type(thing).__qualname__}.{name}")
        raise


class Described(ABC):
    """Something that is described by other values than its fields."""

    @abstractmethod
    def description(self) -> Any:
        """Return plain JSON values."""


def tag(kind: type) -> str:
    """Return what names a class in descriptions: its name, its version, and for a plug-in its file.

    gaitbench's own classes are named without their module, so that moving one changes no key. Code of
    a plug-in file is edited without anybody raising a version, so its content counts.
    """
    version = getattr(kind, "version", None)
    said = kind.__qualname__ + (f" {version}" if isinstance(version, int) else "")
    if kind.__module__.split(".")[0] == "gaitbench":
        return said
    file = getattr(sys.modules.get(kind.__module__), PLUGIN_DIGEST, kind.__module__)
    return f"{file}:{said}"


def key_of(thing: object) -> str:
    """Return the key of a description: equal descriptions, equal keys, on every machine."""
    text = json.dumps(canonical(thing), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]
