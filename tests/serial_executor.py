"""An executor as a plug-in file: every task in this process, one after another."""

from gaitbench import register
from gaitbench.running.executors.base import Executor, Finished
from gaitbench.running.make import make


@register("serial")
class Serial(Executor):
    """Does the work when it is waited for."""

    title = "This process"
    about = "every task in this process, one after another"

    def start(self, world, jobs):
        super().start(world, jobs=1)

    def submit(self, task):
        self.task = task
        return task.key

    def wait(self, timeout):
        return [Finished.after(self.task.key, lambda: make(self.world, self.task))]

    def stop(self, *, kill):
        pass
