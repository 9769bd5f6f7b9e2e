"""The occlusion evaluation module (OEM): which type of occlusion, and how much of the body it hides.

MimicGait calls the same network visibility estimation network (VEN); Occ-Aware's detector is the same
without the amount.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self, cast

from gaitbench.methods.base import Plan
from gaitbench.occlusion.base import Occlusion
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import Embedded, Networks, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.networks.detector import Detection, OcclusionDetector
    from gaitbench.training.batches import Batch

AmountLabel = Literal["hidden", "visible"]
"""What a detector's amount is trained to be: see `DetectorStage`."""


@dataclass(frozen=True)
class DetectorStage(Stage):
    """Trains a detector alone, on single frames, every type equally often.

    The amount is the measured hidden share of the body, 0 for a whole body: one meaning for every
    generator, plug-ins included.

    Args:
        channels: See `gaitbench.networks.detector.OcclusionDetector`.
        amounts: Whether the amount is learned too; Occ-Aware's detector learns the type alone.
        amount_label: "hidden" as above. "visible": the visible share of the body in occluded frames, and 0
            in whole ones; the released code takes the visible share of the height.
        double_softmax: Whether the type scores pass a softmax before the cross-entropy applies its own, as
            in the released code.

    Source: MimicGait (WACV 2025), supplement: cross-entropy + 10 × squared error, Adam 1e-4.
    """

    channels: tuple[int, int, int] = (32, 64, 128)
    amounts: bool = True
    amount_label: AmountLabel = "hidden"
    double_softmax: bool = False
    role = "detector"
    learns_types = True

    @property
    def purpose(self) -> str:
        """Its own streams: it sees single frames, other stages see clips."""
        return "detector"

    def adapted(self, generator: Occlusion, recipe: Recipe, detector: Recipe) -> Self:
        """Return this detector trained on with one more type, all types equally often again."""
        return replace(self, initial=self, mix=self.mix.plus(generator).balanced(), recipe=detector)

    def build(self, identities: int) -> "OcclusionDetector":
        """Return a new detector for the mix's types."""
        from gaitbench.networks.detector import OcclusionDetector

        return OcclusionDetector(len(self.mix.classes), self.channels, amounts=self.amounts)

    def resume(self, network: "nn.Module", weights: "Mapping[str, Tensor]") -> None:
        """Load earlier weights; rows of the type head that are new keep their fresh values."""
        import torch

        merged = dict(weights)
        for name, fresh in network.state_dict().items():
            if name.startswith("type_head."):
                merged[name] = torch.cat([weights[name], fresh[len(weights[name]) :]])
        network.load_state_dict(merged)

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return the cross-entropy of the type and the weighted squared error of the amount."""
        from gaitbench.training.losses import occlusion_loss

        detection = cast("Detection", network(batch.clips))
        type_loss, amount_loss = occlusion_loss(
            detection.type_logits,
            batch.types,
            detection.amount,
            self.true_amount(batch),
            double_softmax=self.double_softmax,
        )
        return {"type": type_loss, "amount": amount_loss} if self.amounts else {"type": type_loss}

    def true_amount(self, batch: "Batch") -> "Tensor":
        """Return the amounts [n] that the detector should state of a batch."""
        if self.amount_label == "hidden":
            return batch.hidden_share
        return (1 - batch.hidden_share).where(batch.types > 0, 0.0)

    def hidden_share(self, detection: "Detection") -> "Tensor | None":
        """Return the hidden share that the detector states, or None if its amount is another one."""
        return detection.amount if self.amount_label == "hidden" else None

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the feature as a one-part embedding, with type and amount."""
        from gaitbench.networks.detector import detect

        detection = detect(network, batch.clips)
        return Embedded(
            detection.feature.unsqueeze(-1),
            types=detection.type_logits.argmax(1),
            amount=self.hidden_share(detection),
        )


def occlusion_detector(plan: Plan, *, amounts: bool = True) -> DetectorStage:
    """Return the detector for the setting's types that MimicGait and RG-Gait share."""
    # Single frames have no clip length that could vary: every one has its own draw, always.
    mix = replace(plan.setting.train.balanced(), per="clip")
    return DetectorStage(
        data=plan.data,
        recipe=plan.detector,
        mix=mix,
        seed=plan.seed,
        channels=plan.detector_channels,
        amounts=amounts,
    )
