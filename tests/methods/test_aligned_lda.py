"""Aligned LDA on real silhouettes of the smoke preset's walkers."""

from dataclasses import replace

import pytest
import torch

from gaitbench.core.errors import ConfigurationError
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.registration import registered
from gaitbench.networks.body_model import BodyModel


def stage_of(method="aligned-lda"):
    return Bench.resolve(Experiment(preset="smoke")).stage(method, "gaitbase", 0)


def test_the_body_model_sees_whole_clips_and_the_strips_those_of_baseline_2():
    stage, other = stage_of(), stage_of("baseline-2")
    assert (stage.mix, stage.purpose, stage.recipe) == (other.mix, other.purpose, other.recipe)
    assert stage.body.mix.share == 0
    assert stage.steps == stage.body.steps == 0


def test_adapting_leaves_the_body_model_as_it_is():
    stage = stage_of()
    adapted = stage.adapted(stage.mix.generators[0], stage.recipe, stage.recipe)
    assert adapted.body.key == stage.body.key


def test_a_height_that_strips_do_not_divide_is_refused():
    stage = stage_of()
    with pytest.raises(ConfigurationError, match="Strips of frames of 24 rows: 16 strips need"):
        replace(stage, data=replace(stage.data, height=24))


def test_registration_does_without_bfloat16():
    model = BodyModel(16, 11, 3)
    images = torch.rand(50, 16, 11, generator=torch.Generator().manual_seed(0)).cumsum(1) / 16
    model.fit(images)
    clips = images[:8, None]
    plain = registered(model, clips)
    with torch.autocast("cpu", torch.bfloat16):
        low = registered(model, clips)
    assert torch.equal(low.windows, plain.windows)
    assert torch.equal(low.clips, plain.clips)
