"""The command lines that reports print: what makes a missing number, and what makes the report again."""

import shlex
from collections import Counter

from gaitbench.core.store import DEFAULT_FOLDER, Store
from gaitbench.core.store_union import ReadableStore, StoreUnion
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.results.snapshot import Snapshot


def command_of(experiment: Experiment, store: ReadableStore) -> str:
    """Return the command line that makes what an experiment needs; of several stores, their report."""
    if isinstance(store, StoreUnion):
        return shlex.join(["gaitbench", "report", *store.names, *experiment.command_options()])
    where = [] if store.folder == DEFAULT_FOLDER.resolve() else ["--store", str(store.folder)]
    return shlex.join(["gaitbench", "run", *experiment.command_options(), *where])


def making_commands(store: ReadableStore, bench: Bench, snapshot: Snapshot) -> dict[int, str]:
    """Return, by seed, the command line that makes what is missing of it.

    One store is completed as a whole. Of several, a seed is completed in the one that has most of it, so
    that nothing is trained again that another one holds.
    """
    experiment = bench.experiment
    if not isinstance(store, StoreUnion):
        return dict.fromkeys(experiment.seeds, command_of(experiment, store))
    commands = {}
    for seed in experiment.seeds:
        alone = experiment.model_copy(update={"seeds": (seed,)})
        commands[seed] = command_of(alone, _home(store, snapshot, seed))
    return commands


def _home(union: StoreUnion, snapshot: Snapshot, seed: int) -> Store:
    """Return the store that most of a seed's scores were read from; the first one if there are none."""
    keys = {c.evaluation.key for c in snapshot.cells if c.evaluation.seed == seed}
    folders = Counter(folder.parent.parent for key, folder in snapshot.there.items() if key in keys)
    return max(union.stores, key=lambda store: folders[store.folder])
