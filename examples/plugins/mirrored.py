"""A method: Baseline-2 whose clips are embedded as seen and mirrored, and averaged.

gaitbench run --methods mirrored,baseline-2 --plugin examples/plugins/mirrored.py
"""

from dataclasses import dataclass, fields

from torch import nn

from gaitbench import Method, register
from gaitbench.baselines.plain import Baseline2
from gaitbench.methods.base import Plan
from gaitbench.methods.extractor import ExtractorStage
from gaitbench.training.batches import Batch
from gaitbench.training.stage import Embedded, Networks


@dataclass(frozen=True)
class MirroredStage(ExtractorStage):
    """Trained as Baseline-2; only the embedding differs."""

    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
        """Return the mean of both embeddings, [n, c, p]."""
        return Embedded((network(batch.clips) + network(batch.clips.flip(-1))) / 2)


@register("mirrored")
@dataclass(frozen=True)
class Mirrored(Method):
    """Test-time augmentation, the cheapest way to a steadier embedding."""

    title = "Baseline-2, mirrored"
    source = "an example of gaitbench"
    about = "Baseline-2, embedded as seen and mirrored"

    def stage(self, plan: Plan) -> MirroredStage:
        """Return Baseline-2's stage with the other embedding."""
        stage = Baseline2().stage(plan)
        return MirroredStage(**{f.name: getattr(stage, f.name) for f in fields(stage)})
