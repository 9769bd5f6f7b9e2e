"""TOML files of experiments, presets and recipes: reading, checking and writing their values."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from gaitbench.core.errors import ConfigurationError, UnknownNameError

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Return the values in a TOML file.

    Args:
        path: Of the file.
        what: What the file is, for messages: "Preset file".

    Raises:
        ConfigurationError: If the file cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{what} {path}: there is no such file.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{what} {path} cannot be read: {error}") from error


def checked(
    model: type[ModelT],
    values: Mapping[str, Any],
    source: str,
    places: Mapping[str, str] | None = None,
) -> ModelT:
    """Return values as a model.

    Args:
        model: What they become.
        values: By field name.
        source: Where they are from, for messages.
        places: Where single values are from, by field name, in place of `source`.

    Raises:
        ConfigurationError: If a key is unknown or a value does not fit.
    """
    unknown = [key for key in values if key not in model.model_fields]
    if unknown:
        raise ConfigurationError(
            f"{source}: {UnknownNameError('key', unknown[0], model.model_fields)}"
        )
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            name, *inner = map(str, fault["loc"] or ("",))
            place = (places or {}).get(name, f"{source}: {name}" if places else name)
            # What pydantic puts before the message of a validator that is not its own.
            message = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "extra_forbidden":
                message = str(
                    UnknownNameError("key", inner[-1], _keys_at(model, fault["loc"][:-1]))
                )
            faults.append(
                f"{'.'.join([place, *inner])} = {fault['input']!r}: {message.rstrip('.')}"
            )
        message = "; ".join(faults)
        raise ConfigurationError(f"{message}." if places else f"{source}: {message}.") from error


def _keys_at(kind: Any, place: Sequence[int | str]) -> Iterable[str]:
    """Return the keys that a model, or what lies in it at a place of fields and positions, knows."""
    for step in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[str(step)].annotation
        else:
            # Of a tuple or a mapping, the type of what it holds.
            kind = next((part for part in reversed(get_args(kind)) if part is not Ellipsis), None)
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return kind.model_fields if is_model else ()


def toml_text(values: Mapping[str, object]) -> str:
    """Return values as TOML that gives the same values when read; None is left out."""
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
