"""The occlusion evaluation module (OEM): which type of occlusion, and how much of the body it hides.

MimicGait calls the same network visibility estimation network (VEN); Occ-Aware's detector is the same
without the amount.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self, cast

import torch
from torch import Tensor, nn

from gaitbench.methods.base import Embedded, Networks, Plan, Stage
from gaitbench.occlusion.base import Occlusion
from gaitbench.training.batches import Batch
from gaitbench.training.losses import occlusion_loss
from gaitbench.training.recipe import Recipe

FEATURE_CHANNELS = 64
CHANNELS = (32, 64, 128)

AmountLabel = Literal["hidden", "visible"]
"""What a detector's amount is trained to be: see `DetectorStage`."""


@dataclass(frozen=True, eq=False)
class Detection:
    """What the detector says about clips of `t` frames.

    Args:
        feature: Shape [n, 64]: mean over the frames.
        frame_features: Shape [n, t, 64].
        type_logits: Shape [n, k]: of the mean feature; k is 0 for a detector that tells no types apart.
        amount: Shape [n]: in [0, 1], the mean of the per-frame amounts: the hidden share, or what else
            the detector learned (see `DetectorStage`); NaN from one that learned none.
    """

    feature: Tensor
    frame_features: Tensor
    type_logits: Tensor
    amount: Tensor


class OcclusionDetector(nn.Module):
    """Three convolutions on single frames, global average, a 64-d feature and two heads.

    Args:
        types: Occlusion types, "none" included; 0 for a detector of the amount alone.
        channels: Of the three convolutions; the papers' are 32, 64, 128.
        amounts: Whether it tells the amount too.

    Source: Occ-Aware (WACV 2024) and MimicGait (WACV 2025); the third pooling is padded by 1 as in
    the released code, so that released weights give their own outputs.
    """

    def __init__(
        self, types: int, channels: tuple[int, int, int] = CHANNELS, *, amounts: bool = True
    ) -> None:
        super().__init__()
        first, second, third = channels
        self.maps = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(second, third, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, padding=1),
        )
        self.feature = nn.Linear(third, FEATURE_CHANNELS)
        self.type_head = nn.Linear(FEATURE_CHANNELS, types) if types else None
        self.amount_head = nn.Linear(FEATURE_CHANNELS, 1) if amounts else None

    def forward(self, clips: Tensor) -> Detection:
        """Evaluate clips [n, t, h, w] frame by frame."""
        n, t = clips.shape[:2]
        frames = clips.flatten(0, 1).unsqueeze(1).contiguous(memory_format=torch.channels_last)
        pooled = self.maps(frames).mean((2, 3))
        # Rectified, as in the released networks.
        features = torch.relu(self.feature(pooled)).view(n, t, -1)
        feature = features.mean(1)
        logits = feature.new_empty(n, 0) if self.type_head is None else self.type_head(feature)
        return Detection(feature, features, logits, self.amount(features).mean(1))

    def amount(self, features: Tensor) -> Tensor:
        """Return the amount, in [0, 1], that features [..., 64] of frames or clips stand for."""
        if self.amount_head is None:
            return features.new_full(features.shape[:-1], torch.nan)
        return torch.sigmoid(self.amount_head(features).float()).squeeze(-1)


def detect(detector: nn.Module, clips: Tensor) -> Detection:
    """Run a frozen detector."""
    with torch.no_grad():
        return cast(Detection, detector(clips))


@dataclass(frozen=True)
class DetectorStage(Stage):
    """Trains a detector alone, on single frames, every type equally often.

    The amount is the measured hidden share of the body, 0 for a whole body: one meaning for every
    generator, plug-ins included.

    Args:
        channels: See `OcclusionDetector`.
        amounts: Whether the amount is learned too; Occ-Aware's detector learns the type alone.
        amount_label: "hidden" as above. "visible": the visible share of the body in occluded frames, and 0
            in whole ones; the released code takes the visible share of the height.
        double_softmax: Whether the type scores pass a softmax before the cross-entropy applies its own, as
            in the released code.

    Source: MimicGait (WACV 2025), supplement: cross-entropy + 10 × squared error, Adam 1e-4.
    """

    channels: tuple[int, int, int] = CHANNELS
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

    def build(self, identities: int) -> OcclusionDetector:
        """Return a new detector for the mix's types."""
        return OcclusionDetector(len(self.mix.classes), self.channels, amounts=self.amounts)

    def resume(self, network: nn.Module, weights: Mapping[str, Tensor]) -> None:
        """Load earlier weights; rows of the type head that are new keep their fresh values."""
        merged = dict(weights)
        for name, fresh in network.state_dict().items():
            if name.startswith("type_head."):
                merged[name] = torch.cat([weights[name], fresh[len(weights[name]) :]])
        network.load_state_dict(merged)

    def losses(self, network: nn.Module, networks: Networks, batch: Batch) -> dict[str, Tensor]:
        """Return the cross-entropy of the type and the weighted squared error of the amount."""
        found = cast(Detection, network(batch.clips))
        type_loss, amount_loss = occlusion_loss(
            found.type_logits,
            batch.types,
            found.amount,
            self.true_amount(batch),
            double_softmax=self.double_softmax,
        )
        return {"type": type_loss, "amount": amount_loss} if self.amounts else {"type": type_loss}

    def true_amount(self, batch: Batch) -> Tensor:
        """Return the amounts [n] that the detector should state of a batch."""
        if self.amount_label == "hidden":
            return batch.hidden_share
        return torch.where(batch.types > 0, 1 - batch.hidden_share, 0.0)

    def hidden_share(self, found: Detection) -> Tensor | None:
        """Return the hidden share that the detector states, or None if its amount is another one."""
        return found.amount if self.amount_label == "hidden" else None

    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
        """Return the feature as a one-part embedding, with type and amount."""
        found = detect(network, batch.clips)
        return Embedded(
            found.feature.unsqueeze(-1),
            types=found.type_logits.argmax(1),
            amount=self.hidden_share(found),
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
