"""Stores that tests read, made in this process: workers would take longer to start than to work."""

from gaitbench.core.store import Store
from gaitbench.data.source import DataSource
from gaitbench.experiment.bench import Bench
from gaitbench.protocols.base import protocols
from gaitbench.protocols.expansion import expand
from gaitbench.reports.figures.base import figures
from gaitbench.reports.report import sections_of, terminal_text, write_report
from gaitbench.results.collect import collect
from gaitbench.results.frame import Results
from gaitbench.results.snapshot import Snapshot
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
        if isinstance(task.description, DataSource):
            make_dataset(store, task.description, 1, None)
        else:
            make(runner.world, task)
    with store.write("experiments", bench.experiment.key, bench.experiment.model_dump()):
        pass
    return store


def collected(store, bench: Bench, snapshot: Snapshot | None = None) -> Results:
    """Return the results of an experiment."""
    return collect(store, expand(bench), snapshot)


def snapshot_of(store, bench: Bench) -> Snapshot:
    """Return what a store holds of an experiment now."""
    return Snapshot.take(store, expand(bench))


def tables_of(protocol: str, results: Results):
    """Return the tables of a protocol."""
    return [t for section in protocols.get(protocol)().sections(results) for t in section.tables]


def summary_of(protocol: str, results: Results):
    """Return what a report's opening says of a protocol."""
    return [s for section in protocols.get(protocol)().sections(results) for s in section.summary]


def drawn_by(figure: str, results: Results):
    """Return what a kind of figure draws."""
    return [drawing.draw() for drawing in figures.get(figure)().drawings(results)]


def write(results: Results, out, formats=None, *, published=False):
    """Write a report and return its files."""
    return write_report(results, sections_of(results, published=published), out, formats)


def shown(results: Results) -> str:
    """Return what a terminal shows of results."""
    return terminal_text(results, sections_of(results))
