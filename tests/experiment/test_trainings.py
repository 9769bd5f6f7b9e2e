from collections import Counter

import pytest

from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.experiment.trainings import planned_trainings
from gaitbench.protocols.expansion import expand


def planned(**changes):
    return planned_trainings(expand(Bench.resolve(Experiment(preset="smoke", **changes))))


@pytest.fixture(scope="module")
def everything():
    return planned(protocol="all", seeds=(3, 5))


def test_every_training_has_all_seeds_of_the_same_stage(everything):
    for training in everything:
        assert {seed: stage.seed for seed, stage in training.stages.items()} == {3: 3, 5: 5}
        first, second = training.stages.values()
        assert first.seedless_key == second.seedless_key
        assert first.key != second.key
        assert (first.recipe, first.mix) == (second.recipe, second.mix)


def test_every_stage_with_steps_that_cells_rest_on_is_in_one_training():
    asked = Experiment(preset="smoke", protocol="all", seeds=(0, 1))
    cells = expand(Bench.resolve(asked)).cells
    every = {stage.key: stage for cell in cells for stage in cell.evaluation.stage.all_stages()}
    needed = {key for key, stage in every.items() if stage.steps}
    assert len(needed) < len(every)
    found = Counter(s.key for t in planned(protocol="all", seeds=(0, 1)) for s in t.stages.values())
    assert found == Counter(needed)


def test_no_two_lines_of_a_report_look_alike(everything):
    def line(training):
        stage = next(iter(training.stages.values()))
        return training.title, stage.steps, stage.mix.share

    assert max(Counter(map(line, everything)).values()) == 1


def test_a_shared_stage_names_who_rests_on_it_and_an_own_one_its_method():
    titles = [t.title for t in planned(protocol="occluded")]
    assert titles == [
        "extractor on whole clips, of Baseline-1, MimicGait and 1 more",
        "Baseline-2 under mimicgait",
        "detector under mimicgait, of Occ-Aware",
        "Occ-Aware under mimicgait",
        "detector under mimicgait, of MimicGait and RG-Gait",
        "MimicGait under mimicgait",
        "RG-Gait under mimicgait",
        "Told the type under mimicgait",
        "Told the window under mimicgait",
        # Again, with their papers' own shares of occluded clips.
        "Baseline-2 under mimicgait",
        "Occ-Aware under mimicgait",
        "MimicGait under mimicgait",
    ]


def test_a_further_training_names_its_new_type():
    titles = [t.title for t in planned(protocol="adaptability", methods=("baseline-2",))]
    assert "Baseline-2 under mimicgait adapted to middle" in titles


def test_several_backbones_are_told_apart():
    titles = [t.title for t in planned(methods=("occ-aware",), backbones=("gaitbase", "gaitset"))]
    assert "Occ-Aware under mimicgait (gaitset)" in titles
    # One detector serves both.
    assert sum(title.startswith("detector") for title in titles) == 1
