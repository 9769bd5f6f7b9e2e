"""What an executor is: whoever carries out the tasks of a run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from gaitbench.core.registry import Registry
from gaitbench.running.plan import Task, TaskOutcome
from gaitbench.running.world import World


@dataclass(frozen=True)
class Finished:
    """A task that is over, well or not.

    Args:
        handle: That `submit` has returned.
        outcome: What became of it; None where it failed.
        error: What it failed with.
    """

    handle: Hashable
    outcome: TaskOutcome | None = None
    error: Exception | None = None

    @classmethod
    def after(cls, handle: Hashable, work: Callable[[], TaskOutcome]) -> Self:
        """Do the work of a task, and return what became of it."""
        try:
            return cls(handle, work())
        except Exception as error:  # noqa: BLE001 - whatever it is, the run decides what follows
            return cls(handle, error=error)


class Executor(ABC):
    """Carries out tasks with `gaitbench.running.make.make(world, task)`, wherever it likes.

    The runner calls `start` once, then `submit` for tasks whose needs are met and `wait` in turn, and
    `stop` at the end. Tasks only meet in the store, so a machine that sees its folder can do the work.
    Nothing that an executor does may change the bytes of what is made.
    """

    title: ClassVar[str]
    """What does the work, for lists."""

    about: ClassVar[str]
    """One line for lists."""

    slots: int = 1
    """How many tasks may be submitted and not yet finished; `start` sets it."""

    def start(self, world: World, jobs: int) -> None:
        """Get ready.

        Args:
            world: What every task needs; plug-ins are to be loaded where tasks are made.
            jobs: How many tasks the user wants to be made at the same time.
        """
        self.world, self.slots = world, jobs

    @abstractmethod
    def submit(self, task: Task) -> Hashable:
        """Take a task and return at once, with a handle that names it in `wait`."""

    @abstractmethod
    def wait(self, timeout: float) -> Sequence[Finished]:
        """Return the tasks that are over, as soon as there is one or after `timeout` seconds.

        Each is returned once. The error of a task is returned with it.

        Raises:
            TaskError: If nothing more can be made, for example because a worker was killed.
        """

    @abstractmethod
    def stop(self, *, kill: bool) -> None:
        """End, after everything was finished, or at once if `kill`; `start` has succeeded before."""


executors: Registry[Executor] = Registry(
    "executor", Executor, homes=("gaitbench.running.executors",)
)


def executor_of(name: str) -> Executor:
    """Return a new executor.

    Raises:
        UnknownNameError: If there is none of this name.
        PluginError: If it cannot be built.
    """
    return executors.make(name)
