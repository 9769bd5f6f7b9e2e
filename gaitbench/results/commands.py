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
        return shlex.join(["gaitbench", "report", *store.names, *_options(experiment)])
    where = [] if store.folder == DEFAULT_FOLDER.resolve() else ["--store", str(store.folder)]
    return shlex.join(["gaitbench", "run", *_options(experiment), *where])


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


def _options(experiment: Experiment) -> list[str]:
    """Return the options that ask for an experiment; the protocol always, others if they say anything."""
    parts: list[str] = []
    defaults = Experiment()
    for name, value in experiment.model_dump().items():
        if name != "protocol" and value == getattr(defaults, name):
            continue
        option = "--" + {"plugins": "plugin", "seeds": "seeds"}.get(name, name).replace("_", "-")
        if name == "plugins":
            for plugin in value:
                parts += [option, plugin]
        elif isinstance(value, bool):
            parts.append(option if value else option.replace("--", "--no-", 1))
        elif isinstance(value, list | tuple):
            parts += [option, ",".join(map(str, value))]
        else:
            parts += [option, str(value)]
    return parts
