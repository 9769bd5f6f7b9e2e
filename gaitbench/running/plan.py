"""Which artifacts an experiment needs, which of them are missing, and in which order they are made.

A task only names a description, so nothing here needs torch.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast, get_args

from gaitbench.core.store import Kind
from gaitbench.core.store_union import ReadableStore
from gaitbench.data.source import DataSource
from gaitbench.experiment.bench import EQUAL_SHARE

if TYPE_CHECKING:
    from gaitbench.experiment.bench import Bench
    from gaitbench.experiment.cells import Cell, Evaluation
    from gaitbench.training.stage import Stage

TaskOutcome = Literal["made", "found", "busy"]
"""What became of a task: made, there already, or being made by another run."""

OUTCOMES: tuple[TaskOutcome, ...] = get_args(TaskOutcome)

EVALUATION_COST = 0.02
"""Of one evaluation, in units of a thousand training steps: only the order of work depends on it."""


@dataclass(frozen=True)
class Task:
    """One artifact to make.

    Args:
        kind: Of the artifact.
        key: Of the artifact.
        label: For people.
        description: What its key is the hash of.
        needs: Keys of the artifacts that must be there first.
        cost: Rough, in thousands of training steps.
    """

    kind: Kind
    key: str
    label: str
    description: "DataSource | Stage | Evaluation" = field(repr=False)
    needs: frozenset[str] = frozenset()
    cost: float = 0.0


def tasks_of(bench: "Bench", cells: Iterable["Cell"]) -> list[Task]:
    """Return every artifact that the cells need, each once, in an order that works.

    Evaluations of the same test clips stand beside each other: a worker that occludes them keeps them for
    the next method.
    """
    tasks: dict[str, Task] = {}
    cells = list(cells)
    for source in sources_of(bench, cells):
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
    tests: dict[Hashable, list[Task]] = {}
    for task in tasks.values():
        if task.kind == "scores":
            tests.setdefault(cast("Evaluation", task.description).test_clips, []).append(task)
    first = [task for task in tasks.values() if task.kind != "scores"]
    return [*first, *(task for together in tests.values() for task in together)]


def sources_of(bench: "Bench", cells: Iterable["Cell"]) -> list[DataSource]:
    """Return the data that the cells are trained and tested on, and the experiment's own."""
    own = {bench.train.key, bench.test.key}
    used = own | {cell.evaluation.data.fingerprint for cell in cells}
    return [source for source in bench.sources if source.key in used]


def is_finished(bench: "Bench", cells: Iterable["Cell"], store: ReadableStore) -> bool:
    """Whether everything that the cells need is there."""
    return not missing_tasks(tasks_of(bench, cells), store)


def missing_tasks(tasks: Sequence[Task], store: ReadableStore) -> list[Task]:
    """Return the tasks whose artifacts are not there and are needed.

    A stage is needed only where something that builds on it is missing.
    """
    absent = {t.key for t in tasks if not store.has(t.kind, t.key)}
    needed_keys: set[str] = set()
    for task in reversed(tasks):
        if task.key in absent and (task.kind == "scores" or task.key in needed_keys):
            needed_keys |= {task.key, *task.needs}
    return [t for t in tasks if t.key in absent and t.key in needed_keys]


def urgency_of(tasks: Sequence[Task]) -> dict[str, float]:
    """Return for each task the cost of the longest chain that starts with it."""
    urgency: dict[str, float] = {}
    for task in reversed(tasks):
        after = [urgency[t.key] for t in tasks if task.key in t.needs and t.key in urgency]
        urgency[task.key] = task.cost + max(after, default=0.0)
    return urgency


def _stage_task(stage: "Stage", tasks: dict[str, Task], cell: "Cell", where: str) -> Task:
    needs = {s.key for s in stage.before()} | ({stage.data.fingerprint} & set(tasks))
    recipe = stage.recipe
    size = recipe.batch_size * recipe.frames / 256 * (1 + 0.3 * len(stage.inputs))
    # Detectors have a share of their own, which is the same in all runs.
    share = "" if stage.role == "detector" else _own_share(stage)
    return Task(
        "stages",
        stage.key,
        f"{cell.stage_title(stage)}{where}{share}, seed {stage.seed}",
        stage,
        frozenset(needs),
        stage.steps / 1000 * size,
    )


def _evaluation_task(cell: "Cell", tasks: dict[str, Task], where: str) -> Task:
    evaluation = cell.evaluation
    what = f"{cell.title}{where}{_own_share(evaluation.stage)} {cell.label}"
    stages = [evaluation.stage, *evaluation.stage.inputs.values()]
    needs = {s.key for s in stages} | (
        {evaluation.data.fingerprint, evaluation.stage.data.fingerprint} & set(tasks)
    )
    return Task(
        "scores",
        evaluation.key,
        f"{what}, seed {evaluation.seed}, draw {evaluation.draw}",
        evaluation,
        frozenset(needs),
        EVALUATION_COST,
    )


def _own_share(stage: "Stage") -> str:
    """Say how many of a stage's clips are occluded, where that is not the share that all methods have."""
    share = stage.mix.share
    return "" if share in (0, EQUAL_SHARE) else f" ({share:.0%} of its clips occluded)"
