"""The command line. Nothing heavy is imported before a command needs it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitbench import __version__
from gaitbench.cli.checkpoint import checkpoint_app
from gaitbench.cli.data import data_app
from gaitbench.cli.diff import diff
from gaitbench.cli.experiment import (
    AdaptToOption,
    BackbonesOption,
    DatasetOption,
    DistanceOption,
    DrawsOption,
    ExperimentArgument,
    ExtractorOption,
    MethodsOption,
    NoMateOption,
    PositivesOption,
    PresetOption,
    ProtocolOption,
    SanityOption,
    SeedsOption,
    SettingOption,
    SideOption,
    StoreOption,
    TestDatasetOption,
    TestDrawsOption,
    experiment_options,
    open_store,
    opened_experiment,
    resolved_experiment,
)
from gaitbench.cli.lists import add_lists
from gaitbench.cli.options import (
    JobsOption,
    PluginOption,
    default_jobs,
    err,
    out,
)
from gaitbench.cli.stores import PathsArgument, check_store_option, last_experiment, split_paths
from gaitbench.cli.submit import submit_app
from gaitbench.core.errors import GaitbenchError

if TYPE_CHECKING:
    from gaitbench.core.store import Store
    from gaitbench.core.store_union import ReadableStore
    from gaitbench.experiment.bench import Bench

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Benchmark and ablation toolkit for occluded gait recognition.",
)
app.add_typer(data_app, name="data")
app.add_typer(checkpoint_app, name="checkpoint")
app.add_typer(submit_app, name="submit")
add_lists(app)

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


_FORMATS = ("html", "markdown", "latex", "csv", "json")
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the report.")]


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
    extractor: ExtractorOption = None,
    seeds: SeedsOption = None,
    test_draws: TestDrawsOption = None,
    distance: DistanceOption = None,
    draws: DrawsOption = None,
    positives: PositivesOption = None,
    no_mate: NoMateOption = None,
    sanity: SanityOption = None,
    adapt_to: AdaptToOption = None,
    plugin: PluginOption = None,
    store: StoreOption = None,
    out_folder: OutOption = Path("report"),
    jobs: JobsOption = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    executor: Annotated[
        str, typer.Option(help="Who does the work; see 'gaitbench executors list'.")
    ] = "local",
    callback: Annotated[
        list[str] | None,
        typer.Option(
            help="Told how each training goes; see 'gaitbench callbacks list'. May be given again."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="List what would be made and what is there.")
    ] = False,
) -> None:
    """Train and evaluate what a protocol needs, then write the report."""
    options = experiment_options(locals())
    with opened_experiment(experiment, options, plugin, store) as (bench, opened):
        from gaitbench.running.display import display_for
        from gaitbench.running.executors.base import executor_of
        from gaitbench.running.make import resolve_device
        from gaitbench.running.run import Runner

        chosen = resolve_device(device)
        runner = Runner(
            opened,
            bench,
            jobs=jobs or default_jobs(chosen),
            device=chosen,
            display=display_for(err),
            executor=executor_of(executor),
            callback_names=callback or (),
        )
        if not dry_run:
            err.print(bench.experiment.toml().rstrip(), style="dim", markup=False, highlight=False)
        runner.check()
        _print_doubts(bench)
        if dry_run:
            _print_plan(runner, bench)
            return
        _remember(opened, bench)
        made = runner.run()
        err.print(f"{made} artifacts made in {opened.folder}", highlight=False, soft_wrap=True)
        _report(opened, bench, out_folder, _FORMATS)


@app.command()
def report(
    context: typer.Context,
    paths: PathsArgument = None,
    protocol: ProtocolOption = None,
    preset: PresetOption = None,
    dataset: DatasetOption = None,
    test_dataset: TestDatasetOption = None,
    setting: SettingOption = None,
    side: SideOption = None,
    methods: MethodsOption = None,
    backbones: BackbonesOption = None,
    extractor: ExtractorOption = None,
    seeds: SeedsOption = None,
    test_draws: TestDrawsOption = None,
    distance: DistanceOption = None,
    draws: DrawsOption = None,
    positives: PositivesOption = None,
    no_mate: NoMateOption = None,
    sanity: SanityOption = None,
    adapt_to: AdaptToOption = None,
    plugin: PluginOption = None,
    store: StoreOption = None,
    out_folder: OutOption = Path("report"),
    format: Annotated[
        str, typer.Option(help=f"Comma-separated: {', '.join(_FORMATS)}.")
    ] = ",".join(_FORMATS),
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="Put the papers' figures beside measured ones where they are comparable.",
        ),
    ] = False,
) -> None:
    """Write the tables and figures of an experiment; of the last run one if no option is given.

    Several stores, for example those of several machines, are read as one and make one report.
    """
    options = experiment_options(locals())
    formats = tuple(f.strip() for f in format.split(",") if f.strip())
    experiment, folders = split_paths(paths)
    check_store_option(context, folders)
    from gaitbench.core.store_union import open_stores

    opened = open_stores(folders) if folders else open_store(store)
    record = None
    if experiment is None and not options and not plugin:
        last = last_experiment(opened)
        options, plugin, record = last.options, last.plugins, last.record
    with resolved_experiment(experiment, options, plugin, opened, record) as bench:
        _report(opened, bench, out_folder, formats, published=published)


app.command()(diff)


@app.command()
def status(store: StoreOption = None) -> None:
    """Say for every experiment of a store what is done, missing, being made, or stale, and why."""
    from gaitbench.running.status import print_status

    print_status(open_store(store), out)


def _print_doubts(bench: "Bench") -> None:
    """Print what is allowed, but hardly what anybody wants."""
    if bench.extractor is not None:
        preset = bench.preset_of(bench.extractor.backbone.name)
        doubt = bench.extractor.doubt(preset.height, preset.width)
        if doubt:
            err.print("[bold yellow]careful:[/] ", end="")
            err.print(doubt, markup=False, highlight=False, soft_wrap=True)


def _remember(store: "Store", bench: "Bench") -> None:
    """Keep the experiment in the store, so that reports and status find it."""
    key = bench.experiment.key
    store.prepare()
    with store.lock(key):
        if not store.has("experiments", key):
            with store.write("experiments", key, bench.experiment.model_dump()) as folder:
                (folder / "experiment.toml").write_text(bench.experiment.toml(), encoding="utf-8")
        if bench.extractor is not None:
            store.write_record(store.path("experiments", key), bench.extractor.record())
        os.utime(store.path("experiments", key))


def _report(
    store: "ReadableStore",
    bench: "Bench",
    folder: Path,
    formats: tuple[str, ...],
    *,
    published: bool = False,
) -> None:
    from gaitbench.protocols.expansion import expand
    from gaitbench.reports.unchanged import KeptReport, digest_of, find_report, keep_report
    from gaitbench.results.snapshot import Snapshot

    expansion = expand(bench)
    snapshot = Snapshot.take(store, expansion)
    digest = digest_of(store, expansion, snapshot, formats, published=published)
    report = find_report(folder, digest)
    if report is None:
        from gaitbench.reports.report import sections_of, terminal_text, write_report
        from gaitbench.results.collect import collect

        results = collect(store, expansion, snapshot)
        sections = sections_of(results, published=published)
        written = write_report(results, sections, folder, formats)
        report = KeptReport(written[0], terminal_text(results, sections))
        if results.finished == snapshot.there.keys():
            keep_report(folder, digest, written, report.terminal)
    out.print(report.terminal, markup=False, highlight=False, soft_wrap=True)
    out.print(f"Report: {report.main.resolve()}", highlight=False, soft_wrap=True)


def _print_plan(runner: Any, bench: "Bench") -> None:
    from gaitbench.experiment.recipe_text import plan_text

    missing = {t.key for t in runner.missing()}
    out.print(bench.experiment.toml(), markup=False, highlight=False)
    for line in plan_text(bench, runner.cells):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
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
