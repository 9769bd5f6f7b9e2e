"""`gaitbench methods list` and its like, and the sheet that shows occlusions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from gaitbench.cli_options import PluginOption, load_plugins, out

if TYPE_CHECKING:
    from gaitbench.registry import Registry


def _registered(registry: "Registry[Any]", *facts: str) -> Iterator[tuple[str, ...]]:
    for name, thing in registry.items():
        said = (
            getattr(thing, fact, None) or (thing.__doc__ or "").split("\n")[0] for fact in facts
        )
        yield name, *map(str, said), registry.source(name).split(":")[0]


def _method_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.methods.base import methods

    return _registered(methods, "title", "about", "source")


def _backbone_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.backbones.base import backbones

    return _registered(backbones, "title", "source")


def _dataset_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.data.dataset import datasets

    return _registered(datasets, "about")


def _protocol_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.protocols.base import ALL, protocols

    yield from _registered(protocols, "about")
    yield ALL, "every protocol, sharing every trained stage", ""


def _setting_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.setting import get_setting, setting_names

    for name in setting_names():
        setting = get_setting(name)
        yield name, setting.train.describe(), setting.test.describe(), setting.source


def _preset_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.spec import Preset, preset_names

    for name in preset_names():
        yield name, Preset.load(name).about


def _occlusion_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.occlusion import make, occlusions

    for name, generator in occlusions.items():
        low, high = make(name).amount
        about = (generator.__doc__ or "").split("\n")[0]
        yield name, about, f"{low:g}–{high:g} {generator.amount_of}", occlusions.source(name)


def _preview(
    names: Annotated[list[str] | None, typer.Argument(help="Generators; default: all.")] = None,
    output: Annotated[Path, typer.Option(help="Image to write (.png or .pdf).")] = Path(
        "sheet.png"
    ),
    dataset: Annotated[Path | None, typer.Option(help="Data set folder; default: walkers.")] = None,
    seed: Annotated[int, typer.Option(help="Other draws.")] = 0,
    plugin: PluginOption = None,
) -> None:
    """Draw clips under each occlusion at several amounts, with what is hidden in colour."""
    load_plugins(plugin)
    from gaitbench.occlusion import make, occlusions
    from gaitbench.preview import example_clips, preview_sheet, save_sheet

    chosen = [make(occlusions.check(n)) for n in names or occlusions.names()]
    save_sheet(preview_sheet(example_clips(dataset), chosen, seed=seed), output)
    out.print(f"{output}", highlight=False)


_Rows = Callable[[], Iterator[tuple[str, ...]]]
_LISTS: tuple[tuple[str, _Rows, tuple[str, ...]], ...] = (
    ("methods", _method_rows, ("name", "title", "about", "source", "from")),
    ("backbones", _backbone_rows, ("name", "title", "source", "from")),
    ("datasets", _dataset_rows, ("name", "about", "from")),
    ("protocols", _protocol_rows, ("name", "about", "from")),
    ("settings", _setting_rows, ("name", "training clips", "test clips", "source")),
    ("presets", _preset_rows, ("name", "about")),
    ("occlusions", _occlusion_rows, ("name", "about", "amount", "from")),
)


def add_lists(app: typer.Typer) -> None:
    """Give the command line one group per kind of thing, each with the command "list"."""
    for name, rows, columns in _LISTS:
        group = typer.Typer(no_args_is_help=True, help=f"List the {name}.")
        group.command("list", help=f"List the {name}.")(_list_command(rows, columns))
        if name == "occlusions":
            group.command("preview")(_preview)
        app.add_typer(group, name=name)


def _list_command(rows: _Rows, columns: tuple[str, ...]) -> Callable[..., None]:
    def command(plugin: PluginOption = None) -> None:
        load_plugins(plugin)
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, no_wrap=column == "name", overflow="fold")
        for row in rows():
            table.add_row(*row)
        out.print(table)

    return command
