"""`gaitbench submit …`: files for official test servers, from stages that a run has trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitbench.cli.experiment import resolved_experiment
from gaitbench.cli.options import (
    DeviceOption,
    ExperimentArgument,
    GivenOptions,
    add_command,
    err,
    out,
)
from gaitbench.cli.stores import StoreOption, open_store
from gaitbench.core.errors import ConfigurationError, DataError, StoreError
from gaitbench.experiment.spec import Experiment

if TYPE_CHECKING:
    from gaitbench.core.store import Store
    from gaitbench.data.silhouettes import Silhouettes
    from gaitbench.experiment.bench import Bench
    from gaitbench.experiment.cells import Evaluation

submit_app = typer.Typer(no_args_is_help=True, help="Write files for official test servers.")


@submit_app.callback()
def _submit() -> None:
    # With a callback, the one command there is keeps its name.
    pass


def submit_grew(
    options: GivenOptions,
    experiment: ExperimentArgument = None,
    store: StoreOption = None,
    occluded: Annotated[bool, typer.Option(help="Occlude the clips as the setting says.")] = False,
    device: DeviceOption = "auto",
    out_file: Annotated[Path, typer.Option("--out", help="File to write.")] = Path(
        "submission.csv"
    ),
) -> None:
    """Rank GREW's official test gallery for every official probe with a trained method.

    A submission is of one method, one backbone and one seed. The data set must have been imported with its
    official test sequences. Nothing is trained: what is missing is named, with the command that makes it.
    """
    spec = Experiment.read(experiment, options)
    _check_target(out_file)
    opened = open_store(store)
    with resolved_experiment(spec, opened) as bench:
        from gaitbench.core.atomic import write_text

        evaluation = _evaluation(bench, occluded=occluded)
        text = _submission(opened, bench, evaluation, device)
        write_text(out_file, text)
    out.print(f"{out_file.resolve()}", highlight=False, soft_wrap=True)


add_command(
    submit_app,
    submit_grew,
    "grew",
    without=("protocol", "test_draws", "no_mate", "sanity", "adapt_to"),
)


def _check_target(file: Path) -> None:
    """Check that a file can be written before anything is embedded for it."""
    if file.is_dir():
        raise ConfigurationError(f"--out {file} is a folder. Name a file to write.")
    try:
        file.resolve().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"--out {file} cannot be written: {error.strerror or error}. Name another file."
        ) from error


def _evaluation(bench: "Bench", *, occluded: bool) -> "Evaluation":
    """Return what is to be embedded with what; a submission is of one run of one method."""
    from gaitbench.occlusion.mix import HOLISTIC

    methods, runs = bench.experiment.methods, bench.runs()
    if len(methods) != 1 or len(runs) != 1:
        named = ", ".join(f"{backbone} with seed {seed}" for backbone, seed in runs)
        raise ConfigurationError(
            "A submission is of one method, one backbone and one seed, but these are asked for: "
            f"{', '.join(methods) or 'no method'}; {named}. Give one --method, one --backbone and one "
            "--seed."
        )
    (method,), ((backbone, seed),) = methods, runs
    mix = bench.setting.test if occluded else HOLISTIC
    stage = bench.stage(method, backbone, seed)
    cells = bench.cells("submission", method, backbone, stage, mix, "submission", draws=1)
    return cells[0].evaluation


def _submission(store: "Store", bench: "Bench", evaluation: "Evaluation", device: str) -> str:
    from gaitbench.data.source import folders_of
    from gaitbench.evaluation.embed import part_visibility
    from gaitbench.evaluation.submission import check_grew, grew_submission, submission_csv
    from gaitbench.running.make import embed_splits, resolve_device
    from gaitbench.running.world import World

    _check_trained(store, bench, evaluation)
    folders = folders_of(store, (bench.train, bench.test))
    world = World(store.folder, folders, resolve_device(device))
    data = world.data(evaluation.data)
    _check_splits(data)
    check_grew(
        *(data.table.iloc[data.split(f"submission.{side}")] for side in ("probe", "gallery"))
    )

    def progress(step: int, of: int, loss: float | None) -> None:
        err.print(f"embedding {('the gallery', 'the probes')[step]}", highlight=False)

    embeddings = embed_splits(world, evaluation, "submission", progress)
    rows = grew_submission(
        embeddings["probe"].embeddings.numpy(),
        embeddings["gallery"].embeddings.numpy(),
        data.table.iloc[data.split("submission.probe")],
        data.table.iloc[data.split("submission.gallery")],
        distance=evaluation.distance,
        visibility=part_visibility(embeddings["probe"], embeddings["gallery"]),
    )
    return submission_csv(rows)


def _check_trained(store: "Store", bench: "Bench", evaluation: "Evaluation") -> None:
    """Check that everything that was to be made before is in the store.

    Raises:
        StoreError: If not; the message has the command that makes it.
    """
    from gaitbench.results.facts import command_of

    stage = evaluation.stage
    missing = [
        f"{used.role} ({used.key})"
        for used in (*stage.inputs.values(), stage)
        if not store.has("stages", used.key)
    ]
    missing += [
        f"data set {source.name}"
        for source in {bench.train.key: bench.train, bench.test.key: bench.test}.values()
        if source.dataset is not None and not store.has("datasets", source.key)
    ]
    if missing:
        raise StoreError(
            f"{store.folder} does not hold what is to be submitted: {', '.join(missing)}. Make it first: "
            f"{command_of(bench.experiment, store)}"
        )


def _check_splits(data: "Silhouettes") -> None:
    splits = ("submission.probe", "submission.gallery")
    missing = [name for name in splits if name not in data.splits]
    if missing:
        raise DataError(
            f"Data set {data.name!r} has no split {' and no split '.join(map(repr, missing))}, which hold "
            "the official test sequences. Import GREW with its official test set."
        )
