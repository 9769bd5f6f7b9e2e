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
from gaitbench.core.plugins import load_plugins
from gaitbench.experiment.option import BoundOption, Option
from gaitbench.experiment.spec import Experiment

KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY

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
        load_plugins(plugin_files(args))
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
    own = dict(inspect.signature(command, eval_str=True).parameters)
    marked = {name: bound for name in own if (bound := _marked(own[name])) is not None}
    of_experiment = {name: o for name, o in Experiment.options().items() if name not in without}
    plain = {name: own[name] for name in own if name not in ("options", "context", *marked)}

    @functools.wraps(command)
    def called(context: typer.Context, **values: Any) -> None:
        passed = {name: values[name] for name in plain}
        for name, option in marked.items():
            value = values[name]
            passed[name] = option.default if value is None else option.parsed(value)
            option.check(passed[name], option.flags[0])
        if "context" in own:
            passed["context"] = context
        command(options=given_options(context), **passed)

    context = inspect.Parameter("context", KEYWORD_ONLY, annotation=typer.Context)
    parameters = [_parameter(option) for option in (of_experiment | marked).values()]
    kept = [parameter.replace(kind=KEYWORD_ONLY) for parameter in plain.values()]
    signature = inspect.Signature([context, *parameters, *kept])
    called.__signature__ = signature  # type: ignore[attr-defined]
    called.__annotations__ = {n: p.annotation for n, p in signature.parameters.items()}
    kind = type("Command", (OptionsCommand,), {"options": of_experiment | marked})
    app.command(name, cls=kind)(called)


def given_options(context: typer.Context) -> GivenOptions:
    """Return what a command line gave of the experiment's options, lists as lists."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {
        name: option.parsed(context.params[name])
        for name, option in Experiment.options().items()
        if (source := sources.get(name)) is not None and source.name == "COMMANDLINE"
    }


def plugin_files(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the plug-in files that a command line names: what else is valid depends on them."""
    flag, before = _PLUGIN.flags[0], ""
    for argument in arguments:
        if argument == "--":
            return
        if before == flag:
            yield Path(argument)
        elif argument.startswith(f"{flag}="):
            yield Path(argument.removeprefix(f"{flag}="))
        before = argument


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
        KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind | None if default is None else kind, info],
    )


def _metavar(option: BoundOption) -> str:
    if option.option.path == "file":
        return "FILE"
    word = "N" if option.kind in (int, tuple[int, ...]) else "NAME"
    path = f"|{option.option.path.split()[-1].upper()}" if option.option.path else ""
    return f"{word},…" if option.is_list else f"{word}{path}"
