"""Worker processes: what they raise arrives as it is, and one that dies is named."""

import pytest

from gaitbench.core.errors import PluginError, TaskError
from gaitbench.core.plugins import load_plugin
from gaitbench.core.store import Store
from gaitbench.running.run import Runner
from tests.making import Silent
from tests.running.small_runs import bench

MOODY = """
import os
from dataclasses import dataclass
from gaitbench import register
from gaitbench.baselines.plain import Baseline2
from gaitbench.methods.extractor import ExtractorStage
from gaitbench.occlusion.base import occlusions


@dataclass(frozen=True)
class MoodyStage(ExtractorStage):
    def losses(self, network, networks, batch):
        BODY


@register("moody")
@dataclass(frozen=True)
class Moody(Baseline2):
    title = "Moody"

    def stage(self, plan):
        whole = super().stage(plan)
        return MoodyStage(whole.data, whole.recipe, whole.mix, whole.seed, whole.backbone)
"""


def run_moody(folder, body):
    plugin = folder / "moody.py"
    plugin.write_text(MOODY.replace("BODY", body))
    load_plugin(plugin)
    # With one share of occluded clips, so that one network alone is moody.
    resolved = bench(methods=("moody",), plugins=(str(plugin),), shares="papers")
    Runner(Store(folder / "store"), resolved, jobs=1, device="cpu", display=Silent()).run()


def test_an_error_of_a_worker_arrives_with_its_task(tmp_path):
    message = (
        r"Moody .*, seed 0: Plug-in .*moody\.py: MoodyStage\.losses\(\): Unknown occlusion 'midle'"
    )
    with pytest.raises(PluginError, match=message):
        run_moody(tmp_path, 'occlusions.get("midle")')


def test_a_worker_that_is_killed_stops_the_run(tmp_path):
    with pytest.raises(TaskError, match=r"Moody .*: a worker process was killed.* fewer --jobs"):
        run_moody(tmp_path, "os._exit(9)")
