"""`gaitbench data …`: make, import, look at and check data sets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gaitbench.cli.options import JobsOption, default_jobs, err, out
from gaitbench.core.errors import ConfigurationError

data_app = typer.Typer(no_args_is_help=True, help="Make, import, look at and check data sets.")


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
    jobs: JobsOption = None,
) -> None:
    """Generate the embedded walkers into a folder."""
    from gaitbench.data.source import DataSource
    from gaitbench.experiment.spec import Preset

    _check_new_folder(folder)
    source = DataSource.find("walkers", Preset.load(preset).walkers | {"seed": seed})
    if source.dataset is not None:
        with _counted("sequences") as progress:
            source.dataset.build(folder, jobs=jobs or default_jobs("cpu"), progress=progress)
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
    jobs: JobsOption = None,
) -> None:
    """Pose motion capture, put a body on it, and render silhouettes."""
    from gaitbench.mocap.importer import import_bvh

    _check_new_folder(target)
    with _counted("files") as progress:
        done = import_bvh(
            folder,
            target,
            manifest=manifest,
            same_skeleton=same_skeleton,
            jobs=jobs or default_jobs("cpu"),
            progress=progress,
        )
    out.print(done.text(), markup=False, highlight=False, soft_wrap=True)
    data_info(target)


@data_app.command("import-opengait")
def data_import_opengait(
    folder: Annotated[Path, typer.Argument(help="Tree identity/condition/view/*.pkl or *.png.")],
    target: Annotated[Path, typer.Argument(help="New data set folder.")],
    dataset: Annotated[
        str,
        typer.Option(
            help="Whose rules: casia-b, oumvlp, gait3d, grew, sustech1k, ccpg, casia-e or briar."
        ),
    ],
    partition: Annotated[
        Path | None, typer.Option(help="OpenGait's JSON of training and test identities.")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="CSV (briar): identity, condition, view, role, optionally split."),
    ] = None,
    file_pattern: Annotated[
        str, typer.Option(help="Which pickle holds silhouettes if a folder has several.")
    ] = "",
    min_frames: Annotated[int, typer.Option(min=1, help="Shorter clips are left out.")] = 2,
    validation: Annotated[
        int, typer.Option(min=0, help="Training identities held out to record a loss on.")
    ] = 0,
    jobs: JobsOption = None,
) -> None:
    """Pack a data set in OpenGait's layout with its official splits; a killed import goes on."""
    from gaitbench.data.readers.opengait.importer import Choices, import_opengait

    _check_new_folder(target)
    choices = Choices(dataset, partition, pairs, file_pattern, min_frames, validation)
    with _counted("clips") as progress:
        done = import_opengait(
            folder, target, choices, jobs=jobs or default_jobs("cpu"), progress=progress
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


def _check_new_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
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
