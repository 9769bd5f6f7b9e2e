"""The hash of a description: what names an artifact in the store."""

import dataclasses
import hashlib
import json
from typing import Any

from pydantic import BaseModel

KEY_LENGTH = 20


def canonical(thing: object) -> Any:
    """Return a description as plain JSON values, with its type's name; order and sharing don't matter.

    Raises:
        TypeError: If something in it is no description (an array, a function, an open file).
    """
    if isinstance(thing, Described):
        return thing.description()
    if isinstance(thing, BaseModel):
        return {"": type(thing).__name__} | canonical(dict(thing))
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        fields = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)}
        return {"": type(thing).__name__} | canonical(fields)
    if isinstance(thing, dict):
        return {str(k): canonical(v) for k, v in thing.items()}
    if isinstance(thing, tuple | list):
        return [canonical(v) for v in thing]
    if thing is None or isinstance(thing, str | int | float | bool):
        return thing
    raise TypeError(f"{type(thing).__name__} cannot be part of a description.")


class Described:
    """Something that is described by other values than its fields."""

    def description(self) -> Any:
        """Return plain JSON values."""
        raise NotImplementedError


def key_of(thing: object) -> str:
    """Return the key of a description: equal descriptions, equal keys, on every machine."""
    text = json.dumps(canonical(thing), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]
