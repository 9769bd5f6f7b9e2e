"""`gaitbench report`: tables and figures of what stores hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitbench.cli.experiment import resolved_experiment
from gaitbench.cli.options import GivenOptions, out
from gaitbench.cli.stores import (
    PathsArgument,
    StoreOption,
    check_store_option,
    open_store,
    split_paths,
)
from gaitbench.core.errors import PluginError
from gaitbench.core.plugin_errors import raise_kept
from gaitbench.experiment.option import Option
from gaitbench.experiment.spec import Experiment

if TYPE_CHECKING:
    from gaitbench.core.store_union import ReadableStore
    from gaitbench.experiment.bench import Bench

OutOption = Annotated[Path, typer.Option("--out", help="Folder for the report.")]


def report(
    options: GivenOptions,
    context: typer.Context,
    paths: PathsArgument = None,
    store: StoreOption = None,
    out_folder: OutOption = Path("report"),
    format: Annotated[
        tuple[str, ...],
        Option("What is written.", choices="gaitbench.reports.formats.base:formats", unset="all"),
    ] = (),
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="Put the papers' figures beside measured ones where they are comparable.",
        ),
    ] = False,
    all_pairs: Annotated[
        bool,
        typer.Option(
            "--all-pairs",
            help="Test all pairs of methods too, not only the contrasts that the protocols declare.",
        ),
    ] = False,
) -> None:
    """Write the tables and figures of an experiment; of the last run one if no option is given.

    Several stores, for example those of several machines, are read as one and make one report.
    """
    file, folders = split_paths(paths)
    check_store_option(context, folders)
    spec = Experiment.read(file, options) if file or options else None
    from gaitbench.core.store_union import open_stores

    opened = open_stores(folders) if folders else open_store(store)
    with resolved_experiment(spec, opened) as bench:
        put_report(opened, bench, out_folder, format, published=published, all_pairs=all_pairs)


def put_report(
    store: "ReadableStore",
    bench: "Bench",
    folder: Path,
    formats: Sequence[str] = (),
    *,
    published: bool = False,
    all_pairs: bool = False,
) -> None:
    """Write a report, unless the folder holds it already, and print its first table.

    What a plug-in cannot give is left out, and raised when everything else is written.

    Args:
        store: What is reported.
        bench: Of which experiment.
        folder: Of the report.
        formats: All if there are none.
        published: Whether the papers' figures are put beside measured ones.
        all_pairs: Whether all pairs of methods are tested too.

    Raises:
        PluginError: If a section, figure or format of a plug-in fails.
    """
    from gaitbench.protocols.expansion import expand
    from gaitbench.reports.formats.base import formats as known_formats
    from gaitbench.reports.unchanged import KeptReport, digest_of, find_report, keep_report
    from gaitbench.results.snapshot import Snapshot

    formats = formats or known_formats.names()
    expansion = expand(bench)
    snapshot = Snapshot.take(store, expansion)
    digest = digest_of(
        store, expansion, snapshot, formats, published=published, all_pairs=all_pairs
    )
    failures: list[PluginError] = []
    kept = find_report(folder, digest)
    if kept is None:
        from gaitbench.reports.report import sections_of, terminal_text, write_report
        from gaitbench.results.collect import collect

        results = collect(store, expansion, snapshot)
        sections = sections_of(results, published=published, all_pairs=all_pairs, failures=failures)
        written = write_report(results, sections, folder, formats, failures)
        kept = KeptReport(written[0], terminal_text(results, sections))
        if not failures and results.finished == snapshot.folders.keys():
            keep_report(folder, digest, written, kept.terminal)
    out.print(kept.terminal, markup=False, highlight=False, soft_wrap=True)
    out.print(f"Report: {kept.main.resolve()}", highlight=False, soft_wrap=True)
    raise_kept(failures, "Everything else of the report is written.")
