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
        Option("What is written.", choices="gaitbench.reports.report:FORMATS", unset="all"),
    ] = (),
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
    file, folders = split_paths(paths)
    check_store_option(context, folders)
    asked = Experiment.read(file, options) if file or options else None
    from gaitbench.core.store_union import open_stores

    opened = open_stores(folders) if folders else open_store(store)
    with resolved_experiment(asked, opened) as bench:
        put_report(opened, bench, out_folder, format, published=published)


def put_report(
    store: "ReadableStore",
    bench: "Bench",
    folder: Path,
    formats: Sequence[str] = (),
    *,
    published: bool = False,
) -> None:
    """Write a report, unless the folder holds it already, and print its first table.

    Args:
        store: What is reported.
        bench: Of which experiment.
        folder: Of the report.
        formats: All if there are none.
        published: Whether the papers' figures are put beside measured ones.
    """
    from gaitbench.reports.report import FORMATS
    from gaitbench.reports.unchanged import KeptReport, digest_of, find_report, keep_report
    from gaitbench.results.snapshot import Snapshot

    formats = formats or FORMATS
    snapshot = Snapshot.take(store, bench)
    digest = digest_of(store, bench, snapshot, formats, published=published)
    kept = find_report(folder, digest)
    if kept is None:
        from gaitbench import api
        from gaitbench.reports.report import terminal_text
        from gaitbench.results.collect import collect

        results = collect(store, bench, snapshot)
        written = api.report(results, folder, formats, published=published)
        kept = KeptReport(written[0], terminal_text(results))
        if results.finished == snapshot.there.keys():
            keep_report(folder, digest, written, kept.terminal)
    out.print(kept.terminal, markup=False, highlight=False, soft_wrap=True)
    out.print(f"Report: {kept.main.resolve()}", highlight=False, soft_wrap=True)
