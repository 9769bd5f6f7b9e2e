"""`gaitbench checkpoint …`: look at files of weights and convert them."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from gaitbench.cli.options import out

checkpoint_app = typer.Typer(no_args_is_help=True, help="Look at checkpoints and convert them.")

FileArgument = Annotated[Path, typer.Argument(help="A file of torch.save, or .safetensors.")]


@checkpoint_app.command("inspect")
def checkpoint_inspect(
    file: FileArgument,
    keys: Annotated[bool, typer.Option(help="List every key, also those that fit.")] = True,
) -> None:
    """Print what a checkpoint holds, its sizes, and what becomes of every key."""
    from gaitbench.checkpoints.keymap import BROKEN
    from gaitbench.checkpoints.opengait import inspect

    checkpoint, content, fit = inspect(file)
    sizes = {} if content.backbone is None else dict(content.backbone.options)
    facts: dict[str, object] = {
        "holds": content.text(),
        "iteration": "not in the file" if checkpoint.iteration is None else checkpoint.iteration,
        "identities": "no classifier" if content.identities is None else content.identities,
    }
    if content.kind == "detector":
        del facts["identities"]
    if content.kind != "backbone" and content.detector is not None:
        facts["detector"] = content.detector.text()
    for name, value in (facts | sizes).items():
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        out.print(f"{name:12} {text}", markup=False, highlight=False, soft_wrap=True)
    counts = Counter(row.status for row in fit.rows)
    out.print(
        "keys         " + ", ".join(f"{n} {status}" for status, n in counts.items()),
        highlight=False,
        soft_wrap=True,
    )
    broken = [row for row in fit.rows if row.status in BROKEN]
    shown = [*broken, *(row for row in fit.rows if row not in broken)] if keys else broken
    width = max((len(row.key) for row in shown), default=0)
    for row in shown:
        line = f"{row.status:12} {row.key or '–':{width}}  {row.name or '–'}"
        out.print(f"{line}  {row.note}".rstrip(), markup=False, highlight=False, soft_wrap=True)
    if broken:
        raise typer.Exit(1)


@checkpoint_app.command("convert")
def checkpoint_convert(
    file: FileArgument,
    target: Annotated[Path, typer.Argument(help="New file, ending in .safetensors.")],
) -> None:
    """Write a checkpoint under gaitbench's names, as a file that says what it holds."""
    from gaitbench.checkpoints.opengait import convert

    content = convert(file, target)
    out.print(f"{target}: {content.text()}", markup=False, highlight=False, soft_wrap=True)
