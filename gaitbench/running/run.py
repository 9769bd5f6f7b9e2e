"""The run of an experiment: what waits, what is being made, and what has failed.

All state is on disk: a run that is killed and given again goes on with what is missing, and two runs
in one store make nothing twice at the same time.
"""

import time
from collections.abc import Hashable, Sequence
from contextlib import suppress

from joblib.externals.loky import get_reusable_executor

from gaitbench.core.errors import GaitbenchError, StoreError, TaskError
from gaitbench.core.plugin_errors import calling, plugin_error, returned, wrong
from gaitbench.core.store import Store
from gaitbench.data.source import DataSource, folders_of
from gaitbench.experiment.bench import Bench
from gaitbench.protocols.expansion import expand
from gaitbench.running.checks import check_data, check_occlusions
from gaitbench.running.display import Display
from gaitbench.running.executors.base import Executor, Finished, executor_of
from gaitbench.running.make import make_dataset
from gaitbench.running.plan import OUTCOMES, Task, TaskOutcome, missing_tasks, tasks_of, urgency_of
from gaitbench.running.rehearsal import check_metrics, check_networks, check_tamperings, check_ticks
from gaitbench.running.world import World
from gaitbench.training.callbacks.base import callbacks

LOOK_AGAIN_S = 0.5
"""How often the display is refreshed and artifacts that another run is making are looked for."""

TRAIN_SPLITS = ("train",)
TEST_SPLITS = ("test.gallery", "test.probe")


class Runner:
    """Makes what an experiment needs.

    Args:
        store: Holds everything.
        bench: The experiment.
        jobs: How many artifacts are made at the same time.
        device: Resolved name of the device to train and embed on.
        display: Shows progress.
        executor: Carries out the tasks; worker processes on this machine by default.
        callback_names: What else is told how each training goes.

    Raises:
        UnknownNameError: If there is no callback of a name.
    """

    def __init__(
        self,
        store: Store,
        bench: Bench,
        *,
        jobs: int,
        device: str,
        display: Display,
        executor: Executor | None = None,
        callback_names: Sequence[str] = (),
    ) -> None:
        self.store, self.bench, self.jobs, self.display = store, bench, jobs, display
        self.executor = executor or executor_of("local")
        self.cells = expand(bench).cells
        self.tasks = tasks_of(bench, self.cells)
        files = {} if bench.extractor is None else {bench.extractor.digest: bench.extractor.path}
        self.world = World(
            store.folder,
            folders_of(store, bench.sources),
            device,
            files,
            bench.experiment.plugins,
            tuple(callbacks.check(name) for name in callback_names),
        )

    def missing(self) -> list[Task]:
        """Return the tasks whose artifacts are not there and are needed."""
        return missing_tasks(self.tasks, self.store)

    def check(self) -> None:
        """Check everything that can be checked before any work: data, occlusions, what plug-ins bring.

        Raises:
            GaitbenchError: What is wrong, where, and what to do.
        """
        self._check_data()
        check_occlusions(self.cells)
        check_ticks(self.cells)
        check_metrics()
        check_networks(self.cells)

    def _check_data(self) -> None:
        check_data(self.bench, self.cells, self.world.folders)
        check_tamperings(self.cells, self.world.folders)

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
            n_made = self._make_datasets(missing)
            if n_made:
                self._check_data()
            return n_made + self._make_rest(missing)
        finally:
            self.display.end()

    def _make_datasets(self, missing: Sequence[Task]) -> int:
        n_made = 0
        for task in missing:
            if isinstance(task.description, DataSource):
                began = time.monotonic()
                outcome = self._make_dataset(task, task.description)
                n_made += outcome == "made"
                self.display.finished(task, outcome, time.monotonic() - began)
        return n_made

    def _make_dataset(self, task: Task, source: DataSource) -> TaskOutcome:
        # Data sets use all workers themselves, so they are made one at a time, before anything else.
        with self.store.lock(task.key):
            if self.store.has(task.kind, task.key):
                return "found"

            def shown(done: int, of: int) -> None:
                self.display.refresh([(task, {"step": done, "of": of})])

            make_dataset(self.store, source, self.jobs, shown, splits=self._splits_of(source))
            # joblib would keep its idle workers for minutes, and our own come next.
            get_reusable_executor().shutdown(wait=True)
            return "made"

    def _splits_of(self, source: DataSource) -> tuple[str, ...]:
        """Return the splits that the experiment needs of a data set."""
        trained = TRAIN_SPLITS if source.key == self.bench.train.key else ()
        tested = {cell.evaluation.data.fingerprint for cell in self.cells}
        return trained + (TEST_SPLITS if source.key in tested else ())

    def _make_rest(self, missing: Sequence[Task]) -> int:
        rest = [t for t in missing if not isinstance(t.description, DataSource)]
        if not rest:
            return 0
        with calling(self.executor, "start"):
            self.executor.start(self.world, self.jobs)
        slots = self.executor.slots
        if not isinstance(slots, int) or slots < 1:
            raise wrong(self.executor, "start", f"set slots to {slots!r}; it must be at least 1.")
        try:
            schedule = _Schedule(self.store, rest, self.executor, self.display)
            n_made = schedule.run()
        except BaseException:
            # Whatever goes wrong now comes of what went wrong before, which is what has to be told.
            with suppress(Exception):
                self.executor.stop(kill=True)
            raise
        with calling(self.executor, "stop"):
            self.executor.stop(kill=False)
        schedule.raise_failures()
        return n_made


class _Schedule:
    """Which tasks wait, run, are done or have failed.

    A task that fails takes along those that need it; all others go on, since what they make is kept.
    """

    def __init__(
        self, store: Store, tasks: Sequence[Task], executor: Executor, display: Display
    ) -> None:
        self.store, self.executor, self.display = store, executor, display
        self.waiting = {t.key: t for t in tasks}
        self.urgency = urgency_of(tasks)
        self.running: dict[Hashable, tuple[Task, float]] = {}
        self.not_before: dict[str, float] = {}
        self.failures: list[GaitbenchError] = []
        self.n_made = 0

    def run(self) -> int:
        """Run everything that can be run and return how many artifacts were made."""
        while self.waiting or self.running:
            for task in self._ready()[: max(0, self.executor.slots - len(self.running))]:
                self._submit(task)
            for finished in self._finished():
                self._take(finished)
            self.display.refresh(
                [(task, self.store.progress(task.key)) for task, _ in self.running.values()]
            )
            if not self.running:
                time.sleep(LOOK_AGAIN_S / 10)
        return self.n_made

    def raise_failures(self) -> None:
        """Raise the first failure, with how many others there were."""
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            lines = "\n".join(f"- {failure}" for failure in self.failures)
            raise TaskError(
                f"{len(self.failures)} artifacts could not be made; everything else is kept:\n{lines}"
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

    def _submit(self, task: Task) -> None:
        with calling(self.executor, "submit", f"for {task.label}"):
            handle = self.executor.submit(task)
        is_new = handle is not None and handle not in list(self.running)
        expected = "a handle that can be hashed and names this task alone"
        returned(self.executor, "submit", handle, Hashable, expected, fits=is_new)
        del self.waiting[task.key]
        self.running[handle] = (task, time.monotonic())

    def _finished(self) -> Sequence[Finished]:
        if not self.running:
            return ()
        with calling(self.executor, "wait", may_raise=TaskError):
            finished = self.executor.wait(LOOK_AGAIN_S)
        returned(self.executor, "wait", finished, Sequence, "a list of Finished")
        for item in finished:
            returned(self.executor, "wait", item, Finished, "a list of Finished")
            if item.handle not in list(self.running):
                raise wrong(
                    self.executor,
                    "wait",
                    f"returned the handle {item.handle!r}; it must return each handle that submit() has "
                    "returned once, and no other.",
                )
        return finished

    def _take(self, finished: Finished) -> None:
        task, began = self.running.pop(finished.handle)
        if finished.error is not None:
            self._fail(task, finished.error)
        elif finished.outcome == "busy":
            self.waiting[task.key] = task
            self.not_before[task.key] = time.monotonic() + LOOK_AGAIN_S
        elif finished.outcome in OUTCOMES:
            self.n_made += finished.outcome == "made"
            self.display.finished(task, finished.outcome, time.monotonic() - began)
        else:
            raise wrong(
                self.executor,
                "wait",
                f"returned the outcome {finished.outcome!r} for {task.label}; it must be what make() "
                f"returns: {', '.join(map(repr, OUTCOMES))}.",
            )

    def _fail(self, task: Task, error: Exception) -> None:
        if not isinstance(error, GaitbenchError):
            # What make() raises is one; this is of whoever carried the task there and back.
            failure = plugin_error(error) or TaskError(f"{type(error).__name__}: {error}")
            failure.add_context(task.label)
            failure.__cause__ = error
            error = failure
        self.failures.append(error)
        if isinstance(error, StoreError):
            # The store is full or gone: nothing else can be kept either.
            self.waiting.clear()
            return
        failed_keys = {task.key}
        for waiting in list(self.waiting.values()):
            if waiting.needs & failed_keys:
                failed_keys.add(waiting.key)
                del self.waiting[waiting.key]
