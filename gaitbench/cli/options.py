"""Options of commands: those of the experiment, made from its fields, and a few with one meaning."""

import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand

from gaitbench.core.machine import default_jobs as default_jobs
from gaitbench.core.plugins import load_plugin
from gaitbench.experiment.option import BoundOption, Option
from gaitbench.experiment.spec import Experiment

out = Console()
err = Console(stderr=True)

_PLUGIN = Experiment.options()["plugins"]

PluginOption = Annotated[
    list[Path] | None,
    typer.Option(*_PLUGIN.flags, help=_PLUGIN.option.help, show_default=_PLUGIN.option.unset),
]
JobsOption = Annotated[
    int | None, typer.Option(min=1, help="Worker processes.", show_default="one per core")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
ExperimentArgument = Annotated[
    Path | None,
    typer.Argument(help="TOML file with an experiment; options override it.", show_default=False),
]

GivenOptions = dict[str, Any]
"""What was given of the experiment's options, by field."""


class OptionsCommand(TyperCommand):
    """A command with the experiment's options.

    Plug-ins are loaded before anything else is looked at, so that help and checks know their names. Names
    are looked up when help is printed, not before: that imports whatever registers them.
    """

    options: ClassVar[dict[str, BoundOption]]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Load the plug-ins that are named, then parse."""
        load_plugins(_plugin_files(args))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with every name that may be given."""
        parameters: list[Any] = self.params
        for parameter in parameters:
            if parameter.name in self.options:
                parameter.help = escape(self.options[parameter.name].help_text())
        super().format_help(ctx, formatter)


def add_command(
    app: typer.Typer, command: Callable[..., None], name: str, *, without: Collection[str] = ()
) -> None:
    """Give an app a command that has the experiment's options.

    Args:
        app: Gets the command.
        command: Its parameter `options` receives what was given of the experiment's options, by field.
            Other parameters may have an `Option` in their annotation instead of typer's.
        name: Of the command.
        without: Fields of the experiment that it has no option for.
    """
    own = inspect.signature(command, eval_str=True).parameters
    asked = {n: o for n, o in Experiment.options().items() if n not in without}
    marked = {n: option for n, p in own.items() if (option := _marked(p)) is not None}
    parameters = {n: _parameter(option) for n, option in (asked | marked).items()}
    parameters |= {n: p for n, p in own.items() if n not in marked and n != "options"}
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = {"context": context} | {
        n: p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for n, p in parameters.items()
    }

    @functools.wraps(command)
    def called(context: typer.Context, **values: Any) -> None:
        rest = {n: v for n, v in values.items() if n in own and n not in marked}
        for n, option in marked.items():
            rest[n] = option.default if values[n] is None else option.parsed(values[n])
            option.check(rest[n], option.flags[0])
        if "context" in own:
            rest["context"] = context
        command(options=given_options(context), **rest)

    called.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]
    called.__annotations__ = {n: p.annotation for n, p in parameters.items()}
    kind = type("Command", (OptionsCommand,), {"options": asked | marked})
    app.command(name, cls=kind)(called)


def given_options(context: typer.Context) -> GivenOptions:
    """Return what a command line gave of the experiment's options, lists as lists."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {
        name: option.parsed(context.params[name])
        for name, option in Experiment.options().items()
        if (source := sources.get(name)) is not None and source.name == "COMMANDLINE"
    }


def load_plugins(plugins: Sequence[Path] | None) -> None:
    """Import plug-in files, whose `register` calls take effect."""
    for plugin in plugins or []:
        load_plugin(plugin)


def _plugin_files(arguments: Sequence[str]) -> list[Path]:
    return [Path(file) for file in _values_of(_PLUGIN.flags[0], arguments)]


def _values_of(flag: str, arguments: Sequence[str]) -> Iterator[str]:
    waiting = False
    for argument in arguments:
        if waiting:
            yield argument
        elif argument == "--":
            return
        elif argument.startswith(f"{flag}="):
            yield argument.removeprefix(f"{flag}=")
        waiting = argument == flag and not waiting


def _marked(parameter: inspect.Parameter) -> BoundOption | None:
    kind, *markers = get_args(parameter.annotation) or (parameter.annotation,)
    for marker in markers:
        if isinstance(marker, Option):
            return BoundOption(parameter.name, kind, parameter.default, marker)
    return None


def _parameter(option: BoundOption) -> inspect.Parameter:
    """Return an option as a parameter that typer understands.

    Everything but a switch is text: the experiment, which also reads files, checks values itself.
    """
    flags, default = list(option.flags), option.default
    kind: Any = str
    metavar: str | None = "|".join(option.words) or _metavar(option)
    if option.kind is bool:
        kind, metavar = bool, None
        flags = [f"{flags[0]}/--no-{flags[0].removeprefix('--')}"]
    elif option.is_repeated:
        kind, default = list[str], None
    elif option.is_list:
        default = ",".join(map(str, default)) or None
    elif default is not None:
        default = str(default)
    shown: bool | str = option.option.unset if default is None else True
    info = typer.Option(*flags, help=option.option.help, metavar=metavar, show_default=shown)
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind | None if default is None else kind, info],
    )


def _metavar(option: BoundOption) -> str:
    if option.option.path == "file":
        return "FILE"
    word = "N" if option.kind in (int, tuple[int, ...]) else "NAME"
    path = f"|{option.option.path.split()[-1].upper()}" if option.option.path else ""
    return f"{word},…" if option.is_list else f"{word}{path}"
