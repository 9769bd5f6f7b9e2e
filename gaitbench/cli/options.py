"""What several commands share: where they print, and options with one meaning."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

out = Console()
err = Console(stderr=True)

PluginOption = Annotated[
    list[Path] | None,
    typer.Option(help="Python file that registers occlusions, methods …; may be given again."),
]

JobsOption = Annotated[int | None, typer.Option(min=1, help="Worker processes; default: cores.")]


def load_plugins(plugins: list[Path] | None) -> None:
    """Import plug-in files, whose `register` calls take effect."""
    from gaitbench.core.plugins import load_plugin

    for plugin in plugins or []:
        load_plugin(plugin)


def default_jobs(device: str) -> int:
    """Return as many workers as there are cores; one for a GPU, which workers would have to share."""
    return (os.cpu_count() or 1) if device == "cpu" else 1
