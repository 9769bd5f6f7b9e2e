"""Aligned on made-up batches of the smoke preset."""

from dataclasses import replace

import pytest
import torch

from gaitbench.core.errors import ConfigurationError
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.aligned import backbones_with_spans
from gaitbench.methods.registration import registered
from gaitbench.networks.body_model import BodyModel
from gaitbench.networks.parts import shown_of_parts
from gaitbench.training.batches import Batch
from gaitbench.training.trainer import network_to_train, new_network

SIZE = (16, 11)
HALF = 8


def stage_of(method="aligned", backbone="gaitbase"):
    return Bench.resolve(Experiment(preset="smoke")).stage(method, backbone, 0)


def images(n):
    """Return bodies that grow wider downwards, each in its own way, [n, h, w]."""
    rng = torch.Generator().manual_seed(0)
    width = 1 + torch.rand(n, 1, generator=rng) * 2 + torch.arange(16) * 0.2
    across = (torch.arange(11) - 5).abs()
    return torch.sigmoid(2 * (width[:, :, None] - across))


def cut(whole):
    """Return the lower halves of bodies, stretched to the full height."""
    return whole[:, HALF:].repeat_interleave(2, 1)


def networks_of(stage):
    body = BodyModel(*SIZE, 3)
    body.fit(images(60))
    return {"body": body, "extractor": new_network(stage.extractor, 8)}


def batch():
    whole = images(8)
    clips = torch.cat([whole[:4], cut(whole[4:])])[:, None]
    return Batch(
        clips=clips,
        whole=whole[:, None],
        hidden=torch.zeros_like(clips),
        identities=torch.arange(8) // 2 % 4,
        types=torch.zeros(8, dtype=torch.long),
        hidden_share=torch.zeros(8),
        classes=("none",),
    )


def test_it_shares_the_extractor_and_the_body_model_and_meets_baseline_2s_clips():
    stage = stage_of()
    assert stage.extractor.key == stage_of("baseline-1").key
    assert stage.body.key == stage_of("aligned-lda").body.key
    other = stage_of("baseline-2")
    assert (stage.mix, stage.purpose, stage.recipe) == (other.mix, other.purpose, other.recipe)


def test_training_begins_with_the_extractors_weights_if_asked():
    stage = stage_of()
    networks = networks_of(stage)
    begun = network_to_train(stage, 8, networks, None).state_dict()
    for name, value in networks["extractor"].state_dict().items():
        assert torch.equal(begun[name], value), name
    anew = stage_of("aligned[begins_as_extractor=false]")
    assert list(anew.inputs) == ["body"]


def test_parts_of_hidden_rows_are_invisible_and_teach_nothing():
    stage = stage_of()
    networks, clips = networks_of(stage), batch()
    network = new_network(stage, 8).eval()
    seen = stage.embed(network, networks, clips)
    rows = registered(networks["body"], clips.clips).rows
    expected = shown_of_parts(rows, network.backbone.spans())
    assert torch.equal(seen.visibility, expected)
    assert (seen.visibility[:4] == 1).all()
    assert (seen.visibility[4:, 0] == 0).all()
    assert (seen.visibility[4:, -1] == 1).all()

    losses = stage.losses(network, networks, clips)
    assert all(torch.isfinite(term) for term in losses.values())


def test_without_weights_nothing_says_what_is_visible():
    stage = stage_of("aligned[weighs=false]")
    seen = stage.embed(new_network(stage, 8).eval(), networks_of(stage), batch())
    assert seen.visibility is None


def test_a_backbone_without_horizontal_parts_is_refused_with_those_that_have_them():
    stage = stage_of()
    odd = replace(stage_of(backbone="gaitgl").backbone, options=(("parts", 1),))
    with pytest.raises(ConfigurationError, match=r"'gaitgl' does not say which rows.* gaitset"):
        replace(stage, backbone=odd).build(8)
    assert replace(stage, backbone=odd, weighs=False).build(8) is not None
    assert {"gaitbase", "gaitgl", "gaitset"} <= set(backbones_with_spans())
