"""Which artifacts an experiment needs, which are missing, in which order they are made, and by whom.

All state is on disk: a run that is killed and given again goes on with what is missing, and two runs
in one store make nothing twice at the same time.
"""

import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import filelock

from gaitbench.artifacts import World, make_dataset, make_scores, make_stage
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import DataSource
from gaitbench.errors import DataError, ProtocolError, StoreError
from gaitbench.methods.base import Stage
from gaitbench.protocols.base import Bench, Cell, Evaluation, expand
from gaitbench.registry import load_plugin
from gaitbench.store import Kind, Store

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
    for cell in cells:
        evaluation = cell.evaluation
        for stage in evaluation.stage.all_stages():
            if stage.key not in tasks:
                tasks[stage.key] = _stage_task(stage, tasks, cell)
        tasks.setdefault(evaluation.key, _evaluation_task(cell, tasks))
    return list(tasks.values())


def _stage_task(stage: Stage, tasks: dict[str, Task], cell: Cell) -> Task:
    needs = {s.key for s in stage.before()} | ({stage.data.fingerprint} & set(tasks))
    recipe = stage.recipe
    size = recipe.batch_size * recipe.frames / 256 * (1 + 0.3 * len(stage.inputs))
    adapted = f" adapted to {stage.mix.generators[-1].name}" if stage.initial else ""
    # A shared stage is named by itself, a method's own stage by the method.
    own = stage.key == cell.evaluation.stage.key
    name = cell.title if own and stage.inputs else stage.role
    kind = f" on {'occluded' if stage.mix.share else 'whole'} clips" if name == "extractor" else ""
    return Task(
        "stages",
        stage.key,
        f"{name}{kind}{adapted}, seed {stage.seed}",
        stage,
        frozenset(needs),
        recipe.steps / 1000 * size,
    )


def _evaluation_task(cell: Cell, tasks: dict[str, Task]) -> Task:
    evaluation = cell.evaluation
    stages = [evaluation.stage, *evaluation.stage.inputs.values()]
    needs = {s.key for s in stages} | (
        {evaluation.data.fingerprint, evaluation.stage.data.fingerprint} & set(tasks)
    )
    amount = "" if cell.amount is None else f" {cell.amount:g}"
    adapted = f" adapted to {cell.adapted_to}" if cell.adapted_to else ""
    return Task(
        "scores",
        evaluation.key,
        f"{cell.title}{adapted} on {cell.test}{amount}, seed {evaluation.seed}",
        evaluation,
        frozenset(needs),
        EVALUATION_COST,
    )


def check_data(bench: Bench) -> None:
    """Check what can be checked of the data before any work.

    Raises:
        DataError: If a split is missing.
        ConfigurationError: If there are too few identities for a batch.
        ProtocolError: If no probe has a mate in the gallery.
    """
    if bench.train.folder is not None:
        data = Silhouettes.open(bench.train.folder)
        from gaitbench.training.batches import IdentitySampler

        preset = bench.preset
        for recipe in (preset.extractor, preset.occluded, preset.detector, preset.adaptation):
            IdentitySampler(data, data.split("train"), recipe)
    if bench.test.folder is not None:
        check_mates(Silhouettes.open(bench.test.folder))


def check_mates(data: Silhouettes) -> None:
    """Check that some probe can be found in the gallery.

    Raises:
        DataError: If a split is missing.
        ProtocolError: If no probe's identity is in the gallery.
    """
    probe, gallery = (
        set(data.table["identity"].iloc[data.split(f"test.{s}")]) for s in ("probe", "gallery")
    )
    if not probe & gallery:
        raise ProtocolError(
            f"Data set {data.name!r}: none of the {len(probe)} identities in the probe set is among the "
            f"{len(gallery)} in the gallery, so nothing can be recognised. Look at it with "
            "'gaitbench data check'."
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
        self.cells = expand(bench)
        self.tasks = tasks_of(bench, self.cells)
        self.world = World(store.folder, self._folders(), device)

    def _folders(self) -> dict[str, Path]:
        sources = (self.bench.train, self.bench.test)
        return {s.key: s.folder or self.store.path("datasets", s.key) for s in sources}

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

    def run(self) -> int:
        """Make everything that is missing and return how many artifacts were made.

        Raises:
            GaitbenchError: Whatever stopped the run; what was finished is kept.
        """
        missing = self.missing()
        if not missing:
            return 0
        check_data(self.bench)
        self.store.prepare()
        self.store.sweep()
        self.display.begin(self.tasks, missing)
        try:
            return self._make_datasets(missing) + self._make_rest(missing)
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
            return "made"

    def _make_rest(self, missing: Sequence[Task]) -> int:
        rest = [t for t in missing if not isinstance(t.thing, DataSource)]
        if not rest:
            return 0
        if self.jobs == 1:
            return self._make_here(rest)
        return self._make_in_workers(rest)

    def _make_here(self, rest: Sequence[Task]) -> int:
        made, waiting = 0, list(rest)
        while waiting:
            for task in list(waiting):
                self.display.refresh([(task, {})])
                began = time.monotonic()
                outcome = make(self.world, task)
                if outcome == "busy":
                    continue
                waiting.remove(task)
                made += outcome == "made"
                self.display.finished(task, outcome, time.monotonic() - began)
            if waiting:
                time.sleep(LOOK_AGAIN_S)
        return made

    def _make_in_workers(self, rest: Sequence[Task]) -> int:
        from joblib.externals.loky import ProcessPoolExecutor

        plugins = self.bench.experiment.plugins
        executor = ProcessPoolExecutor(
            max_workers=self.jobs, initializer=_prepare_worker, initargs=(plugins,)
        )
        try:
            # Ctrl-C reaches the whole process group, but what happens to workers is decided here;
            # they inherit that it is ignored, from their first moment on.
            with _without_interrupts():
                executor.submit(_prepare_worker, plugins)
            return self._schedule(executor, rest)
        except BaseException:
            executor.shutdown(wait=False, kill_workers=True)
            raise
        finally:
            executor.shutdown(wait=True)

    def _schedule(self, executor: Any, rest: Sequence[Task]) -> int:
        waiting = {t.key: t for t in rest}
        urgency = _urgency(rest)
        running: dict[Future[Outcome], tuple[Task, float]] = {}
        not_before: dict[str, float] = {}
        made = 0
        while waiting or running:
            now = time.monotonic()
            being_made = {task.key for task, _ in running.values()}
            ready = [
                t
                for t in waiting.values()
                if not (t.needs & (waiting.keys() | being_made)) and not_before.get(t.key, 0) <= now
            ]
            for task in sorted(ready, key=lambda t: -urgency[t.key])[: self.jobs - len(running)]:
                del waiting[task.key]
                running[executor.submit(make, self.world, task)] = (task, now)
            done, _ = wait(running, timeout=LOOK_AGAIN_S, return_when=FIRST_COMPLETED)
            for future in done:
                task, began = running.pop(future)
                outcome = future.result()
                if outcome == "busy":
                    waiting[task.key] = task
                    not_before[task.key] = time.monotonic() + LOOK_AGAIN_S
                    continue
                made += outcome == "made"
                self.display.finished(task, outcome, time.monotonic() - began)
            self.display.refresh(
                [(task, self.store.progress(task.key)) for task, _ in running.values()]
            )
            if not running:
                time.sleep(LOOK_AGAIN_S / 10)
        return made


def _urgency(tasks: Sequence[Task]) -> dict[str, float]:
    """Return for each task the cost of the longest chain that starts with it."""
    urgency: dict[str, float] = {}
    for task in reversed(tasks):
        after = [urgency[t.key] for t in tasks if task.key in t.needs and t.key in urgency]
        urgency[task.key] = task.cost + max(after, default=0.0)
    return urgency


@contextmanager
def _without_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _prepare_worker(plugins: Sequence[str]) -> None:
    for plugin in plugins:
        load_plugin(Path(plugin))


def make(world: World, task: Task) -> Outcome:
    """Make one artifact, unless it is there or another run is making it."""
    store = Store(world.store)
    try:
        with store.lock(task.key).acquire(timeout=0):
            if store.has(task.kind, task.key):
                return "found"
            report = _Reporter(store, task.key)
            try:
                if isinstance(task.thing, Stage):
                    make_stage(world, task.thing, report)
                elif isinstance(task.thing, Evaluation):
                    make_scores(world, task.thing, report)
                else:
                    raise DataError(f"{task.label} is not made by a worker.")
            finally:
                store.forget_progress(task.key)
            return "made"
    except filelock.Timeout:
        return "busy"
    except MemoryError as error:
        raise StoreError(
            f"{task.label}: out of memory. Use fewer --jobs or a smaller preset."
        ) from error


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
