"""Baseline-1 and Baseline-2: the backbone alone, trained on whole or on occluded clips."""

from dataclasses import dataclass

from gaitbench.core.options import Share
from gaitbench.core.registry import register
from gaitbench.methods.base import Method, Plan
from gaitbench.methods.extractor import ExtractorStage, holistic_extractor, occluded_extractor


@register("baseline-1")
@dataclass(frozen=True)
class Baseline1(Method):
    """The backbone trained on whole clips only: RG-Gait's extractor and MimicGait's teacher."""

    title = "Baseline-1"
    source = "MimicGait, WACV 2025; RG-Gait, IJCB 2025"
    place = 1
    about = "backbone trained on whole clips only"
    adaptable = False

    def stage(self, plan: Plan) -> ExtractorStage:
        """Return the shared holistic extractor."""
        return holistic_extractor(plan)


@register("baseline-2")
@dataclass(frozen=True)
class Baseline2(Method):
    """The backbone trained from scratch on the setting's clips.

    Args:
        occluded_share: Share of the training clips that are occluded; by default the run's.
    """

    occluded_share: Share | None = None

    title = "Baseline-2"
    source = "MimicGait, WACV 2025; RG-Gait, IJCB 2025"
    place = 2
    about = "backbone trained from scratch on occluded clips"

    def stage(self, plan: Plan) -> ExtractorStage:
        """Return an extractor stage on occluded clips."""
        return occluded_extractor(ExtractorStage, plan, self.occluded_share)
