"""What a store holds, experiment by experiment, and what in it nothing needs any more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gaitbench.core.errors import GaitbenchError
from gaitbench.core.plugins import only_plugins
from gaitbench.core.store import Kind, Store
from gaitbench.experiment.spec import Experiment
from gaitbench.running.display import describe
from gaitbench.running.plan import Task, tasks_of

KINDS: tuple[Kind, ...] = ("datasets", "stages", "scores")


def print_status(store: Store, console: Console) -> None:
    """Print one table of experiments and their artifacts, what is being made, and what is stale."""
    keys = store.keys("experiments")
    if not keys:
        console.print(f"{store.folder}: no experiments yet", highlight=False, soft_wrap=True)
        return
    needed_tasks: dict[str, Task] = {}
    unknown = 0
    table = Table("experiment", "protocol", "preset", "seeds", "done", "missing", "what is missing")
    for key in keys:
        try:
            values = store.spec("experiments", key)
            tasks = _tasks(values, store.record("experiments", key))
        except GaitbenchError as error:
            table.add_row(key[:8], "?", "?", "?", "?", "?", str(error))
            unknown += 1
            continue
        needed_tasks |= {t.key: t for t in tasks}
        absent = [t for t in tasks if not store.has(t.kind, t.key)]
        seeds = ",".join(map(str, values.get("seeds", [])))
        first = "; ".join(t.label for t in absent[:3]) + (" …" if len(absent) > 3 else "")
        done = f"{len(tasks) - len(absent)}/{len(tasks)}"
        row = (values.get("protocol", ""), values.get("preset", ""), seeds, done)
        table.add_row(key[:8], *map(str, row), str(len(absent)), first)
    console.print(table)
    _print_running(store, needed_tasks, console)
    if unknown:
        console.print(
            f"{unknown} experiments cannot be read here, so what is stale is not known",
            highlight=False,
        )
        return
    for line in _stale(store, needed_tasks):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _tasks(values: dict[str, object], record: dict[str, Any]) -> list[Task]:
    # Methods need torch, which whoever only prints progress can do without.
    from gaitbench.checkpoints.extractor import ExtractorFile
    from gaitbench.experiment.bench import Bench
    from gaitbench.protocols.expansion import expand

    experiment = Experiment.of(values, "stored experiment")
    # Another experiment's plug-in would add its occlusions to this one's protocols.
    with only_plugins(Path(p) for p in experiment.plugins):
        bench = Bench.resolve(experiment, ExtractorFile.remembered(record))
        return tasks_of(bench, expand(bench).cells)


def _print_running(store: Store, tasks: dict[str, Task], console: Console) -> None:
    for key, task in tasks.items():
        state = store.progress(key)
        if state and not store.has(task.kind, key):
            console.print(
                f"being made or interrupted: {task.label}  {describe(state)}",
                markup=False,
                highlight=False,
            )


def _stale(store: Store, tasks: dict[str, Task]) -> Iterator[str]:
    """Yield a line for each artifact that no experiment of the store needs, with the likely reason."""
    versions = {
        (type(t.description).__qualname__, getattr(t.description, "version", None))
        for t in tasks.values()
    }
    current = {name: version for name, version in versions if version is not None}
    for kind in KINDS:
        for key in store.keys(kind):
            if key in tasks:
                continue
            spec = store.spec(kind, key)
            name, version = spec.get("type"), spec.get("version")
            if name in current and version != current[name]:
                why = f"made by version {version} of {name}, now {current[name]}"
            else:
                why = "its data, recipe or options are not those of any experiment of this store"
            yield f"stale {kind} {key}: {why}"
