"""An executor: one task after another in this process, so that a debugger sees everything.

gaitbench run --preset smoke --executor serial --plugin examples/plugins/serial.py
"""

from collections.abc import Hashable, Sequence
from functools import partial

from gaitbench import Executor, register
from gaitbench.running.executors.base import Finished
from gaitbench.running.make import make
from gaitbench.running.plan import Task
from gaitbench.running.world import World


@register("serial")
class Serial(Executor):
    """No other process, no thread."""

    title = "This process"
    about = "one task after another in this process, for debuggers"

    def start(self, world: World, jobs: int) -> None:
        """Take one task at a time, whatever --jobs says."""
        super().start(world, 1)
        self.waiting: list[Task] = []

    def submit(self, task: Task) -> Hashable:
        """Keep the task until somebody waits for it."""
        self.waiting.append(task)
        return task.key

    def wait(self, timeout: float) -> Sequence[Finished]:
        """Do what is waiting."""
        tasks, self.waiting = self.waiting, []
        return [Finished.after(task.key, partial(make, self.world, task)) for task in tasks]

    def stop(self, *, kill: bool) -> None:
        """Forget what is waiting."""
        self.waiting = []
