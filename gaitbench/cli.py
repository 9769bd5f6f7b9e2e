"""The command line. Nothing heavy is imported before a command needs it."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gaitbench import __version__
from gaitbench.errors import ConfigurationError, GaitbenchError

if TYPE_CHECKING:
    from gaitbench.protocols.base import Bench
    from gaitbench.registry import Registry
    from gaitbench.store import Store

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Benchmark and ablation toolkit for occluded gait recognition.",
)
data_app = typer.Typer(no_args_is_help=True, help="Make, import, look at and check data sets.")
app.add_typer(data_app, name="data")

out = Console()
err = Console(stderr=True)

INTERRUPTED = 130
FAILED = 2


def main() -> None:
    """Run the command line; every error that a user can cause ends in one clear message."""
    try:
        app()
    except GaitbenchError as error:
        err.print("[bold red]error:[/] ", end="")
        err.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(FAILED)
    except BrokenPipeError:
        # Whoever read our output has gone (head, less): that is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _version(asked: bool) -> None:
    if asked:
        out.print(f"gaitbench {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


ProtocolOption = Annotated[
    str | None, typer.Option(help="What is trained and tested; see 'gaitbench protocols list'.")
]
PresetOption = Annotated[
    str | None, typer.Option(help="Sizes and budgets: laptop, smoke, paper, or a TOML file.")
]
DatasetOption = Annotated[
    str | None, typer.Option(help="A data set's name or folder; trained and tested on.")
]
TestDatasetOption = Annotated[
    str | None, typer.Option(help="A data set's name or folder to test on instead.")
]
SettingOption = Annotated[
    str | None, typer.Option(help="Who is occluded and how much; see 'gaitbench settings list'.")
]
SideOption = Annotated[
    str | None, typer.Option(help="What is occluded at test time: both, probe or gallery.")
]
MethodsOption = Annotated[str | None, typer.Option(help="Comma-separated methods.")]
BackbonesOption = Annotated[
    str | None, typer.Option("--backbones", "--backbone", help="Comma-separated backbones.")
]
SeedsOption = Annotated[
    str | None, typer.Option("--seeds", "--seed", help="Comma-separated seeds, for example 0,1,2.")
]
DistanceOption = Annotated[str | None, typer.Option(help="euclidean or cosine.")]
NoMateOption = Annotated[str | None, typer.Option(help="Probes without a mate: drop or miss.")]
AdaptToOption = Annotated[
    str | None,
    typer.Option(help="Comma-separated new types for generalizability and adaptability."),
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option(help="Python file that registers occlusions, methods …; may be given again."),
]
StoreOption = Annotated[
    Path | None,
    typer.Option(envvar="GAITBENCH_STORE", help="Where results are kept.", show_default=False),
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the report.")]
ExperimentArgument = Annotated[
    Path | None, typer.Argument(help="TOML file with an experiment; options override it.")
]


@app.command()
def run(
    experiment: ExperimentArgument = None,
    protocol: ProtocolOption = None,
    preset: PresetOption = None,
    dataset: DatasetOption = None,
    test_dataset: TestDatasetOption = None,
    setting: SettingOption = None,
    side: SideOption = None,
    methods: MethodsOption = None,
    backbones: BackbonesOption = None,
    seeds: SeedsOption = None,
    distance: DistanceOption = None,
    no_mate: NoMateOption = None,
    adapt_to: AdaptToOption = None,
    plugin: PluginOption = None,
    store: StoreOption = None,
    out_folder: OutOption = Path("report"),
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: cores.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    dry_run: Annotated[
        bool, typer.Option(help="List what would be made and what is there.")
    ] = False,
) -> None:
    """Train and evaluate what a protocol needs, then write the report."""
    options = _options(locals())
    with _opened(experiment, options, plugin, store) as (bench, opened):
        from gaitbench.artifacts import resolve_device
        from gaitbench.display import display_for
        from gaitbench.runner import Runner

        chosen = resolve_device(device)
        runner = Runner(
            opened,
            bench,
            jobs=jobs or _default_jobs(chosen),
            device=chosen,
            display=display_for(err),
        )
        if dry_run:
            _print_plan(runner, bench)
            return
        err.print(bench.experiment.toml().rstrip(), style="dim", markup=False, highlight=False)
        runner.check()
        _remember(opened, bench)
        made = runner.run()
        err.print(f"{made} artifacts made in {opened.folder}", highlight=False, soft_wrap=True)
        _report(opened, bench, out_folder, ("markdown", "latex", "csv", "json"))


@app.command()
def report(
    experiment: ExperimentArgument = None,
    protocol: ProtocolOption = None,
    preset: PresetOption = None,
    dataset: DatasetOption = None,
    test_dataset: TestDatasetOption = None,
    setting: SettingOption = None,
    side: SideOption = None,
    methods: MethodsOption = None,
    backbones: BackbonesOption = None,
    seeds: SeedsOption = None,
    distance: DistanceOption = None,
    no_mate: NoMateOption = None,
    adapt_to: AdaptToOption = None,
    plugin: PluginOption = None,
    store: StoreOption = None,
    out_folder: OutOption = Path("report"),
    format: Annotated[
        str, typer.Option(help="Comma-separated: markdown, latex, csv, json.")
    ] = "markdown,latex,csv,json",
) -> None:
    """Write the tables and figures of an experiment; of the last run one if no option is given."""
    options = _options(locals())
    formats = tuple(f.strip() for f in format.split(",") if f.strip())
    if experiment is None and not options and not plugin:
        options, plugin = _last_experiment(store)
    with _opened(experiment, options, plugin, store) as (bench, opened):
        _report(opened, bench, out_folder, formats)


@app.command()
def status(store: StoreOption = None) -> None:
    """Say for every experiment of a store what is done, missing, being made, or stale, and why."""
    from gaitbench.status import print_status

    print_status(_store(store), out)


@data_app.command("info")
def data_info(path: Path) -> None:
    """Print counts, splits, frames, views and conditions of a data set."""
    from gaitbench.data.check import info_text
    from gaitbench.data.silhouettes import Silhouettes

    out.print(info_text(Silhouettes.open(path)), markup=False, highlight=False, soft_wrap=True)


@data_app.command("check")
def data_check(path: Path) -> None:
    """List clips that are empty, short, odd or unreadable, and rules that are broken."""
    from gaitbench.data.check import check
    from gaitbench.data.silhouettes import Silhouettes

    problems = check(Silhouettes.open(path))
    for problem in problems:
        out.print(
            f"{problem.sequence}: {problem.reason}", markup=False, highlight=False, soft_wrap=True
        )
    out.print(f"{len(problems)} problems" if problems else "no problems", highlight=False)
    if problems:
        raise typer.Exit(1)


@data_app.command("walkers")
def data_walkers(
    folder: Path,
    preset: Annotated[str, typer.Option(help="Whose sizes to use.")] = "laptop",
    seed: Annotated[int, typer.Option(help="Other people, same distribution.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
) -> None:
    """Generate the embedded walkers into a folder."""
    from gaitbench.data.source import DataSource
    from gaitbench.spec import Preset

    _check_new_folder(folder)
    source = DataSource.find("walkers", Preset.load(preset).walkers | {"seed": seed})
    if source.dataset is not None:
        with _counted("sequences") as progress:
            source.dataset.build(folder, jobs=jobs or _default_jobs("cpu"), progress=progress)
    data_info(folder)


@data_app.command("import-bvh")
def data_import_bvh(
    folder: Annotated[Path, typer.Argument(help="Folder of BVH files.")],
    target: Annotated[Path, typer.Argument(help="New data set folder.")],
    manifest: Annotated[
        Path | None, typer.Option(help="CSV: file, subject, recording, duplicate_of …")
    ] = None,
    same_skeleton: Annotated[
        bool, typer.Option(help="Give everybody the same bone lengths: identity is motion alone.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
) -> None:
    """Pose motion capture, put a body on it, and render silhouettes."""
    from gaitbench.data.mocap import import_bvh

    _check_new_folder(target)
    with _counted("files") as progress:
        done = import_bvh(
            folder,
            target,
            manifest=manifest,
            same_skeleton=same_skeleton,
            jobs=jobs or _default_jobs("cpu"),
            progress=progress,
        )
    out.print(done.text(), markup=False, highlight=False, soft_wrap=True)
    data_info(target)


@data_app.command("sheet")
def data_sheet(
    path: Path,
    output: Annotated[Path, typer.Option(help="Image to write (.png).")] = Path("sheet.png"),
    sequences: Annotated[int, typer.Option(min=1, help="How many, spread over the data set.")] = 24,
) -> None:
    """Draw frames of some sequences, to look at."""
    import numpy as np

    from gaitbench.data.sheet import contact_sheet, save_png
    from gaitbench.data.silhouettes import Silhouettes

    data = Silhouettes.open(path)
    chosen = np.linspace(0, len(data.table) - 1, min(sequences, len(data.table))).astype(int)
    save_png(contact_sheet(data, chosen.tolist()), output)
    out.print(f"{output}", highlight=False)


def _lists(
    name: str, rows: Callable[[], Iterator[tuple[str, ...]]], columns: tuple[str, ...]
) -> None:
    group = typer.Typer(no_args_is_help=True, help=f"List the {name}.")
    app.add_typer(group, name=name)

    @group.command("list")
    def _list(plugin: PluginOption = None) -> None:
        _load_plugins(plugin)
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, no_wrap=column == "name", overflow="fold")
        for row in rows():
            table.add_row(*row)
        out.print(table)

    _list.__doc__ = f"List the {name}."
    if name == "occlusions":
        group.command("preview")(_preview)


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
    _load_plugins(plugin)
    from gaitbench.occlusion import make, occlusions
    from gaitbench.preview import example_clips, preview_sheet, save_sheet

    chosen = [make(occlusions.check(n)) for n in names or occlusions.names()]
    save_sheet(preview_sheet(example_clips(dataset), chosen, seed=seed), output)
    out.print(f"{output}", highlight=False)


_lists("methods", _method_rows, ("name", "title", "about", "source", "from"))
_lists("backbones", _backbone_rows, ("name", "title", "source", "from"))
_lists("datasets", _dataset_rows, ("name", "about", "from"))
_lists("protocols", _protocol_rows, ("name", "about", "from"))
_lists("settings", _setting_rows, ("name", "training clips", "test clips", "source"))
_lists("presets", _preset_rows, ("name", "about"))
_lists("occlusions", _occlusion_rows, ("name", "about", "amount", "from"))

_LISTS = {"methods", "backbones", "seeds", "adapt_to"}
_EXPERIMENT_OPTIONS = (
    "protocol",
    "preset",
    "dataset",
    "test_dataset",
    "setting",
    "side",
    "methods",
    "backbones",
    "seeds",
    "distance",
    "no_mate",
    "adapt_to",
)


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the experiment's fields among a command's options, lists split at commas."""
    options = {k: given[k] for k in _EXPERIMENT_OPTIONS if given.get(k) is not None}
    for name in _LISTS & options.keys():
        parts = [p.strip() for p in str(options[name]).split(",") if p.strip()]
        options[name] = [_seed(p) for p in parts] if name == "seeds" else parts
    return options


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(
            f"--seeds: {text!r} is not a whole number. Give seeds like 0,1,2."
        ) from None


def _load_plugins(plugins: list[Path] | None) -> None:
    from gaitbench.registry import load_plugin

    for plugin in plugins or []:
        load_plugin(plugin)


def _store(folder: Path | None) -> "Store":
    from gaitbench.store import DEFAULT_FOLDER, Store

    return Store(folder or DEFAULT_FOLDER)


@contextmanager
def _opened(
    file: Path | None, options: dict[str, Any], plugins: list[Path] | None, store: Path | None
) -> "Iterator[tuple[Bench, Store]]":
    """Give the resolved experiment and the store; everything is checked before any work."""
    from gaitbench.spec import Experiment

    values: dict[str, Any] = _located(Experiment.read(file), file.parent) if file else {}
    values |= _located(options, Path())
    if plugins:
        values["plugins"] = [*values.get("plugins", []), *(str(p.resolve()) for p in plugins)]
    asked = Experiment.of(values, str(file) if file else "options")
    _load_plugins([Path(p) for p in asked.plugins])
    from gaitbench.protocols.base import Bench, expand

    bench = Bench.resolve(asked)
    expand(bench)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield bench, _store(store)
    except KeyboardInterrupt:
        # SIGTERM, which batch systems send, comes here too. Left alone, the command line's framework
        # would print a bare "Aborted!".
        err.print(
            "\n[bold]Stopped.[/] Everything that was finished is kept; only what was being made is "
            "lost. Give the same command again to go on.",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def _located(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return options with every path made absolute: relative ones start where they were written."""
    located = dict(values)
    for name in ("dataset", "test_dataset", "preset"):
        path = folder / str(values.get(name))
        # A bare word is a registered name unless there is something of that name.
        if name in values and (path.is_dir() or str(values[name]).endswith(".toml")):
            located[name] = str(path.resolve())
    if isinstance(values.get("plugins"), list):
        located["plugins"] = [str((folder / str(p)).resolve()) for p in values["plugins"]]
    return located


def _remember(store: "Store", bench: "Bench") -> None:
    """Keep the experiment in the store, so that reports and status find it."""
    from gaitbench.identity import key_of

    key = key_of(["experiment", bench.experiment.model_dump()])
    store.prepare()
    with store.lock(key):
        if not store.has("experiments", key):
            with store.write("experiments", key, bench.experiment.model_dump()) as folder:
                (folder / "experiment.toml").write_text(bench.experiment.toml(), encoding="utf-8")
        os.utime(store.path("experiments", key))


def _last_experiment(folder: Path | None) -> tuple[dict[str, Any], list[Path]]:
    store = _store(folder)
    keys = store.keys("experiments")
    if not keys:
        raise ConfigurationError(
            f"{store.folder} holds no experiment yet. Run one: gaitbench run --protocol occluded"
        )
    last = max(keys, key=lambda k: store.path("experiments", k).stat().st_mtime)
    values = store.spec("experiments", last)
    return values, [Path(p) for p in values.pop("plugins", [])]


def _report(store: "Store", bench: "Bench", folder: Path, formats: tuple[str, ...]) -> None:
    from gaitbench.reports.kept import KeptReport, digest_of, find_report, keep_report

    digest = digest_of(store, bench, formats)
    report = find_report(folder, digest)
    if report is None:
        from gaitbench.reports.collect import collect
        from gaitbench.reports.report import terminal_text, write_report

        results = collect(store, bench)
        written = write_report(results, folder, formats)
        report = KeptReport(written[0], terminal_text(results))
        keep_report(folder, digest, written, report.terminal)
    out.print(report.terminal, markup=False, highlight=False, soft_wrap=True)
    out.print(f"Report: {report.main.resolve()}", highlight=False, soft_wrap=True)


def _print_plan(runner: Any, bench: "Bench") -> None:
    missing = {t.key for t in runner.missing()}
    out.print(bench.experiment.toml(), markup=False, highlight=False)
    for task in runner.tasks:
        there = runner.store.has(task.kind, task.key)
        said = "there" if there else "make" if task.key in missing else "not needed"
        out.print(f"{said:10} {task.kind:8} {task.key} {task.label}", markup=False, highlight=False)
    out.print(
        f"{len(missing)} of {len(runner.tasks)} artifacts would be made in {runner.store.folder}",
        highlight=False,
        soft_wrap=True,
    )


def _default_jobs(device: str) -> int:
    return (os.cpu_count() or 1) if device == "cpu" else 1


def _check_new_folder(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is there already and not empty. Choose a new folder.")


@contextmanager
def _counted(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        bar = progress.add_task(what)

        def shown(done: int, of: int) -> None:
            progress.update(bar, completed=done, total=of)

        yield shown


if __name__ == "__main__":
    main()
