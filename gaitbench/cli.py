"""The command line. Nothing heavy is imported before a command needs it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitbench import __version__
from gaitbench.cli_data import data_app
from gaitbench.cli_lists import add_lists
from gaitbench.cli_options import (
    JobsOption,
    PluginOption,
    default_jobs,
    err,
    load_plugins,
    out,
)
from gaitbench.errors import ConfigurationError, GaitbenchError

if TYPE_CHECKING:
    from gaitbench.protocols.base import Bench
    from gaitbench.store import Store

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Benchmark and ablation toolkit for occluded gait recognition.",
)
app.add_typer(data_app, name="data")
add_lists(app)

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
    jobs: JobsOption = None,
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
            jobs=jobs or default_jobs(chosen),
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
    load_plugins([Path(p) for p in asked.plugins])
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


if __name__ == "__main__":
    main()
