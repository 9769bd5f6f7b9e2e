"""Which artifacts an experiment needs, and what they are called."""

import subprocess
import sys

import pytest

from gaitbench.protocols.base import protocols
from gaitbench.protocols.expansion import expand
from gaitbench.running.plan import tasks_of
from tests.running.small_runs import bench


def test_draws_and_panel_are_evaluations_of_the_same_networks():
    bare, full = bench(), bench(sanity=True, test_draws=3)
    tasks = [{t.key: t for t in tasks_of(b, expand(b).cells)} for b in (bare, full)]
    assert tasks[0].keys() < tasks[1].keys()
    more = [t for key, t in tasks[1].items() if key not in tasks[0]]
    assert {t.kind for t in more} == {"scores"}
    labels = [t.label for t in tasks[1].values()]
    assert len(set(labels)) == len(labels)
    assert "RG-Gait under mimicgait, seed 0" in labels
    assert "RG-Gait on top+bottom of mimicgait, seed 0, draw 2" in labels
    assert "RG-Gait on top+bottom of mimicgait, probe only, seed 0, draw 2" in labels
    assert "RG-Gait on top+bottom of mimicgait (check stray-detector), seed 0, draw 0" in labels


def test_what_is_trained_with_its_papers_own_share_is_called_so():
    b = bench(methods=("baseline-2", "rg-gait"))
    labels = [t.label for t in tasks_of(b, expand(b).cells)]
    assert len(set(labels)) == len(labels)
    for what in (
        "Baseline-2 under mimicgait",
        "Baseline-2 under mimicgait (100% of its clips occluded)",
        "RG-Gait under mimicgait",
    ):
        assert f"{what}, seed 0" in labels
    tested = "Baseline-2 (100% of its clips occluded) on top+bottom of mimicgait, probe only"
    assert f"{tested}, seed 0, draw 0" in labels


def test_controls_are_made_and_tested_on_beside_the_test_data():
    b = bench(protocol="controls", methods=("rg-gait",))
    tasks = tasks_of(b, expand(b).cells)
    data = {t.key: t.description.name for t in tasks if t.kind == "datasets"}
    assert [*data.values()] == ["walkers", "walkers-body", "walkers-gait"]
    labels = [t.label for t in tasks]
    assert len(set(labels)) == len(labels)
    assert "RG-Gait on top+bottom of mimicgait, probe only, seed 0, draw 0" in labels
    tested = [t for t in tasks if t.kind == "scores" and "probe only, walkers-gait" in t.label]
    assert [t.label.split(" on ")[0] for t in tested] == ["Baseline-1", "RG-Gait"]
    assert {data[key] for t in tested for key in t.needs & data.keys()} == {
        "walkers",
        "walkers-gait",
    }


def test_a_run_without_controls_makes_no_data_sets_for_them():
    b = bench(protocol="occluded")
    assert [t.label for t in tasks_of(b, expand(b).cells) if t.kind == "datasets"] == [
        "data set walkers"
    ]


@pytest.mark.parametrize(
    ("protocol", "label"),
    [
        ("sweep", "RG-Gait on pole of mimicgait (severity 2), seed 0, draw 0"),
        (
            "audit",
            "RG-Gait trained under rg-gait on 8 types of occ-aware, seed 0, draw 1",
        ),
        (
            "adaptation-curve",
            "RG-Gait on top+bottom of mimicgait (adapted to middle, adapted steps 1), seed 0, draw 0",
        ),
    ],
)
def test_labels_of_evaluations_say_what_is_trained_and_tested(protocol, label):
    b = bench(protocol=protocol, methods=("rg-gait",), test_draws=2)
    assert label in [t.label for t in tasks_of(b, expand(b).cells)]


def test_every_stage_comes_after_what_it_needs():
    for name in protocols.names():
        b = bench(protocol=name, methods=(), sanity=True)
        seen = set()
        for task in tasks_of(b, expand(b).cells):
            assert task.needs <= seen
            seen.add(task.key)


def test_evaluations_of_the_same_test_clips_stand_beside_each_other():
    b = bench(protocol="all", methods=(), sanity=True)
    tests = [t.description.test_clips for t in tasks_of(b, expand(b).cells) if t.kind == "scores"]
    runs = [test for i, test in enumerate(tests) if i == 0 or test != tests[i - 1]]
    assert len(runs) == len(set(tests)) < len(tests) / 3


def test_protocols_share_trained_stages():
    b = bench(protocol="all", methods=(), sanity=True)
    tasks = tasks_of(b, expand(b).cells)
    stages = [t for t in tasks if t.kind == "stages"]
    extractors = [
        t for t in stages if t.description.role == "extractor" and not t.description.mix.share
    ]
    assert len(extractors) == 1
    alone = bench(protocol="occluded", methods=())
    assert {t.key for t in tasks_of(alone, expand(alone).cells)} <= {t.key for t in tasks}


def test_seeds_are_complete_repetitions():
    one, two = bench(seeds=(0,)), bench(seeds=(0, 1))
    stages = [
        {t.key for t in tasks_of(b, expand(b).cells) if t.kind == "stages"} for b in (one, two)
    ]
    assert len(stages[1]) == 2 * len(stages[0])
    data = [t for t in tasks_of(two, expand(two).cells) if t.kind == "datasets"]
    assert len(data) == 1


@pytest.mark.parametrize(
    "module",
    [
        *("core.progress", "data.source", "evaluation.scores"),
        *("running.plan", "running.display", "running.status", "running.world"),
        *("running.executors.base", "running.executors.local"),
        *("training.callbacks.base", "training.callbacks.progress"),
        *("data.readers.base", "data.readers.opengait.importer", "mocap.importer"),
    ],
)
def test_what_needs_no_torch_does_not_import_it(module):
    code = f"import sys, gaitbench.{module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
