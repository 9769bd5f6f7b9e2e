"""gaitbench from Python: what the command line does, as functions; `import gaitbench` has them all.

See docs/api.md for what is stable.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitbench.core.errors import PluginError
from gaitbench.core.machine import check_device, default_jobs
from gaitbench.core.plugin_errors import raise_kept
from gaitbench.core.store import DEFAULT_FOLDER, Store
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.remembered import recall, remember
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand
from gaitbench.reports.report import sections_of, write_report
from gaitbench.results.collect import collect
from gaitbench.results.frame import Results
from gaitbench.running.display import Display
from gaitbench.running.executors.base import executor_of, executors
from gaitbench.running.plan import Task, TaskOutcome, is_finished
from gaitbench.training.callbacks.base import callbacks as known_callbacks

if TYPE_CHECKING:
    from gaitbench.checkpoints.loaded import Loaded
    from gaitbench.running.run import Runner


def run(
    experiment: Experiment,
    *,
    store: Path | str = DEFAULT_FOLDER,
    jobs: int | None = None,
    device: str = "auto",
    executor: str = "local",
    callbacks: Sequence[str] = (),
    display: Display | None = None,
) -> Results:
    """Train and evaluate what an experiment needs, and return its results; what is there is kept.

    Args:
        experiment: What is asked for.
        store: Folder where everything is kept.
        jobs: Worker processes; by default the number of cores, or one for a GPU.
        device: "auto", "cpu", "cuda" or "mps".
        executor: Registered name of who does the work.
        callbacks: Registered names of those who are told how each training goes.
        display: Shows progress; nobody does by default.

    Raises:
        GaitbenchError: What is wrong, where, and what to do; what was finished is kept.
    """
    opened = Store(Path(store))
    bench = recall(opened, experiment).bench()
    runner = runner_for(
        opened,
        bench,
        jobs=jobs,
        device=device,
        display=display or Silent(),
        executor=executor,
        callbacks=callbacks,
    )
    if runner is not None:
        runner.check()
    remember(opened, bench)
    if runner is not None:
        runner.run()
    return collect(opened, expand(bench))


def read_results(
    experiment: Experiment | None = None, *, store: Path | str = DEFAULT_FOLDER
) -> Results:
    """Return what a store holds of an experiment; what is missing is marked so.

    Args:
        experiment: What is asked for; None takes the one that was run last.
        store: Folder that a run wrote to.

    Raises:
        GaitbenchError: If the store cannot be read, or holds no experiment where none is given.
    """
    opened = Store(Path(store))
    return collect(opened, expand(recall(opened, experiment).bench()))


def report(
    results: Results,
    folder: Path | str,
    formats: Sequence[str] | None = None,
    *,
    published: bool = False,
    all_pairs: bool = False,
) -> list[Path]:
    """Write the tables and figures of results, and return what was written.

    Args:
        results: From `run` or `read_results`.
        folder: Made if it is not there; files of an earlier report are replaced.
        formats: Of the report; all by default.
        published: Whether the papers' figures are put beside measured ones where they are comparable.
        all_pairs: Whether all pairs of methods are tested too, not only what the protocols declare.

    Raises:
        UnknownNameError: If there is no such format.
        PluginError: If a section, figure or format of a plug-in fails; everything else is written.
    """
    failures: list[PluginError] = []
    sections = sections_of(results, published=published, all_pairs=all_pairs, failures=failures)
    written = write_report(results, sections, Path(folder), formats, failures)
    raise_kept(failures, "Everything else of the report is written.")
    return written


def load(folder: Path | str) -> Silhouettes:
    """Return the data set in a folder.

    Raises:
        DataError: If it cannot be read.
    """
    return Silhouettes.open(Path(folder))


def load_network(
    checkpoint: Path | str | Mapping[str, object], backbone: str | None = None
) -> "Loaded":
    """Return the network that a checkpoint holds, with its weights, in evaluation mode.

    Args:
        checkpoint: A state dict, or a file, of OpenGait or of the RG-Gait, MimicGait or Occ-Aware code.
        backbone: Registered name of what it must have; None takes what is there.

    Returns:
        A network whose `embed(silhouettes [n, t, h, w]) -> [n, c, p]` is what the field compares.

    Raises:
        CheckpointError: If the file cannot be read, or does not hold that.
    """
    from gaitbench.checkpoints.opengait import from_opengait

    return from_opengait(checkpoint, backbone)


def runner_for(
    store: Store,
    bench: Bench,
    *,
    jobs: int | None,
    device: str,
    display: Display,
    executor: str = "local",
    callbacks: Sequence[str] = (),
    even_if_finished: bool = False,
) -> "Runner | None":
    """Return what makes an experiment's artifacts, or None if they are all there.

    Arguments as those of `run`; `even_if_finished` asks for it although there is nothing to make.

    Raises:
        GaitbenchError: If the device, the executor or a callback is unknown.
    """
    check_device(device)
    executors.check(executor)
    for name in callbacks:
        known_callbacks.check(name)
    if not even_if_finished and is_finished(bench, expand(bench).cells, store):
        return None
    # What trains takes a second to import, and nobody else needs it.
    from gaitbench.running.make import resolve_device
    from gaitbench.running.run import Runner

    chosen = resolve_device(device)
    return Runner(
        store,
        bench,
        jobs=jobs or default_jobs(chosen),
        device=chosen,
        display=display,
        executor=executor_of(executor),
        callback_names=callbacks,
    )


class Silent:
    """A display that shows nothing."""

    def begin(self, tasks: Sequence[Task], missing: Sequence[Task]) -> None:
        """Show nothing."""

    def refresh(self, running: Sequence[tuple[Task, dict[str, Any]]]) -> None:
        """Show nothing."""

    def finished(self, task: Task, outcome: TaskOutcome, seconds: float) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""
