"""Every compared method on every backbone, at the sizes of the presets that need no GPU."""

import numpy as np
import pytest
import torch

from gaitbench.backbones.base import backbones
from gaitbench.core.random_streams import stream
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.base import methods_of_kind
from gaitbench.training.batches import occluded_batch
from gaitbench.training.trainer import autocast, load_network, new_network, on_device

CPU = torch.device("cpu")
IDENTITIES = 3
COMPARED = methods_of_kind("compared")


def untrained(stage):
    return load_network(stage, IDENTITIES, new_network(stage, IDENTITIES).state_dict(), CPU)


def batch(stage, bench):
    preset = bench.preset
    rng = np.random.default_rng(0)
    identities = np.repeat(np.arange(IDENTITIES), 2)
    shape = (len(identities), 4, preset.height, preset.width)
    clips = (rng.random(shape) > 0.4).astype(np.uint8)
    return occluded_batch(clips, identities, stage.mix, [stream(0, "x", i) for i in identities])


@pytest.mark.parametrize("preset", ["smoke", "laptop"])
@pytest.mark.parametrize("method", COMPARED)
@pytest.mark.parametrize("backbone", backbones.names())
def test_a_method_trains_and_embeds_on_a_backbone(preset, method, backbone):
    bench = Bench.resolve(Experiment(preset=preset, backbones=(backbone,)))
    stage = bench.stage(method, backbone, 0)
    networks = {name: untrained(used) for name, used in stage.inputs.items()}
    network = on_device(new_network(stage, IDENTITIES), CPU)
    stage.start(network, networks)
    seen = batch(stage, bench)
    with autocast(CPU, "bf16"):
        terms = stage.losses(network.train(), networks, seen)
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
    moved = [p for p in network.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert moved
    with torch.inference_mode():
        embeddings = stage.embed(network.eval(), networks, seen).embeddings
    assert embeddings.shape[0] == len(seen.clips)
    assert torch.isfinite(embeddings.float()).all()
