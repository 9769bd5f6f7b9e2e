"""gaitbench diff: which scores differ between two stores beyond noise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitbench.cli.experiment import (
    AdaptToOption,
    BackbonesOption,
    DatasetOption,
    DistanceOption,
    DrawsOption,
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
    TestDatasetOption,
    TestDrawsOption,
    experiment_options,
    resolved_experiment,
)
from gaitbench.cli.options import PluginOption, out
from gaitbench.cli.stores import LastExperiment, differing, last_experiment

if TYPE_CHECKING:
    from gaitbench.core.store_union import ReadableStore
    from gaitbench.results.frame import Results

CHANGED = 1
"""Exit code of --fail-on-change where something changed."""


def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="A store.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another.", show_default=False)],
    metric: Annotated[str, typer.Option(help="rank_1, rank_5, map and so on.")] = "rank_1",
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
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit with 1 if anything changed beyond noise.")
    ] = False,
) -> None:
    """Say which results of store B differ from those of store A beyond noise.

    The same cells are compared probe by probe: those of the experiment that the options ask for, or of
    the one that was run last in each store.
    """
    options = experiment_options(locals())
    from gaitbench.core.store_union import open_stores
    from gaitbench.reports.formats.markdown import table_plain
    from gaitbench.results.difference import compare_results, difference_table, difference_words

    stores = open_stores([first]), open_stores([second])
    if options or plugin:
        before, after = (_collected(store, options, plugin) for store in stores)
    else:
        last = [last_experiment(store) for store in stores]
        _say_differing(*last)
        before, after = (
            _collected(store, one.options, one.plugins, one.record)
            for store, one in zip(stores, last, strict=True)
        )
    difference = compare_results(before, after, metric)
    table = difference_table(difference, [str(first), str(second)])
    lines = [table_plain(table)] if table else []
    for line in [*lines, *difference_words(difference)]:
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if fail_on_change and difference.changed:
        raise typer.Exit(CHANGED)


def _collected(
    store: "ReadableStore",
    options: dict[str, Any],
    plugins: list[Path] | None,
    record: dict[str, Any] | None = None,
) -> "Results":
    """Return a store's results, with no plug-ins but the experiment's own."""
    from gaitbench.core.plugins import only_plugins
    from gaitbench.protocols.expansion import expand
    from gaitbench.results.collect import collect

    with (
        only_plugins(()),
        resolved_experiment(None, options, plugins, store, record) as bench,
    ):
        return collect(store, expand(bench))


def _say_differing(first: LastExperiment, second: LastExperiment) -> None:
    """Say in what the two experiments differ: that explains what the scores do."""
    for field, values in differing(first, second).items():
        out.print(
            f"The experiments differ in {field}: {values}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
