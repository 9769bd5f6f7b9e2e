"""Stores that tests read, made in this process: workers would take longer to start than to work."""

from gaitbench.artifacts import make_dataset
from gaitbench.data.source import DataSource
from gaitbench.protocols.base import Bench
from gaitbench.runner import Runner, make
from gaitbench.store import Store
from tests.reports.test_collect import Silent


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
