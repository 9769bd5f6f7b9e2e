"""How an option is asked for: on the command line, in an experiment file, and in its help."""

import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.registry import Registry


@dataclass(frozen=True)
class Option:
    """What there is to know of an option beside its type and its default.

    It stands in the annotation: `side: Annotated[Literal["both", "probe"], Option("What is occluded.")]`.

    Args:
        help: One sentence.
        choices: Where the valid names are: "module:name" of a registry, a tuple, or a function that
            returns names. They are looked up when help is printed or a value is checked, not before. ""
            where the type says what is valid.
        path: What may be given by its path in place of a name: a folder, a TOML file (told by its ending),
            or a file, which is always a path. A relative one starts where it was written.
        flags: On the command line; by default the name with two dashes.
        unset: What a default that is None or empty stands for.
        to_text: How the values of a list are written on the command line, where not one by one.
    """

    help: str
    choices: str = ""
    path: Literal["", "folder", "TOML file", "file"] = ""
    flags: tuple[str, ...] = ()
    unset: str = "none"
    to_text: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class BoundOption:
    """An option together with what its field or parameter says.

    Args:
        name: Of the field or parameter.
        kind: Its type.
        default: Its default.
        option: What stands in its annotation.
    """

    name: str
    kind: Any
    default: Any
    option: Option

    @property
    def flags(self) -> tuple[str, ...]:
        """Its names on the command line, the main one first."""
        return self.option.flags or (f"--{self.name.replace('_', '-')}",)

    @property
    def is_list(self) -> bool:
        """Whether it has several values."""
        return get_origin(self.kind) is tuple

    @property
    def is_repeated(self) -> bool:
        """Whether its values are given one by one: a path may hold a comma."""
        return self.is_list and self.option.path == "file"

    @property
    def words(self) -> tuple[str, ...]:
        """The values that its type allows; none where it is no Literal."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    def names(self) -> list[str]:
        """Return the names that are valid now, plug-ins' included; none where anything may be given."""
        choices = self._choices()
        names = choices.names() if isinstance(choices, Registry) else choices
        return list(names() if callable(names) else names)

    def check(self, value: object, place: str = "") -> None:
        """Check that a value, or each of several, is a valid name.

        Args:
            value: What was given.
            place: Where, for the message.

        Raises:
            ConfigurationError: If one is not; the message offers the nearest names.
        """
        for name in value if isinstance(value, list | tuple) else (value,):
            if name is None or self._may_be_path(str(name)):
                continue
            try:
                self._check_name(str(name))
            except ConfigurationError as error:
                if not place:
                    raise
                raise ConfigurationError(f"{place}: {error}") from error

    def _check_name(self, name: str) -> None:
        choices, names = self._choices(), self.names()
        if isinstance(choices, Registry):
            choices.check_name(name)
        elif names and name not in names:
            what = "value" if self.words else self.name.replace("_", " ")
            raise UnknownNameError(what, name, names)

    def located(self, value: Any, folder: Path) -> Any:
        """Return a value with its path made absolute, or each of its paths.

        Args:
            value: As it was given.
            folder: Where a relative path starts.
        """
        if isinstance(value, list | tuple):
            return [self.located(item, folder) for item in value]
        path = folder / str(value)
        # A bare word is a registered name unless there is a folder of that name.
        is_path = {
            "": False,
            "folder": path.is_dir(),
            "TOML file": path.suffix == ".toml",
            "file": True,
        }
        return str(path.resolve()) if value is not None and is_path[self.option.path] else value

    def parsed(self, text: Any) -> Any:
        """Return what a command line gave, a list split at its commas."""
        if not self.is_list or self.is_repeated:
            return text
        # A comma within brackets belongs to a name: "rg-gait[alpha=one,aware=false]".
        parts = re.split(r",(?![^\[]*\])", text)
        return [part.strip() for part in parts if part.strip()]

    def arguments(self, value: Any) -> list[str]:
        """Return what a command line must give for a value."""
        flag = self.flags[0]
        if self.is_repeated:
            return [argument for item in value for argument in (flag, str(item))]
        if isinstance(value, bool):
            return [flag if value else f"--no-{flag.removeprefix('--')}"]
        if self.option.to_text is not None:
            return [flag, self.option.to_text(value)]
        return [flag, ",".join(map(str, value)) if self.is_list else str(value)]

    def help_text(self) -> str:
        """Return its help with the names that are valid now."""
        names = [] if self.words else self.names()
        if not names:
            return self.option.help
        also = f", or a {self.option.path}" if self.option.path else ""
        number = "Any" if self.is_list else "One"
        return f"{self.option.help} {number} of: {', '.join(names)}{also}."

    def _choices(self) -> "Registry[Any] | Iterable[str] | Any":
        if not self.option.choices:
            return self.words
        module, name = self.option.choices.split(":")
        return getattr(importlib.import_module(module), name)

    def _may_be_path(self, name: str) -> bool:
        """Whether a value is a path, which whoever reads it will check."""
        if self.option.path == "folder":
            return Path(name).exists() or len(Path(name).parts) > 1
        return self.option.path == "TOML file" and name.endswith(".toml")
