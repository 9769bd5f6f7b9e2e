"""Options of described things: checked against a dataclass's annotations, or read from text."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.plugin_errors import calling

T = TypeVar("T")

Share = Annotated[float, Field(ge=0, le=1)]


def make_with(kind: type[T], options: Mapping[str, object], what: str) -> T:
    """Return an object of a dataclass with some of its fields given by name.

    Args:
        kind: All of its other fields have defaults.
        options: By name.
        what: Whose options they are, for messages: "backbone 'gaitgl'".

    Raises:
        ConfigurationError: If there is no such option, or a value does not fit.
    """
    names = option_names(kind)
    for name in options:
        if name not in names:
            raise ConfigurationError(f"{what}: {UnknownNameError('option', name, names)}")
    with calling(kind, "__init__"):
        return kind(**options)


def option_names(kind: type) -> list[str]:
    """Return the names of a dataclass's fields that can be given."""
    return [field.name for field in fields(kind) if field.init] if is_dataclass(kind) else []


def check_fields(instance: object, what: str) -> None:
    """Check the fields of a dataclass's object against their annotations.

    Args:
        instance: Nothing in it is converted: what differs in type differs in its key.
        what: It, for messages: "backbone 'gaitgl'".

    Raises:
        ConfigurationError: Which value does not fit.
    """
    kind: type = type(instance)
    for name, adapter in _adapters(kind).items():
        try:
            adapter.validate_python(getattr(instance, name), strict=True)
        except ValidationError as error:
            raise _misfit(what, name, error) from error


def check_facts(kind: type, base: type, what: str) -> None:
    """Check the facts that a class says of itself against the annotations of its base.

    Args:
        kind: Says them.
        base: Annotates them as ClassVar.
        what: The class, for messages.

    Raises:
        ConfigurationError: Which of them does not fit.
    """
    for name, adapter in _fact_adapters(base).items():
        try:
            if hasattr(kind, name):
                adapter.validate_python(getattr(kind, name), strict=True)
        except ValidationError as error:
            raise _misfit(what, name, error) from error


def read_options(kind: type, texts: Mapping[str, str], what: str) -> dict[str, Any]:
    """Return options of a dataclass that are written as text: "0.2", "false", "constant".

    Unknown names stay in: `make_with` refuses them.

    Raises:
        ConfigurationError: Which text does not fit, as none does an option that takes several values.
    """
    adapters = _adapters(kind)
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = adapters[name].validate_strings(text) if name in adapters else text
        except ValidationError as error:
            raise _misfit(what, name, error) from error
    return values


def _misfit(what: str, name: str, error: ValidationError) -> ConfigurationError:
    first = error.errors()[0]
    place = ".".join(map(str, (name, *first["loc"])))
    return ConfigurationError(f"{what}: {place} = {first['input']!r}: {first['msg']}.")


@lru_cache(maxsize=256)
def _fact_adapters(base: type) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(base, include_extras=True)
    facts = {n: get_args(h)[0] for n, h in hints.items() if get_origin(h) is ClassVar}
    return {name: TypeAdapter(hint) for name, hint in facts.items()}


@lru_cache(maxsize=256)
def _adapters(kind: type) -> dict[str, TypeAdapter[Any]]:
    """Return what checks each field; fields of types that cannot be checked are left out."""
    try:
        hints = get_type_hints(kind, include_extras=True)
    except NameError:
        # A plug-in may import names for its annotations alone.
        return {}
    adapters: dict[str, TypeAdapter[Any]] = {}
    for name in option_names(kind):
        try:
            adapters[name] = TypeAdapter(hints[name])
        except PydanticUserError:
            continue
    return adapters
