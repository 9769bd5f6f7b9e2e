"""A run as people see it: live bars in a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gaitbench.running.plan import Task, TaskOutcome


class Display(Protocol):
    """Whoever shows a run to people."""

    def begin(self, tasks: Sequence[Task], missing: Sequence[Task]) -> None:
        """The run starts; `missing` will be made."""

    def refresh(self, running: Sequence[tuple[Task, dict[str, Any]]]) -> None:
        """Called twice a second with what is being made and how far it is."""

    def finished(self, task: Task, outcome: TaskOutcome, seconds: float) -> None:
        """An artifact is there."""

    def end(self) -> None:
        """The run is over, well or not."""


def display_for(console: Console) -> Display:
    """Return live bars where the console is a terminal, plain lines where it is not."""
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(console)


class PlainDisplay:
    """One line for each artifact that is made: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self.console, self.done, self.total = console, 0, 0

    def begin(self, tasks: Sequence[Task], missing: Sequence[Task]) -> None:
        """Say how much there is to do."""
        self.total = len(missing)
        self._print(f"{len(tasks) - self.total} of {len(tasks)} artifacts are there")

    def refresh(self, running: Sequence[tuple[Task, dict[str, Any]]]) -> None:
        """Say nothing: lines are for what is finished."""

    def finished(self, task: Task, outcome: TaskOutcome, seconds: float) -> None:
        """Say what is there now."""
        self.done += 1
        how = ", made by another run" if outcome == "found" else f" in {seconds:.1f} s"
        self._print(f"[{self.done}/{self.total}] {task.label}{how}")

    def end(self) -> None:
        """Say nothing."""

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveDisplay:
    """Overall progress and one bar for each artifact that is being made."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            console=console,
        )
        self.live = Live(self.bars, console=console, refresh_per_second=4, transient=True)
        self.shown: dict[str, Any] = {}

    def begin(self, tasks: Sequence[Task], missing: Sequence[Task]) -> None:
        """Show the overall bar."""
        self.missing = {t.key for t in missing}
        self.total = len(missing)
        self.overall = self.bars.add_task("all", total=len(missing), state=f"0/{len(missing)}")
        self.live.start()

    def refresh(self, running: Sequence[tuple[Task, dict[str, Any]]]) -> None:
        """Show what is being made."""
        keys = {task.key for task, _ in running}
        for key in [k for k in self.shown if k not in keys]:
            self.bars.remove_task(self.shown.pop(key))
        for task, state in running:
            if task.key not in self.shown:
                self.shown[task.key] = self.bars.add_task(task.label, total=None, state="")
            self.bars.update(
                self.shown[task.key],
                total=state.get("of"),
                completed=state.get("step", 0),
                state=describe(state),
            )

    def finished(self, task: Task, outcome: TaskOutcome, seconds: float) -> None:
        """Take a bar away."""
        if task.key in self.shown:
            self.bars.remove_task(self.shown.pop(task.key))
        self.missing.discard(task.key)
        self.bars.advance(self.overall)
        done = self.total - len(self.missing)
        self.bars.update(self.overall, state=f"{done}/{self.total}")

    def end(self) -> None:
        """Take everything away."""
        self.live.stop()


def describe(state: dict[str, Any]) -> str:
    """Return step, loss and time left of something that is being made."""
    step, of, seconds = state.get("step"), state.get("of"), state.get("seconds")
    if not step or not of:
        return ""
    text = f"{step}/{of}"
    if state.get("loss") is not None:
        text += f"  loss {state['loss']:.3f}"
    if seconds:
        text += f"  {seconds * (of - step) / step:.0f} s left"
    return text
