"""Worker processes on this machine."""

import os
import signal
import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

from gaitbench.core.errors import TaskError
from gaitbench.core.plugins import load_plugins
from gaitbench.core.registry import register
from gaitbench.running.executors.base import Executor, Finished
from gaitbench.running.plan import Task, TaskOutcome
from gaitbench.running.world import World

LOOK_FOR_PARENT_S = 1.0

THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""In each worker, numpy's linear algebra would start as many threads as there are cores, all waiting
for each other. How many threads torch has, each recipe says."""


@register("local")
class Local(Executor):
    """As many worker processes as there are jobs; they end with this process."""

    title: ClassVar[str] = "Local processes"
    about: ClassVar[str] = "worker processes on this machine, as many as --jobs"

    def start(self, world: World, jobs: int) -> None:
        """Start the workers."""
        from joblib.externals.loky import ProcessPoolExecutor

        super().start(world, jobs)
        self._running: dict[Future[TaskOutcome], Task] = {}
        self._pool = ProcessPoolExecutor(
            max_workers=jobs,
            initializer=_prepare_worker,
            initargs=(world.plugins, os.getpid()),
            env={name: os.environ.get(name, "1") for name in THREAD_LIMITS},
        )
        try:
            # Ctrl-C reaches the whole process group, but what happens to workers is decided in this
            # process; held back while they start, it never reaches them.
            with _interrupts_wait():
                self._pool.submit(os.getpid)
        except BaseException:
            self.stop(kill=True)
            raise

    def submit(self, task: Task) -> Hashable:
        """Hand a task to a worker."""
        from gaitbench.running.make import make

        future: Future[TaskOutcome] = self._pool.submit(make, self.world, task)
        self._running[future] = task
        return future

    def wait(self, timeout: float) -> Sequence[Finished]:
        """Return what workers have finished.

        Raises:
            TaskError: If a worker was killed.
        """
        done, _ = wait(self._running, timeout=timeout, return_when=FIRST_COMPLETED)
        return [self._finished(future, self._running.pop(future)) for future in done]

    def _finished(self, future: Future[TaskOutcome], task: Task) -> Finished:
        if isinstance(future.exception(), BrokenExecutor):
            raise TaskError(
                f"{task.label}: a worker process was killed, most likely for want of memory. Everything "
                "that was finished is kept; give the same command again with fewer --jobs."
            ) from future.exception()
        return Finished.after(future, partial(future.result))

    def stop(self, *, kill: bool) -> None:
        """End the workers."""
        self._pool.shutdown(wait=not kill, kill_workers=kill)


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
    load_plugins(map(Path, plugins))


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone: a killed run must not leave processes behind."""
    while os.getppid() == parent:
        time.sleep(LOOK_FOR_PARENT_S)
    os._exit(1)
