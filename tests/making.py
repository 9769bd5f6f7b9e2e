"""Stores that tests read, made in this process: workers would take longer to start than to work."""

from gaitbench.core.store import Store
from gaitbench.data.source import DataSource
from gaitbench.experiment.bench import Bench
from gaitbench.running.make import make, make_dataset
from gaitbench.running.run import Runner


class Silent:
    """A display that shows nothing and remembers what became of each task."""

    def __init__(self):
        self.outcomes = {}

    def begin(self, tasks, missing):
        pass

    def refresh(self, running):
        pass

    def finished(self, task, outcome, seconds):
        self.outcomes[task.key] = outcome

    def end(self):
        pass


def make_store(folder, bench: Bench) -> Store:
    """Make all artifacts of an experiment in a store, and remember the experiment as a run does."""
    store = Store(folder)
    store.prepare()
    runner = Runner(store, bench, jobs=1, device="cpu", display=Silent())
    for task in runner.missing():
        if isinstance(task.thing, DataSource):
            make_dataset(store, task.thing, 1, None)
        else:
            make(runner.world, task)
    with store.write("experiments", bench.experiment.key, bench.experiment.model_dump()):
        pass
    return store
