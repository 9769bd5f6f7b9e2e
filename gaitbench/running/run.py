"""Which artifacts an experiment needs, which are missing, in which order they are made, and by whom.

All state is on disk: a run that is killed and given again goes on with what is missing, and two runs
in one store make nothing twice at the same time.
"""

import os
import signal
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import filelock
from joblib.externals.loky import ProcessPoolExecutor, get_reusable_executor

from gaitbench.core.errors import DataError, GaitbenchError, StoreError, TaskError
from gaitbench.core.plugins import load_plugin
from gaitbench.core.store import Kind, Store
from gaitbench.data.source import DataSource
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Evaluation
from gaitbench.protocols.expansion import expand
from gaitbench.running.checks import check_data, check_networks, check_occlusions
from gaitbench.running.make import World, folders_of, make_dataset, make_scores, make_stage
from gaitbench.training.stage import Stage

Outcome = Literal["made", "found", "busy"]
LOOK_AGAIN_S = 0.5
"""How often the display is refreshed and artifacts that another run is making are looked for."""

EVALUATION_COST = 0.02
"""Of one evaluation, in units of a thousand training steps: only the order of work depends on it."""


@dataclass(frozen=True)
class Task:
    """One artifact to make.

    Args:
        kind: Of the artifact.
        key: Of the artifact.
        label: For people.
        thing: Its description.
        needs: Keys of the artifacts that must be there first.
        cost: Rough, in thousands of training steps.
    """

    kind: Kind
    key: str
    label: str
    thing: DataSource | Stage | Evaluation = field(repr=False)
    needs: frozenset[str] = frozenset()
    cost: float = 0.0


class Display(Protocol):
    """Whoever shows a run to people."""

    def begin(self, tasks: Sequence[Task], missing: Sequence[Task]) -> None:
        """The run starts; `missing` will be made."""

    def refresh(self, running: Sequence[tuple[Task, dict[str, Any]]]) -> None:
        """Called twice a second with what is being made and how far it is."""

    def finished(self, task: Task, outcome: Outcome, seconds: float) -> None:
        """An artifact is there."""

    def end(self) -> None:
        """The run is over, well or not."""


def tasks_of(bench: Bench, cells: Iterable[Cell]) -> list[Task]:
    """Return every artifact that the cells need, each once, in an order that works."""
    tasks: dict[str, Task] = {}
    for source in (bench.train, bench.test):
        if source.dataset is not None:
            tasks[source.key] = Task("datasets", source.key, f"data set {source.name}", source)
    several = len(bench.backbone_names()) > 1
    for cell in cells:
        evaluation = cell.evaluation
        where = f" ({cell.backbone})" if several else ""
        for stage in evaluation.stage.all_stages():
            if stage.key not in tasks:
                # A detector has no backbone: those of one size are shared by all.
                own = where if hasattr(stage, "backbone") else ""
                tasks[stage.key] = _stage_task(stage, tasks, cell, own)
        tasks.setdefault(evaluation.key, _evaluation_task(cell, tasks, where))
    return list(tasks.values())


def _stage_task(stage: Stage, tasks: dict[str, Task], cell: Cell, where: str) -> Task:
    needs = {s.key for s in stage.before()} | ({stage.data.fingerprint} & set(tasks))
    recipe = stage.recipe
    size = recipe.batch_size * recipe.frames / 256 * (1 + 0.3 * len(stage.inputs))
    adapted = f" adapted to {stage.mix.generators[-1].name}" if stage.initial else ""
    # A shared stage is named by itself, a method's own stage by the method.
    own = stage.key == cell.evaluation.stage.key
    name = cell.title if own and stage.mix.share else stage.role
    kind = " on whole clips" if name == "extractor" else ""
    under = f" under {cell.trained}" if own and stage.mix.share else ""
    return Task(
        "stages",
        stage.key,
        f"{name}{kind}{under}{adapted}{where}, seed {stage.seed}",
        stage,
        frozenset(needs),
        stage.steps / 1000 * size,
    )


def _evaluation_task(cell: Cell, tasks: dict[str, Task], where: str) -> Task:
    evaluation = cell.evaluation
    stages = [evaluation.stage, *evaluation.stage.inputs.values()]
    needs = {s.key for s in stages} | (
        {evaluation.data.fingerprint, evaluation.stage.data.fingerprint} & set(tasks)
    )
    return Task(
        "scores",
        evaluation.key,
        f"{cell.title}{where} {cell.label}, seed {evaluation.seed}, draw {evaluation.draw}",
        evaluation,
        frozenset(needs),
        EVALUATION_COST,
    )


class Runner:
    """Makes what an experiment needs.

    Args:
        store: Holds everything.
        bench: The experiment.
        jobs: Worker processes.
        device: Resolved name of the device to train and embed on.
        display: Shows progress.
    """

    def __init__(
        self, store: Store, bench: Bench, *, jobs: int, device: str, display: Display
    ) -> None:
        self.store, self.bench, self.jobs, self.display = store, bench, jobs, display
        self.cells = expand(bench).cells
        self.tasks = tasks_of(bench, self.cells)
        files = {} if bench.extractor is None else {bench.extractor.digest: bench.extractor.path}
        folders = folders_of(store, (bench.train, bench.test))
        self.world = World(store.folder, folders, device, files)

    def missing(self) -> list[Task]:
        """Return the tasks whose artifacts are not there and are needed.

        A stage is needed only where something that builds on it is missing.
        """
        absent = {t.key for t in self.tasks if not self.store.has(t.kind, t.key)}
        needed: set[str] = set()
        for task in reversed(self.tasks):
            if task.key in absent and (task.kind == "scores" or task.key in needed):
                needed |= {task.key, *task.needs}
        return [t for t in self.tasks if t.key in absent and t.key in needed]

    def check(self) -> None:
        """Check everything that can be checked before any work: data, occlusions, plug-ins' networks.

        Raises:
            GaitbenchError: What is wrong, where, and what to do.
        """
        check_data(self.bench, self.cells, self.world.folders)
        check_occlusions(self.cells)
        check_networks(self.cells)

    def run(self) -> int:
        """Make everything that is missing and return how many artifacts were made.

        Raises:
            GaitbenchError: Whatever stopped the run; what was finished is kept.
        """
        missing = self.missing()
        if not missing:
            return 0
        self.store.prepare()
        self.store.sweep()
        self.display.begin(self.tasks, missing)
        try:
            made = self._make_datasets(missing)
            if made:
                check_data(self.bench, self.cells, self.world.folders)
            return made + self._make_rest(missing)
        finally:
            self.display.end()

    def _make_datasets(self, missing: Sequence[Task]) -> int:
        made = 0
        for task in missing:
            if isinstance(task.thing, DataSource):
                began = time.monotonic()
                outcome = self._make_dataset(task, task.thing)
                made += outcome == "made"
                self.display.finished(task, outcome, time.monotonic() - began)
        return made

    def _make_dataset(self, task: Task, source: DataSource) -> Outcome:
        # Data sets use all workers themselves, so they are made one at a time, before anything else.
        with self.store.lock(task.key):
            if self.store.has(task.kind, task.key):
                return "found"

            def shown(done: int, of: int) -> None:
                self.display.refresh([(task, {"step": done, "of": of})])

            make_dataset(self.store, source, self.jobs, shown)
            # joblib would keep its idle workers for minutes, and our own come next.
            get_reusable_executor().shutdown(wait=True)
            return "made"

    def _make_rest(self, missing: Sequence[Task]) -> int:
        rest = [t for t in missing if not isinstance(t.thing, DataSource)]
        if not rest:
            return 0
        plugins = self.bench.experiment.plugins
        executor = ProcessPoolExecutor(
            max_workers=self.jobs, initializer=_prepare_worker, initargs=(plugins, os.getpid())
        )
        try:
            # Ctrl-C reaches the whole process group, but what happens to workers is decided here;
            # held back while they start, it never reaches them.
            with _interrupts_wait():
                executor.submit(os.getpid)
            schedule = _Schedule(self.store, rest, self.display)
            made = schedule.run(executor, self.world, self.jobs)
        except BaseException:
            executor.shutdown(wait=False, kill_workers=True)
            raise
        executor.shutdown(wait=True)
        schedule.raise_failures()
        return made


class _Schedule:
    """Which tasks wait, run, are done or have failed.

    A task that fails takes along those that need it; all others go on, since what they make is kept.
    """

    def __init__(self, store: Store, tasks: Sequence[Task], display: Display) -> None:
        self.store, self.display = store, display
        self.waiting = {t.key: t for t in tasks}
        self.urgency = _urgency(tasks)
        self.running: dict[Future[Outcome], tuple[Task, float]] = {}
        self.not_before: dict[str, float] = {}
        self.failures: list[GaitbenchError] = []
        self.made = 0

    def run(self, executor: Any, world: World, jobs: int) -> int:
        """Run everything that can be run and return how many artifacts were made."""
        while self.waiting or self.running:
            for task in self._ready()[: jobs - len(self.running)]:
                del self.waiting[task.key]
                self.running[executor.submit(make, world, task)] = (task, time.monotonic())
            done, _ = wait(self.running, timeout=LOOK_AGAIN_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(future)
            self.display.refresh(
                [(task, self.store.progress(task.key)) for task, _ in self.running.values()]
            )
            if not self.running:
                time.sleep(LOOK_AGAIN_S / 10)
        return self.made

    def raise_failures(self) -> None:
        """Raise the first failure, with how many others there were."""
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            others = "\n".join(f"- {failure}" for failure in self.failures)
            raise TaskError(
                f"{len(self.failures)} artifacts could not be made; everything else is kept:\n{others}"
            )

    def _ready(self) -> list[Task]:
        now = time.monotonic()
        absent = self.waiting.keys() | {task.key for task, _ in self.running.values()}
        ready = [
            t
            for t in self.waiting.values()
            if not t.needs & absent and self.not_before.get(t.key, 0) <= now
        ]
        return sorted(ready, key=lambda t: -self.urgency[t.key])

    def _take(self, future: "Future[Outcome]") -> None:
        task, began = self.running.pop(future)
        try:
            outcome = future.result()
        except GaitbenchError as error:
            self._fail(task, error)
            return
        except BrokenExecutor as error:
            raise TaskError(
                f"{task.label}: a worker process was killed, most likely for want of memory. Everything "
                "that was finished is kept; give the same command again with fewer --jobs."
            ) from error
        if outcome == "busy":
            self.waiting[task.key] = task
            self.not_before[task.key] = time.monotonic() + LOOK_AGAIN_S
            return
        self.made += outcome == "made"
        self.display.finished(task, outcome, time.monotonic() - began)

    def _fail(self, task: Task, error: GaitbenchError) -> None:
        self.failures.append(error)
        if isinstance(error, StoreError):
            # The store is full or gone: nothing else can be kept either.
            self.waiting.clear()
            return
        lost = {task.key}
        for waiting in list(self.waiting.values()):
            if waiting.needs & lost:
                lost.add(waiting.key)
                del self.waiting[waiting.key]


def _urgency(tasks: Sequence[Task]) -> dict[str, float]:
    """Return for each task the cost of the longest chain that starts with it."""
    urgency: dict[str, float] = {}
    for task in reversed(tasks):
        after = [urgency[t.key] for t in tasks if task.key in t.needs and t.key in urgency]
        urgency[task.key] = task.cost + max(after, default=0.0)
    return urgency


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Hold Ctrl-C back for the length of a block; processes that start in it never get it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker(plugins: Sequence[str], parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    for plugin in plugins:
        load_plugin(Path(plugin))


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone: a killed run must not leave processes behind."""
    while os.getppid() == parent:
        time.sleep(2 * LOOK_AGAIN_S)
    os._exit(1)


def make(world: World, task: Task) -> Outcome:
    """Make one artifact, unless it is there or another run is making it.

    Raises:
        GaitbenchError: Whatever went wrong, with the task's label; an error that nobody foresaw as
            TaskError, its traceback kept in the store.
    """
    store = Store(world.store)
    try:
        with store.lock(task.key).acquire(timeout=0):
            if store.has(task.kind, task.key):
                return "found"
            try:
                _make(world, task, _Reporter(store, task.key))
            finally:
                store.forget_progress(task.key)
            return "made"
    except filelock.Timeout:
        return "busy"
    except GaitbenchError as error:
        raise type(error)(f"{task.label}: {error}") from error
    except Exception as error:
        log = store.write_log(task.key, traceback.format_exc())
        raise TaskError(
            f"{task.label}: {type(error).__name__}: {error}. The whole traceback is in {log}."
        ) from error


def _make(world: World, task: Task, report: "_Reporter") -> None:
    if isinstance(task.thing, Stage):
        make_stage(world, task.thing, report)
    elif isinstance(task.thing, Evaluation):
        make_scores(world, task.thing, report)
    else:
        raise DataError("a data set is not made by a worker.")


class _Reporter:
    """Writes the progress of one artifact, at most twice a second."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key = store, key
        self.began = self.last = time.monotonic()

    def __call__(self, step: int, of: int, loss: float | None) -> None:
        now = time.monotonic()
        if now - self.last < LOOK_AGAIN_S and step < of:
            return
        self.last = now
        state = {"step": step, "of": of, "seconds": round(now - self.began, 2), "loss": loss}
        self.store.write_progress(self.key, state)
