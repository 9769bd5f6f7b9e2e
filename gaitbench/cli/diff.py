"""gaitbench diff: which scores differ between two stores beyond noise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitbench.cli.experiment import resolved_experiment
from gaitbench.cli.options import GivenOptions, out
from gaitbench.experiment.option import Option
from gaitbench.experiment.spec import Experiment

if TYPE_CHECKING:
    from gaitbench.core.store_union import ReadableStore
    from gaitbench.experiment.remembered import RememberedExperiment
    from gaitbench.results.frame import Results

CHANGED = 1
"""Exit code of --fail-on-change where something changed."""


def diff(
    options: GivenOptions,
    first: Annotated[Path, typer.Argument(metavar="A", help="A store.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another.", show_default=False)],
    metric: Annotated[
        str, Option("What is compared.", choices="gaitbench.evaluation.metrics.base:metrics")
    ] = "rank_1",
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit with 1 if anything changed beyond noise.")
    ] = False,
) -> None:
    """Say which results of store B differ from those of store A beyond noise.

    The same cells are compared probe by probe: those of the experiment that the options ask for, or of
    the one that was run last in each store.
    """
    spec = Experiment.read(None, options) if options else None
    from gaitbench.core.store_union import open_stores
    from gaitbench.experiment.remembered import recall
    from gaitbench.reports.formats.markdown import table_plain
    from gaitbench.results.difference import compare_results, difference_table, difference_words

    stores = open_stores([first]), open_stores([second])
    if spec is None:
        _say_differing(*(recall(store, None) for store in stores))
    before, after = (_collected(store, spec) for store in stores)
    difference = compare_results(before, after, metric)
    table = difference_table(difference, [str(first), str(second)])
    lines = [table_plain(table)] if table else []
    for line in [*lines, *difference_words(difference)]:
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if fail_on_change and difference.changed:
        raise typer.Exit(CHANGED)


def _collected(store: "ReadableStore", experiment: Experiment | None) -> "Results":
    """Return a store's results, with no plug-ins but the experiment's own."""
    from gaitbench.core.plugins import only_plugins
    from gaitbench.protocols.expansion import expand
    from gaitbench.results.collect import collect

    with only_plugins(()), resolved_experiment(experiment, store) as bench:
        return collect(store, expand(bench))


def _say_differing(first: "RememberedExperiment", second: "RememberedExperiment") -> None:
    """Say in what the two experiments differ: that explains what the scores do."""
    from gaitbench.experiment.remembered import differing

    for field, values in differing(first, second).items():
        out.print(
            f"The experiments differ in {field}: {values}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
