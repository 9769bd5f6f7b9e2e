"""An executor in a plug-in file does all the work of a run, and is named where it does it badly."""

import subprocess
import sys

import pytest

from gaitbench.core.errors import GaitbenchError, PluginError, TaskError, UnknownNameError
from gaitbench.core.store import Store
from gaitbench.running.executors.base import Executor, Finished, executor_of, executors
from gaitbench.running.run import Runner
from tests.making import Silent
from tests.places import ROOT
from tests.running.small_runs import ARTIFACTS, bench, contents

SERIAL = ROOT / "tests" / "serial_executor.py"


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers") / "store"
    Runner(Store(folder), bench(), jobs=1, device="cpu", display=Silent()).run()
    return folder


def test_a_plugin_runs_from_start_to_end_and_gives_the_same_bytes(tmp_path, by_workers):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gaitbench", "run", "--preset", "smoke", "--device", "cpu"),
            *("--methods", "baseline-1,rg-gait", "--no-sanity", "--test-draws", "1"),
            *("--store", str(tmp_path / "store"), "--out", str(tmp_path / "report")),
            *("--executor", "serial", "--plugin", str(SERIAL)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{ARTIFACTS} artifacts made" in done.stderr
    assert contents(tmp_path / "store") == contents(by_workers)


def test_an_unknown_executor_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Unknown executor 'locl'\. Did you mean 'local'"):
        executor_of("locl")


@pytest.mark.parametrize("name", executors.names())
def test_every_own_executor_says_what_it_is(name):
    kind = executors.get(name)
    assert kind.title
    assert kind.about


class Careless(Executor):
    """Does nothing, and says whatever it is told to."""

    def __init__(self, says):
        self.says = says

    def submit(self, task):
        return task.key

    def wait(self, timeout):
        return self.says

    def stop(self, *, kill):
        self.killed = kill


def run_with(executor, folder):
    runner = Runner(
        Store(folder), bench(), jobs=1, device="cpu", display=Silent(), executor=executor
    )
    runner.run()


@pytest.mark.parametrize(
    ("says", "message"),
    [
        (None, r"Careless\.wait\(\) returned None; it must return a list of Finished"),
        (["x"], r"Careless\.wait\(\) returned 'x'; it must return a list of Finished"),
        ([Finished("x", "made")], r"Careless\.wait\(\) returned the handle 'x'; it must"),
    ],
)
def test_what_an_executor_may_not_say(says, message, tmp_path):
    executor = Careless(says)
    with pytest.raises(PluginError, match=message):
        run_with(executor, tmp_path / "store")
    assert executor.killed


def test_what_an_executor_raises_names_it(tmp_path):
    class Broken(Careless):
        def submit(self, task):
            raise OSError("the cluster is gone")

    with pytest.raises(PluginError, match=r"Broken\.submit\(\) for extractor .* cluster is gone"):
        run_with(Broken(()), tmp_path / "store")


def test_an_error_of_the_way_there_fails_the_task_alone(tmp_path):
    class Lossy(Careless):
        def submit(self, task):
            self.says = [Finished(task.key, error=ConnectionError("lost"))]
            return task.key

    executor = Lossy(())
    with pytest.raises(GaitbenchError, match="ConnectionError: lost") as caught:
        run_with(executor, tmp_path / "store")
    assert isinstance(caught.value, TaskError)
    assert not executor.killed
