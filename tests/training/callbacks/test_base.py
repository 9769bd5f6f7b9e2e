"""A callback in a plug-in file is told everything, changes nothing, and is named where it fails."""

import csv
import subprocess
import sys

import pytest
import torch

from gaitbench.core.errors import PluginError, UnknownNameError
from gaitbench.core.plugins import load_plugin
from gaitbench.core.store import Store
from gaitbench.running.run import Runner
from gaitbench.training.callbacks.base import Callback, StepLosses, callbacks, callbacks_of
from tests.making import Silent
from tests.running.small_runs import bench, contents

LOGGER = '''
import csv
from gaitbench import register
from gaitbench.training.callbacks.base import Callback


@register("csv-logger")
class CsvLogger(Callback):
    """Writes losses to a table."""

    about = "losses as a table"

    def on_start(self, stage, steps):
        self.rows = [("start", stage.role, steps)]

    def on_step(self, step, losses):
        self.rows.append(("step", step, losses.total()))

    def on_check(self, rows):
        self.rows += [("check", row["term"], row["training"]) for row in rows]
        rows[0].clear()

    def on_end(self, trained):
        self.rows.append(("end", len(trained.weights), len(trained.history)))
        with (self.folder / "losses.csv").open("w", newline="") as file:
            csv.writer(file).writerows(self.rows)
'''


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "store"
    resolved = bench(methods=("baseline-1",))
    Runner(Store(folder), resolved, jobs=1, device="cpu", display=Silent()).run()
    return folder


def test_a_plugin_is_told_in_the_workers_and_changes_no_byte(tmp_path, undisturbed):
    (tmp_path / "logger.py").write_text(LOGGER)
    folder = tmp_path / "store"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gaitbench", "run", "--preset", "smoke", "--device", "cpu"),
            *("--methods", "baseline-1", "--no-sanity", "--test-draws", "1", "--jobs", "1"),
            *("--store", str(folder), "--out", str(tmp_path / "report")),
            *("--callback", "csv-logger", "--plugin", str(tmp_path / "logger.py")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert contents(folder) == contents(undisturbed)
    (key,) = Store(folder).keys("stages")
    with (folder / "logs" / key / "losses.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    steps = int(rows[0][2])
    assert rows[0][:2] == ["start", "extractor"]
    assert [row[1] for row in rows if row[0] == "step"] == [str(i + 1) for i in range(steps)]
    assert {row[1] for row in rows if row[0] == "check"} == {"triplet", "cross-entropy"}
    assert rows[-1][0] == "end"


def test_an_unknown_callback_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(UnknownNameError, match=r"'progres'\. Did you mean 'progress'"):
        Runner(
            Store(tmp_path / "store"),
            bench(),
            jobs=1,
            device="cpu",
            display=Silent(),
            callback_names=["progres"],
        )
    assert not (tmp_path / "store").exists()


def runner_with(folder, logger):
    plugin = folder / "logger.py"
    plugin.write_text(logger)
    load_plugin(plugin)
    return Runner(
        Store(folder / "store"),
        bench(methods=("baseline-1",), plugins=(str(plugin),)),
        jobs=1,
        device="cpu",
        display=Silent(),
        callback_names=["csv-logger"],
    )


def test_a_callback_that_fails_stops_its_stage_and_is_named(tmp_path):
    runner = runner_with(tmp_path, LOGGER.replace("self.rows.append((", "raise KeyError(("))
    said = (
        r"extractor .*logger\.py: CsvLogger\.on_step\(\) at step 1 raised KeyError.*traceback is in"
    )
    with pytest.raises(PluginError, match=said):
        runner.run()
    assert Store(tmp_path / "store").keys("stages") == []


def test_a_callback_that_fails_at_the_end_costs_no_training(tmp_path):
    runner = runner_with(
        tmp_path, LOGGER.replace('self.rows.append(("end"', 'raise KeyError(("end"')
    )
    with pytest.raises(PluginError, match=r"logger\.py: CsvLogger\.on_end\(\) raised KeyError"):
        runner.run()
    assert len(Store(tmp_path / "store").keys("stages")) == 1


def test_a_callback_is_built_once_however_often_it_is_named(tmp_path):
    store = Store(tmp_path)
    members = callbacks_of(("progress", "progress"), store, "key").members
    assert [type(member) for member in members] == [callbacks.get("progress")]


def test_a_callback_without_hooks_will_do(tmp_path):
    callback = Callback(Store(tmp_path), "key")
    callback.on_start(None, 1)
    callback.on_step(1, StepLosses({}))
    callback.on_check([])
    callback.on_end(None)
    assert callback.folder == tmp_path / "logs" / "key"


def test_losses_are_read_when_they_are_asked_for():
    value = torch.tensor(2.0, requires_grad=True)
    losses = StepLosses({"triplet": value, "cross-entropy": 2 * value})
    assert dict(losses) == {"triplet": 2.0, "cross-entropy": 4.0}
    assert losses.total() == 6.0
