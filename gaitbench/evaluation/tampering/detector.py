"""Tamperings with what a frozen detector says."""

from dataclasses import replace
from typing import TYPE_CHECKING

from gaitbench.core.registry import register
from gaitbench.evaluation.tampering.base import DETECTOR, Tampering
from gaitbench.methods.oem import DetectorStage
from gaitbench.training.stage import Networks, Stage

if TYPE_CHECKING:
    from gaitbench.training.batches import Batch


def detector_of(stage: Stage) -> DetectorStage | None:
    """Return the detector that a stage is told by; None where it has none."""
    detector = stage.inputs.get(DETECTOR)
    return detector if isinstance(detector, DetectorStage) else None


@register("true-amount")
class TrueAmount(Tampering):
    """The detector's amount is the true one; a feature has no truth, and no method reads the type."""

    title = "True amount"
    about = "the detector's amount, which weighs the residual, is the true one"
    place = 80

    def concerns(self, stage: Stage) -> bool:
        """Whether a detected amount weighs a residual; who reads the feature alone is not touched."""
        return DETECTOR in stage.inputs and getattr(stage, "alpha", None) == "detected"

    def networks(
        self, stage: Stage, networks: Networks, batch: "Batch", stray: "Batch | None"
    ) -> Networks:
        """Return the networks with a detector that states the true amounts of the batch."""
        from gaitbench.networks.detector import KnownDetection

        detector = detector_of(stage)
        if detector is None:
            return networks
        answer = networks[DETECTOR](batch.clips)
        answer = replace(answer, amount=detector.true_amount(batch).to(answer.amount))
        return {**networks, DETECTOR: KnownDetection(answer)}


@register("stray-detector")
class StrayDetector(Tampering):
    """The detector is shown the same clips under draws of their own."""

    title = "Stray detector"
    about = (
        "the detector sees the same clips under other draws: equal to the first row where it is not "
        "used"
    )
    place, shows_stray = 81, True

    def concerns(self, stage: Stage) -> bool:
        """Whether there is a detector."""
        return DETECTOR in stage.inputs

    def networks(
        self, stage: Stage, networks: Networks, batch: "Batch", stray: "Batch | None"
    ) -> Networks:
        """Return the networks with a detector that has seen the stray clips."""
        from gaitbench.networks.detector import KnownDetection

        if detector_of(stage) is None or stray is None:
            return networks
        return {**networks, DETECTOR: KnownDetection(networks[DETECTOR](stray.clips))}
