"""`gaitbench run`: train and evaluate what an experiment needs, then report it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitbench.cli.experiment import resolved_experiment
from gaitbench.cli.options import (
    DeviceOption,
    ExperimentArgument,
    GivenOptions,
    JobsOption,
    err,
    out,
)
from gaitbench.cli.report import OutOption, put_report
from gaitbench.cli.stores import StoreOption, open_store
from gaitbench.experiment.option import Option
from gaitbench.experiment.spec import Experiment

if TYPE_CHECKING:
    from gaitbench.experiment.bench import Bench
    from gaitbench.running.run import Runner


def run(
    options: GivenOptions,
    experiment: ExperimentArgument = None,
    store: StoreOption = None,
    out_folder: OutOption = Path("report"),
    jobs: JobsOption = None,
    device: DeviceOption = "auto",
    executor: Annotated[
        str,
        Option("Who does the work.", choices="gaitbench.running.executors.base:executors"),
    ] = "local",
    callbacks: Annotated[
        tuple[str, ...],
        Option(
            "Told how each training goes.",
            choices="gaitbench.training.callbacks.base:callbacks",
            flags=("--callbacks", "--callback"),
        ),
    ] = (),
    dry_run: Annotated[
        bool, typer.Option(help="List what would be made and what is there.")
    ] = False,
) -> None:
    """Train and evaluate what a protocol needs, then write the report."""
    spec = Experiment.read(experiment, options)
    opened = open_store(store)
    with resolved_experiment(spec, opened) as bench:
        from gaitbench.api import runner_for
        from gaitbench.experiment.remembered import remember
        from gaitbench.running.display import display_for

        runner = runner_for(
            opened,
            bench,
            jobs=jobs,
            device=device,
            display=display_for(err),
            executor=executor,
            callbacks=callbacks,
            even_if_finished=dry_run,
        )
        if not dry_run:
            err.print(bench.experiment.toml().rstrip(), style="dim", markup=False, highlight=False)
        if runner is not None:
            runner.check()
        _print_doubts(bench)
        if dry_run and runner is not None:
            _print_plan(runner)
            return
        remember(opened, bench)
        n_made = runner.run() if runner is not None else 0
        err.print(f"{n_made} artifacts made in {opened.folder}", highlight=False, soft_wrap=True)
        put_report(opened, bench, out_folder)


def _print_doubts(bench: "Bench") -> None:
    """Print what is allowed, but hardly what anybody wants."""
    if bench.extractor is not None:
        preset = bench.preset_of(bench.extractor.backbone.name)
        doubt = bench.extractor.doubt(preset.height, preset.width)
        if doubt:
            err.print("[bold yellow]careful:[/] ", end="")
            err.print(doubt, markup=False, highlight=False, soft_wrap=True)


def _print_plan(runner: "Runner") -> None:
    from gaitbench.experiment.recipe_text import plan_text

    missing = {t.key for t in runner.missing()}
    out.print(runner.bench.experiment.toml(), markup=False, highlight=False)
    for line in plan_text(runner.bench, runner.cells):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    for task in runner.tasks:
        is_stored = runner.store.has(task.kind, task.key)
        state = "there" if is_stored else "make" if task.key in missing else "not needed"
        out.print(
            f"{state:10} {task.kind:8} {task.key} {task.label}", markup=False, highlight=False
        )
    out.print(
        f"{len(missing)} of {len(runner.tasks)} artifacts would be made in {runner.store.folder}",
        highlight=False,
        soft_wrap=True,
    )
