"""Ceilings: what they are told, and that it is the truth."""

import numpy as np
import pytest
import torch

from gaitbench.baselines.oracles import ToldTypeStage, ToldWindowStage
from gaitbench.core.random_streams import stream
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.training.batches import occluded_batch
from gaitbench.training.trainer import new_network


@pytest.fixture(scope="module")
def bench():
    return Bench.resolve(Experiment(preset="smoke"))


def batch_under(mix, n=24):
    rng = np.random.default_rng(0)
    whole = (rng.random((n, 3, 16, 11)) < 0.6).astype(np.uint8)
    return occluded_batch(whole, np.arange(n) // 2, mix, [stream(0, "told", i) for i in range(n)])


def test_they_share_budget_and_clips_with_baseline_2(bench):
    plain = bench.stage("baseline-2", "gaitbase", 0)
    for name in ("oracle-type", "oracle-window"):
        stage = bench.stage(name, "gaitbase", 0)
        assert (stage.mix, stage.recipe, stage.purpose) == (plain.mix, plain.recipe, plain.purpose)
        assert not stage.inputs


def test_the_type_is_told_by_its_name_whatever_the_test_calls_it(bench):
    stage = bench.stage("oracle-type", "gaitbase", 0)
    assert isinstance(stage, ToldTypeStage)
    assert stage.mix.classes == ("none", "top", "bottom")
    batch = batch_under(Mix((make("bottom"), make("middle"), make("top")), 0.9))
    # An index into the test's classes is not one into the stage's; a new type is told as none.
    own = {"none": 0, "bottom": 2, "middle": 0, "top": 1}
    expected = [own[batch.classes[k]] for k in batch.types]
    assert set(expected) == {0, 1, 2}
    assert stage._types(batch).tolist() == expected
    network = new_network(stage, 4).eval()
    with torch.no_grad():
        found = stage.embed(network, {}, batch).embeddings
        untold = network(batch.clips, torch.zeros(len(expected), dtype=torch.long))
    changed = [not torch.allclose(a, b) for a, b in zip(found, untold, strict=True)]
    assert changed == [k > 0 for k in expected]


def test_the_window_is_put_back_to_its_place(bench):
    stage = bench.stage("oracle-window", "gaitbase", 0)
    assert isinstance(stage, ToldWindowStage)
    batch = batch_under(Mix((make("top", amount=(0.5, 0.5)),), 1.0))
    network = new_network(stage, 4).eval()
    seen = batch.whole.clone()
    seen[:, :, :8] = 0
    with torch.no_grad():
        found = stage.embed(network, {}, batch).embeddings
        assert torch.allclose(found, network(seen), atol=1e-6)
        whole = batch_under(HOLISTIC)
        assert torch.equal(stage.embed(network, {}, whole).embeddings, network(whole.clips))
