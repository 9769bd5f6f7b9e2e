"""`gaitbench data …`: make, import, look at and check data sets."""

from pathlib import Path
from typing import Annotated

import typer

from gaitbench.cli.options import JobsOption, default_jobs, out
from gaitbench.cli.readers import DataGroup, counted, print_info

data_app = typer.Typer(
    cls=DataGroup, no_args_is_help=True, help="Make, import, look at and check data sets."
)


@data_app.command("info")
def data_info(path: Path) -> None:
    """Print counts, splits, frames, views and conditions of a data set."""
    print_info(path)


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
    from gaitbench.data.readers.base import check_new_folder
    from gaitbench.data.source import DataSource
    from gaitbench.experiment.preset import Preset

    check_new_folder(folder)
    source = DataSource.find("walkers", Preset.load(preset).walkers | {"seed": seed})
    if source.dataset is not None:
        with counted("sequences") as progress:
            source.dataset.build(folder, jobs=jobs or default_jobs("cpu"), progress=progress)
    print_info(folder)


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
