"""Resuming, sharing a store, and what a killed run leaves."""

import os
import signal
import subprocess
import sys
import time

import pytest

from gaitbench.core.store import Store
from gaitbench.running.run import Runner
from tests.making import Silent
from tests.running.small_runs import ARTIFACTS, METHODS, bench, contents


def runner(folder, jobs=1, **changes):
    return Runner(Store(folder), bench(**changes), jobs=jobs, device="cpu", display=Silent())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the store of an undisturbed run."""
    folder = tmp_path_factory.mktemp("undisturbed") / "store"
    assert runner(folder).run() == ARTIFACTS
    return folder


def test_a_second_run_makes_nothing(finished):
    again = runner(finished)
    assert again.run() == 0
    assert again.display.outcomes == {}


def test_workers_give_the_same_bytes(finished, tmp_path):
    runner(tmp_path / "store", jobs=2).run()
    assert contents(tmp_path / "store") == contents(finished)


def test_only_what_is_missing_is_made_and_only_if_it_is_needed(finished, tmp_path):
    import shutil

    folder = tmp_path / "store"
    shutil.copytree(finished, folder)
    store = Store(folder)
    first = runner(folder)
    scores = [t for t in first.tasks if t.kind == "scores"]
    stage = next(t for t in first.tasks if t.kind == "stages" and not t.description.inputs)
    shutil.rmtree(store.path("stages", stage.key))
    assert runner(folder).missing() == []
    shutil.rmtree(store.path("scores", scores[-1].key))
    again = runner(folder)
    again.run()
    assert set(again.display.outcomes) == {stage.key, scores[-1].key}
    assert contents(folder) == contents(finished)


COMMAND = [
    *(sys.executable, "-m", "gaitbench", "run", "--protocol", "occluded", "--preset", "smoke"),
    *("--methods", ",".join(METHODS), "--jobs", "2", "--device", "cpu"),
    *("--no-sanity", "--test-draws", "1"),
]


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(finished, tmp_path):
    folder = tmp_path / "store"
    command = [*COMMAND, "--store", str(folder), "--out", str(tmp_path / "report")]
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    limit = time.monotonic() + 120
    while time.monotonic() < limit and not list(folder.glob("stages/*/spec.json")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = contents(folder)
    assert before
    subprocess.run(command, check=True, capture_output=True)
    after = contents(folder)
    assert before.items() <= after.items()
    assert after == contents(finished)
    assert not list(folder.glob("*/.making-*"))


def test_one_failure_keeps_everything_that_does_not_need_it(tmp_path, monkeypatch):
    plugin = tmp_path / "moody.py"
    plugin.write_text(MOODY)
    folder = tmp_path / "store"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "gaitbench", "run", "--protocol", "occluded", "--preset"),
            *("smoke", "--methods", "moody,baseline-2", "--jobs", "1", "--device", "cpu"),
            *("--no-sanity", "--test-draws", "1"),
            *("--store", str(folder), "--plugin", str(plugin), "--out", str(tmp_path / "report")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "Moody" in said
    assert "ValueError: not today" in said
    assert "whole traceback is in" in said
    log = next((folder / "logs").glob("*.txt")).read_text()
    assert "raise ValueError" in log
    store = Store(folder)
    # Two methods on three conditions, and Baseline-2 with its own share on two, with their three networks.
    assert (len(store.keys("scores")), len(store.keys("stages"))) == (9, 3)


MOODY = """
from dataclasses import dataclass
from gaitbench import register
from gaitbench.methods.extractor import ExtractorStage
from gaitbench.baselines.plain import Baseline2


@dataclass(frozen=True)
class MoodyStage(ExtractorStage):
    def losses(self, network, networks, batch):
        if len(batch.clips) == self.recipe.batch_size:
            raise ValueError("not today")
        return super().losses(network, networks, batch)


@register("moody")
@dataclass(frozen=True)
class Moody(Baseline2):
    title = "Moody"

    def stage(self, plan):
        whole = super().stage(plan)
        return MoodyStage(whole.data, whole.recipe, whole.mix, whole.seed, whole.backbone)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_runs_in_one_store_make_nothing_twice(finished, tmp_path, jobs):
    folder = tmp_path / "store"
    processes = [
        subprocess.Popen(
            [
                *(*COMMAND, "--jobs", str(jobs), "--store", str(folder)),
                *("--out", str(tmp_path / f"report{i}")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for i in range(2)
    ]
    said = [p.communicate(timeout=240)[0] for p in processes]
    assert [p.returncode for p in processes] == [0, 0], said
    made = sum(int(s.split(" artifacts made in")[0].split("\n")[-1]) for s in said)
    assert made == ARTIFACTS
    assert contents(folder) == contents(finished)


def test_a_run_whose_parent_alone_is_killed_leaves_no_workers(tmp_path):
    folder = tmp_path / "store"
    process = subprocess.Popen(
        [*COMMAND, "--store", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=tmp_path,
    )
    limit = time.monotonic() + 120
    while time.monotonic() < limit and not list(folder.glob("stages/*/spec.json")):
        time.sleep(0.05)
    process.kill()
    process.wait()
    while time.monotonic() < limit:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)
    pytest.fail("workers outlive their parent")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_what_is_kept_and_how_to_go_on(tmp_path, number):
    folder = tmp_path / "store"
    process = subprocess.Popen(
        [*COMMAND, "--store", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=tmp_path,
        # What runs in the background of a shell ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    limit = time.monotonic() + 120
    # The workers that make data sets are joblib's, which say that they were interrupted.
    while time.monotonic() < limit and not list(folder.glob("stages/*")):
        time.sleep(0.05)
    # Ctrl-C reaches the whole process group, a batch system's signal the parent alone.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Everything that was finished is kept" in " ".join(said.split())
    assert "Traceback" not in said
