"""What plug-ins bring is run once before any work, and what is wrong is named."""

import pytest
import torch

from gaitbench.core.errors import PluginError
from gaitbench.core.plugins import load_plugin
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.base import method_names
from gaitbench.protocols.expansion import expand
from gaitbench.running.rehearsal import check_networks


def cells(*methods):
    return expand(Bench.resolve(Experiment(preset="smoke", methods=methods))).cells


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("Embedded(embeddings.mean(-1))", r"returned embeddings = Tensor of shape 4×8 and"),
        (
            "Embedded(embeddings @ embeddings)",
            r"on 4 clips of 2 frames of 16×11 raised RuntimeError",
        ),
        ("None", "returned None; it must return an Embedded"),
    ],
)
def test_a_network_of_a_wrong_shape_is_refused(tmp_path, returned, said):
    plugin = tmp_path / "flat.py"
    plugin.write_text(FLAT.replace("RETURNED", returned))
    load_plugin(plugin)
    match = rf"Flat on backbone 'gaitbase': Plug-in .*flat\.py: FlatStage\.embed\(\) {said}"
    with pytest.raises(PluginError, match=match):
        check_networks(cells("flat"))


FLAT = """
import torch
from dataclasses import dataclass, replace
from gaitbench.baselines.plain import Baseline2
from gaitbench import register
from gaitbench.methods.extractor import ExtractorStage
from gaitbench.training.stage import Embedded


@dataclass(frozen=True)
class FlatStage(ExtractorStage):
    def embed(self, network, networks, batch):
        embeddings = network(batch.clips)
        return RETURNED


@register("flat")
@dataclass(frozen=True)
class Flat(Baseline2):
    title = "Flat"

    def stage(self, plan):
        whole = super().stage(plan)
        return FlatStage(whole.data, whole.recipe, whole.mix, whole.seed, whole.backbone)
"""


def test_every_own_method_passes():
    check_networks(cells(*method_names()))


def test_a_check_leaves_random_states_alone(tmp_path):
    plugin = tmp_path / "flat.py"
    plugin.write_text(FLAT.replace("RETURNED", "Embedded(embeddings + torch.rand(()))"))
    load_plugin(plugin)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    check_networks(cells("flat"))
    assert torch.equal(before, torch.random.get_rng_state())
