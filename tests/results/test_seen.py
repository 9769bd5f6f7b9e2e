"""What networks see of a clip, as footers say it: asked of every preset, and of other representations."""

from dataclasses import replace
from pathlib import Path

import pytest

from gaitbench.backbones.base import BackboneSpec
from gaitbench.checkpoints.extractor import ExtractorFile
from gaitbench.core.store import Store
from gaitbench.experiment.cells import Evaluation
from gaitbench.results.seen import seen_line
from tests.making import collected, tables_of
from tests.protocols.experiments import BARE, bench


@pytest.fixture
def results_of(tmp_path):
    """Return the results of a bench before anything was made."""
    return lambda asked: collected(Store(tmp_path), asked)


def line_of(results, protocol="occluded"):
    """Return the one line about it that all tables of a protocol have."""
    lines = [
        [line for line in table.footer if line.startswith("Networks see")]
        for table in tables_of(protocol, results)
    ]
    assert all(found == lines[0] and len(found) == 1 for found in lines)
    return lines[0][0].removeprefix("Networks see: ")


def changed(asked, **changes):
    """Return a bench with another preset."""
    return replace(asked, preset=asked.preset.model_copy(update=changes))


@pytest.mark.parametrize(
    ("preset", "backbone", "clips"),
    [
        ("laptop", "gaitgl", "GaitGL energy images (mean of 15 spread frames in training"),
        ("smoke", "gaitbase", "GaitBase silhouettes (2 ordered frames in training"),
        ("paper", "gaitbase", "GaitBase silhouettes (10–50 unordered frames in training"),
        ("paper", "gaitpart", "GaitPart silhouettes (30 ordered frames of 40 in training"),
    ],
)
def test_every_preset_and_recipe_says_its_own(preset, backbone, clips, results_of):
    asked = bench(preset=preset, backbones=(backbone,), methods=("rg-gait",), **BARE)
    rest = {
        "laptop": "up to 30 at test) of 32×22 pixels.",
        "smoke": "detectors 1 frame, up to 4 at test) of 16×11 pixels.",
        "paper": "detectors 1 frame, up to 720 at test) of 64×44 pixels.",
    }
    assert line_of(results_of(asked)) == f"{clips}, {rest[preset]}"


def test_a_recipe_of_a_data_set_has_a_frame_size_of_its_own(results_of):
    asked = bench(preset="paper", methods=("baseline-2",), **BARE)
    asked = replace(asked, train=replace(asked.train, rules="gait3d"))
    assert line_of(results_of(asked)).endswith("up to 720 at test) of 64×64 pixels.")


def test_detectors_are_named_only_where_a_method_has_one(results_of):
    asked = bench(methods=("baseline-2",), **BARE)
    words = "GaitBase silhouettes (2 ordered frames in training, up to 4 at test) of 16×11 pixels."
    assert line_of(results_of(asked)) == words


def test_single_backbones_may_see_something_else(results_of):
    names = ("gaitbase", "gaitgl", "gaitset")
    asked = bench(protocol="retention", backbones=names, methods=("baseline-2",), **BARE)
    asked = changed(asked, representations={"gaitgl": "energy-image"})
    assert line_of(results_of(asked), "retention") == (
        "GaitBase and GaitSet silhouettes (2 ordered frames in training, up to 4 at test) of 16×11 pixels; "
        "GaitGL energy images (mean of 2 ordered frames in training, up to 4 at test) of 16×11 pixels."
    )


def test_stages_may_have_frames_of_their_own(results_of):
    asked = bench(methods=("baseline-2",), **BARE)
    occluded = asked.preset.occluded.model_copy(update={"frames": 3, "sampler": "spread"})
    words = line_of(results_of(changed(asked, occluded=occluded)))
    assert "(2 ordered frames or 3 spread frames in training, up to 4 at test)" in words


def test_the_length_of_test_clips_is_that_of_the_table(results_of):
    asked = bench(protocol="sweep", methods=("baseline-2",), **BARE)
    assert "up to 2 at test" in line_of(results_of(asked), "sweep")
    results = results_of(bench(methods=("baseline-2",), **BARE))
    key = results.cells["key"].iloc[0]
    shorter: Evaluation = replace(results.evaluations[key], frames=1)
    results = replace(results, evaluations={**results.evaluations, key: shorter})
    assert "up to 1–4 at test" in seen_line(results, results.cells)


def test_what_a_files_weights_were_trained_on_is_not_said(results_of):
    asked = bench(methods=("baseline-1",), **BARE)
    file = ExtractorFile(Path("some.pt"), "0" * 64, BackboneSpec.of("gaitbase", {}), None)
    words = line_of(results_of(replace(asked, extractor=file)))
    assert words == "GaitBase silhouettes (up to 4 at test) of 16×11 pixels."


def test_nothing_is_said_of_evaluations_that_are_not_known(full):
    results = full((0,))
    assert seen_line(results, results.cells) == ""
