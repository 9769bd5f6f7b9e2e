"""Stages of plug-ins whose losses or networks are none are named at the first step."""

import pytest
import torch

from gaitbench.core.errors import PluginError
from gaitbench.core.plugins import load_plugin
from gaitbench.core.store import Store
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.running.make import make_dataset
from gaitbench.training.trainer import train

METHOD = """
from dataclasses import dataclass
import torch
from gaitbench import register
from gaitbench.baselines.plain import Baseline2
from gaitbench.methods.extractor import ExtractorStage


@dataclass(frozen=True)
class CarelessStage(ExtractorStage):
    def build(self, identities):
        return super().build(identities) if BUILDS else None

    def losses(self, network, networks, batch):
        return LOSSES


@register("careless")
@dataclass(frozen=True)
class Careless(Baseline2):
    title = "Careless"

    def stage(self, plan):
        whole = super().stage(plan)
        return CarelessStage(whole.data, whole.recipe, whole.mix, whole.seed, whole.backbone)
"""


@pytest.fixture(scope="module")
def walkers(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("walkers") / "store")
    store.prepare()
    source = Bench.resolve(Experiment(preset="smoke")).train
    make_dataset(store, source, 1, None)
    return Silhouettes.open(store.path("datasets", source.key))


@pytest.mark.parametrize(
    ("losses", "builds", "said"),
    [
        ("None", True, r"losses\(\) returned None; it must return a dictionary of named terms"),
        ("{}", True, r"losses\(\) returned no terms"),
        (
            "{'a': 1.0}",
            True,
            r"losses\(\) returned 1\.0 as 'a'; every term must be a tensor of one",
        ),
        ("{'a': batch.clips}", True, r"losses\(\) returned a tensor of shape \(8, 2, 16, 11\)"),
        ("batch.gone", True, r"losses\(\) raised AttributeError"),
        ("{}", False, r"build\(\) returned None; it must return a torch\.nn\.Module"),
    ],
)
def test_what_a_stage_may_not_return(losses, builds, said, walkers, tmp_path):
    plugin = tmp_path / "careless.py"
    plugin.write_text(METHOD.replace("LOSSES", losses).replace("BUILDS", str(builds)))
    load_plugin(plugin)
    stage = Bench.resolve(Experiment(preset="smoke")).stage("careless", "gaitbase", 0)
    data = walkers.seen(*stage.data.form)
    with pytest.raises(PluginError, match=rf"Plug-in .*careless\.py: CarelessStage\.{said}"):
        train(stage, data, {}, None, torch.device("cpu"))
