"""From what a command line asks for to an experiment with every name resolved."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from gaitbench.cli.options import err
from gaitbench.experiment.spec import Experiment

if TYPE_CHECKING:
    from gaitbench.core.store_union import ReadableStore
    from gaitbench.experiment.bench import Bench
    from gaitbench.experiment.remembered import RememberedExperiment

INTERRUPTED = 130


@contextmanager
def resolved_experiment(experiment: Experiment | None, store: "ReadableStore") -> "Iterator[Bench]":
    """Give an experiment with every name resolved; everything is checked before any work.

    Args:
        experiment: What is asked for; None takes the one that was run last in the store.
        store: Remembers the experiment's extractor.
    """
    from gaitbench.experiment.remembered import recall

    remembered = recall(store, experiment)
    bench = remembered.bench()
    _say_if_changed(bench, remembered)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield bench
    except KeyboardInterrupt:
        # SIGTERM, which batch systems send, comes here too. Left alone, the command line's framework
        # would print a bare "Aborted!".
        err.print(
            "\n[bold]Stopped.[/] Everything that was finished is kept; only what was being made is "
            "lost. Give the same command again to go on.",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def _say_if_changed(bench: "Bench", remembered: "RememberedExperiment") -> None:
    """Say that earlier results of an experiment are of another extractor than the file holds now."""
    from gaitbench.checkpoints.extractor import ExtractorFile

    current, before = bench.extractor, ExtractorFile.remembered(remembered.record)
    if current is not None and before is not None and current.digest != before.digest:
        err.print(
            f"careful: {current.path} has changed since this experiment was run with {before.text()}. "
            "What was made with the old file is kept, but is no part of this experiment any more.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
