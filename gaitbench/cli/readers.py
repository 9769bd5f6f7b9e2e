"""`gaitbench data import-…`: one command per registered reader, made from the reader's fields."""

import dataclasses
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from gaitbench.cli.options import (
    JobsOption,
    PluginOption,
    default_jobs,
    err,
    out,
    plugin_files,
)
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.plugin_errors import calling, returned, where
from gaitbench.core.plugins import load_plugins

if TYPE_CHECKING:
    from gaitbench.data.readers.base import Reader

PREFIX = "import-"
OPTION_TYPES = (str, int, float, bool, Path)
"""What a field may hold; None may stand beside it."""

_OWN_PARAMETERS = ("source", "target", "jobs", "plugin")


class DataGroup(TyperGroup):
    """The commands of `gaitbench data`, with those of the readers, which are looked up when needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return [*super().list_commands(ctx), *(PREFIX + name for name in _readers().names())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name; None if there is none."""
        command = super().get_command(ctx, cmd_name)
        name = cmd_name.removeprefix(PREFIX)
        if command is not None or name == cmd_name or name not in _readers().names():
            return command
        return _reader_command(name, _readers().get(name))


def _readers() -> Any:
    from gaitbench.data.readers.base import readers

    # Their readers are commands, so they come before the command is known.
    load_plugins(plugin_files(sys.argv[1:]))
    return readers


def _reader_command(name: str, kind: "type[Reader]") -> Any:
    """Return the command that imports with a reader: its fields are the options."""

    def command(**options: Any) -> None:
        source, target, jobs, _ = (options.pop(name) for name in _OWN_PARAMETERS)
        with calling(kind, "__init__"):
            reader = kind(**options)
        with counted(kind.unit) as progress:
            report = reader.import_to(
                source, target, jobs=jobs or default_jobs("cpu"), progress=progress
            )
        with calling(report, "text"):
            text = report.text()
        returned(report, "text", text, str, "a text")
        out.print(text, markup=False, highlight=False, soft_wrap=True)
        print_info(target)

    command.__signature__ = inspect.Signature(_parameters(kind))  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False)
    app.command(PREFIX + name, help=kind.about)(command)
    return typer.main.get_command(app)


def _parameters(kind: "type[Reader]") -> list[inspect.Parameter]:
    argument = typer.Argument(help=kind.reads, show_default=False)
    target = typer.Argument(help="New data set folder.", show_default=False)
    hints = typing.get_type_hints(kind)
    options = [_option(kind, field, hints[field.name]) for field in dataclasses.fields(kind)]
    return [
        _parameter("source", Annotated[Path, argument]),
        _parameter("target", Annotated[Path, target]),
        *options,
        _parameter("jobs", JobsOption, None),
        _parameter("plugin", PluginOption, None),
    ]


def _option(kind: "type[Reader]", field: "dataclasses.Field[Any]", hint: Any) -> inspect.Parameter:
    own_types = [part for part in typing.get_args(hint) or (hint,) if part is not NoneType]
    if len(own_types) != 1 or own_types[0] not in OPTION_TYPES or field.name in _OWN_PARAMETERS:
        raise ConfigurationError(
            f"{where(kind)}: {kind.__qualname__}.{field.name} cannot be an option: it must have one of the "
            f"types {', '.join(t.__name__ for t in OPTION_TYPES)}, with or without None, and another name "
            f"than {', '.join(_OWN_PARAMETERS)}."
        )
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    least = field.metadata.get("least")
    info = typer.Option(
        help=field.metadata.get("help", ""), min=least, show_default=default not in (None, "")
    )
    return _parameter(
        field.name,
        Annotated[hint, info],
        inspect.Parameter.empty if default is dataclasses.MISSING else default,
    )


def _parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, keyword, annotation=annotation, default=default)


def print_info(folder: Path) -> None:
    """Print counts, splits, frames, views and conditions of a data set."""
    from gaitbench.data.check import info_text
    from gaitbench.data.silhouettes import Silhouettes

    out.print(info_text(Silhouettes.open(folder)), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a progress callback that shows a bar for the length of a block."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        bar = progress.add_task(what)

        def shown(done: int, of: int) -> None:
            progress.update(bar, completed=done, total=of)

        yield shown
