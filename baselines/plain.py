"""Baseline-1 and Baseline-2: the backbone alone, trained on whole or on occluded clips."""

from dataclasses import dataclass
from typing import ClassVar

from gaitbench.core.options import Share
from gaitbench.core.registry import register
from gaitbench.methods.base import Method, Plan, Variant
from gaitbench.methods.extractor import ExtractorStage, holistic_extractor


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
        occluded_share: Largest share of the training clips that are occluded.
    """

    occluded_share: Share = 1.0

    title = "Baseline-2"
    source = "MimicGait, WACV 2025; RG-Gait, IJCB 2025"
    place = 2
    about = "backbone trained from scratch on occluded clips"

    variants: ClassVar[tuple[Variant, ...]] = (
        Variant(
            "baseline-2-matched",
            "Baseline-2, matched",
            kind="control",
            about="control: Baseline-2 with RG-Gait's share of whole clips",
            options={"occluded_share": 0.5},
        ),
    )

    def stage(self, plan: Plan) -> ExtractorStage:
        """Return an extractor stage on occluded clips."""
        mix = plan.setting.train
        return ExtractorStage(
            data=plan.data,
            recipe=plan.occluded,
            mix=mix.with_share(min(mix.share, self.occluded_share)),
            seed=plan.seed,
            backbone=plan.backbone,
        )
