"""`gaitbench methods list` and its like, and the sheet that shows occlusions."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gaitbench.cli.options import PluginOption, out
from gaitbench.core.plugin_errors import where
from gaitbench.core.plugins import load_plugins

if TYPE_CHECKING:
    from gaitbench.core.registry import Registry


def _registered(place: str, *facts: str) -> "_Rows":
    """Return what lists the classes of a registry, with some of their facts and where they are from.

    Args:
        place: "module:name" of the registry.
        facts: Names of attributes; of a class without one, the first line of its docstring is shown.
    """

    def rows() -> Iterator[tuple[str, ...]]:
        module, attribute = place.split(":")
        registry: Registry[Any] = getattr(import_module(f"gaitbench.{module}"), attribute)
        for name, cls in registry.items():
            first_line = (cls.__doc__ or "").split("\n")[0]
            values = (getattr(cls, fact, None) or first_line for fact in facts)
            yield name, *map(str, values), where(cls)

    return rows


def _method_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.methods.base import methods, options_of, options_text, variants_of

    for name, kind in methods.items():
        options = options_text(options_of(methods.make(name)))
        yield name, kind.title, kind.about, options, kind.source, where(kind)
        for variant in variants_of(kind):
            options = options_text(variant.options)
            yield f"  {variant.name}", variant.title, variant.about, options, "", ""


def _protocol_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.protocols.expansion import ALL

    yield from _registered("protocols.base:protocols", "about")()
    yield ALL, "every protocol, sharing every trained stage", ""


def _setting_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.occlusion.setting import get_setting, setting_names

    for name in setting_names():
        setting = get_setting(name)
        yield name, setting.train.describe(), setting.test.describe(), setting.source


def _preset_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.experiment.preset import Preset, preset_names

    for name in preset_names():
        yield name, Preset.load(name).about


def _occlusion_rows() -> Iterator[tuple[str, ...]]:
    from gaitbench.occlusion.base import make, occlusions

    for name, generator in sorted(occlusions.items(), key=lambda item: item[1].released):
        low, high = make(name).amount
        about = (generator.__doc__ or "").split("\n")[0]
        unasked = "asked for" if generator.released else "always"
        amount = f"{low:g}–{high:g} {generator.amount_of}"
        yield name, about, amount, unasked, where(generator)


def _preview(
    names: Annotated[
        list[str] | None, typer.Argument(help="Generators; default: all but released readings.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Image to write (.png or .pdf).")] = Path(
        "sheet.png"
    ),
    dataset: Annotated[Path | None, typer.Option(help="Data set folder; default: walkers.")] = None,
    seed: Annotated[int, typer.Option(help="Other draws.")] = 0,
    plugin: PluginOption = None,
) -> None:
    """Draw clips under each occlusion at several amounts, with what is hidden in colour."""
    load_plugins(plugin or ())
    from gaitbench.occlusion.base import grid_names, make, occlusions
    from gaitbench.occlusion.preview import example_clips, preview_sheet, save_sheet

    chosen = [make(occlusions.check(n)) for n in names or grid_names()]
    save_sheet(preview_sheet(example_clips(dataset), chosen, seed=seed), output)
    out.print(f"{output}", highlight=False)


_Rows = Callable[[], Iterator[tuple[str, ...]]]
_List = tuple[str, _Rows, tuple[str, ...]]


def _list_of(registry: str, module: str, *facts: str) -> _List:
    """Return the list of a registry as it stands in `_LISTS`: its columns are the facts it shows."""
    return registry, _registered(f"{module}:{registry}", *facts), ("name", *facts, "from")


_LISTS: tuple[_List, ...] = (
    ("methods", _method_rows, ("name", "title", "about", "options", "source", "from")),
    _list_of("backbones", "backbones.base", "title", "source"),
    _list_of("datasets", "data.dataset", "about"),
    _list_of("readers", "data.readers.base", "title", "about"),
    ("protocols", _protocol_rows, ("name", "about", "from")),
    ("settings", _setting_rows, ("name", "training clips", "test clips", "source")),
    ("presets", _preset_rows, ("name", "about")),
    ("occlusions", _occlusion_rows, ("name", "about", "amount", "in grids", "from")),
    _list_of("metrics", "evaluation.metrics.base", "title", "about"),
    _list_of("distances", "evaluation.distances.base", "about"),
    _list_of("tamperings", "evaluation.tampering.base", "title", "about"),
    _list_of("formats", "reports.formats.base", "about"),
    _list_of("figures", "reports.figures.base", "title", "about"),
    _list_of("executors", "running.executors.base", "title", "about"),
    _list_of("callbacks", "training.callbacks.base", "about"),
)


def add_lists(app: typer.Typer) -> None:
    """Give the command line one group per registered kind, each with the command "list"."""
    for name, rows, columns in _LISTS:
        group = typer.Typer(no_args_is_help=True, help=f"List the {name}.")
        group.command("list", help=f"List the {name}.")(_list_command(rows, columns))
        if name == "occlusions":
            group.command("preview")(_preview)
        app.add_typer(group, name=name)


def _list_command(rows: _Rows, columns: tuple[str, ...]) -> Callable[..., None]:
    def command(plugin: PluginOption = None) -> None:
        load_plugins(plugin or ())
        entries = list(rows())
        if _table_width(entries, columns) > out.width:
            _print_blocks(entries, columns)
            return
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column)
        for row in entries:
            table.add_row(*row)
        out.print(table)

    return command


def _table_width(rows: Sequence[tuple[str, ...]], columns: tuple[str, ...]) -> int:
    widths = (max(map(len, cells)) for cells in zip(columns, *rows, strict=True))
    return sum(widths) + 2 * (len(columns) - 1)


def _print_blocks(rows: Iterable[tuple[str, ...]], columns: tuple[str, ...]) -> None:
    """Print every row as a name with its facts below: columns too narrow to read help nobody."""
    for name, *facts in rows:
        out.print(name, style="bold", markup=False, highlight=False)
        for column, fact in zip(columns[1:], facts, strict=True):
            if fact:
                text = Text(fact if column == "about" else f"{column}: {fact}")
                out.print(Padding(text, (0, 0, 0, 2)), highlight=False)
