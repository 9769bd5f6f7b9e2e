"""Methods of plug-ins that describe no stage are named before any work."""

import pytest

from gaitbench.core.errors import PluginError
from gaitbench.core.plugins import load_plugin
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.occlusion.base import make

METHOD = """
from dataclasses import dataclass
from gaitbench import register
from gaitbench.baselines.plain import Baseline2
from gaitbench.methods.extractor import ExtractorStage


@dataclass(frozen=True)
class StubbornStage(ExtractorStage):
    def adapted(self, generator, recipe, detector):
        return "adapted"


@register("stubborn")
@dataclass(frozen=True)
class Stubborn(Baseline2):
    title = "Stubborn"

    def __post_init__(self):
        assert BUILDS

    def stage(self, plan):
        whole = super().stage(plan)
        stage = StubbornStage(whole.data, whole.recipe, whole.mix, whole.seed, whole.backbone)
        BODY
"""


@pytest.fixture
def bench(tmp_path):
    def resolved(body, builds=True):
        (tmp_path / "stubborn.py").write_text(
            METHOD.replace("BODY", body).replace("BUILDS", str(builds))
        )
        load_plugin(tmp_path / "stubborn.py")
        return Bench.resolve(Experiment(preset="smoke", methods=("stubborn",)))

    return resolved


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return None", r"Stubborn\.stage\(\) returned None; it must return a Stage"),
        ("return plan.setting.gone", r"Stubborn\.stage\(\) raised AttributeError"),
    ],
)
def test_a_method_without_a_stage_is_named(bench, body, said):
    with pytest.raises(PluginError, match=rf"Plug-in .*stubborn\.py: {said}"):
        bench(body).stage("stubborn", "gaitbase", 0)


def test_a_method_that_cannot_be_built_is_named(bench):
    with pytest.raises(PluginError, match=r"Stubborn\.__init__\(\) raised AssertionError"):
        bench("return stage", builds=False).stage("stubborn", "gaitbase", 0)


def test_a_stage_that_is_adapted_to_nothing_is_named(bench):
    with pytest.raises(PluginError, match=r"StubbornStage\.adapted\(\) returned 'adapted'"):
        bench("return stage").adapted("stubborn", "gaitbase", 0, make("middle"))
