"""The command line. Nothing heavy is imported before a command needs it."""

import os
import sys
from typing import Annotated

import typer

from gaitbench import __version__
from gaitbench.cli.checkpoint import checkpoint_app
from gaitbench.cli.data import data_app
from gaitbench.cli.diff import diff
from gaitbench.cli.lists import add_lists
from gaitbench.cli.options import add_command, err, out
from gaitbench.cli.report import report
from gaitbench.cli.run import run
from gaitbench.cli.status import status
from gaitbench.cli.submit import submit_app
from gaitbench.core.errors import GaitbenchError
from gaitbench.core.plugin_errors import plugin_error

FAILED = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Benchmark and ablation toolkit for occluded gait recognition.",
)
add_command(app, run, "run")
add_command(app, report, "report")
add_command(app, diff, "diff")
app.command()(status)
app.add_typer(data_app, name="data")
app.add_typer(checkpoint_app, name="checkpoint")
app.add_typer(submit_app, name="submit")
add_lists(app)


def main() -> None:
    """Run the command line; every error that a user can cause ends in one clear message."""
    try:
        app()
    except GaitbenchError as error:
        _fail(error)
    except BrokenPipeError:
        # Whoever read our output has gone (head, less): that is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (Exception, SystemExit) as error:
        blamed = plugin_error(error)
        if blamed is None:
            raise
        _fail(blamed)


def _fail(error: GaitbenchError) -> None:
    err.print("[bold red]error:[/] ", end="")
    err.print(str(error), markup=False, highlight=False, soft_wrap=True)
    sys.exit(FAILED)


def _version(is_asked: bool) -> None:
    if is_asked:
        out.print(f"gaitbench {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


if __name__ == "__main__":
    main()
