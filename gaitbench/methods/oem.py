"""The occlusion evaluation module (OEM): which type of occlusion, and how much of the body it hides.

MimicGait calls the same network visibility estimation network (VEN); Occ-Aware's detector is the same
without the amount.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, cast

import torch
from torch import Tensor, nn

from gaitbench.methods.base import Embedded, Networks, Plan, Stage
from gaitbench.occlusion import Occlusion
from gaitbench.training.batches import Batch
from gaitbench.training.losses import occlusion_loss
from gaitbench.training.recipe import Recipe

FEATURE_CHANNELS = 64
CHANNELS = (32, 64, 128)


@dataclass(frozen=True, eq=False)
class Detection:
    """What the detector says about clips of `t` frames.

    Args:
        feature: Shape [n, 64]: mean over the frames.
        frame_features: Shape [n, t, 64].
        type_logits: Shape [n, k]: of the mean feature.
        amount: Shape [n]: hidden share in [0, 1], the mean of the per-frame amounts.
    """

    feature: Tensor
    frame_features: Tensor
    type_logits: Tensor
    amount: Tensor


class OcclusionDetector(nn.Module):
    """Three convolutions on single frames, global average, a 64-d feature and two heads.

    Args:
        types: Occlusion types, "none" included.
        channels: Of the three convolutions; the papers' are 32, 64, 128.

    Source: Occ-Aware (WACV 2024) and MimicGait (WACV 2025); the third pooling is padded by 1 as in
    the released code, so that released weights give their own outputs.
    """

    def __init__(self, types: int, channels: tuple[int, int, int] = CHANNELS) -> None:
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
        self.type_head = nn.Linear(FEATURE_CHANNELS, types)
        self.amount_head = nn.Linear(FEATURE_CHANNELS, 1)

    def forward(self, clips: Tensor) -> Detection:
        """Evaluate clips [n, t, h, w] frame by frame."""
        n, t = clips.shape[:2]
        frames = clips.flatten(0, 1).unsqueeze(1).contiguous(memory_format=torch.channels_last)
        pooled = self.maps(frames).mean((2, 3))
        # Rectified, as in the released networks.
        features = torch.relu(self.feature(pooled)).view(n, t, -1)
        amounts = torch.sigmoid(self.amount_head(features).float()).mean((1, 2))
        feature = features.mean(1)
        return Detection(feature, features, self.type_head(feature), amounts)


def detect(detector: nn.Module, clips: Tensor) -> Detection:
    """Run a frozen detector."""
    with torch.no_grad():
        return cast(Detection, detector(clips))


def concat_feature(embeddings: Tensor, feature: Tensor) -> Tensor:
    """Repeat a feature [n, 64] over the parts and append it to embeddings [n, c, p]."""
    repeated = feature.to(embeddings.dtype).unsqueeze(-1).expand(-1, -1, embeddings.shape[-1])
    return torch.cat([embeddings, repeated], 1)


@dataclass(frozen=True)
class DetectorStage(Stage):
    """Trains a detector alone, on single frames, every type equally often.

    The amount is the measured hidden share of the body, 0 for a whole body: one meaning for every
    generator, plug-ins included. The released code's label is the visible share of the height.

    Args:
        channels: See `OcclusionDetector`.
        amounts: Whether the amount is learned too; Occ-Aware's detector learns the type alone.

    Source: MimicGait (WACV 2025), supplement: cross-entropy + 10 × squared error, Adam 1e-4.
    """

    channels: tuple[int, int, int] = CHANNELS
    amounts: bool = True
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
        return OcclusionDetector(len(self.mix.classes), self.channels)

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
            found.type_logits, batch.types, found.amount, batch.hidden_share
        )
        return {"type": type_loss, "amount": amount_loss} if self.amounts else {"type": type_loss}

    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
        """Return the feature as a one-part embedding, with type and amount."""
        found = detect(network, batch.clips)
        return Embedded(
            found.feature.unsqueeze(-1), types=found.type_logits.argmax(1), amount=found.amount
        )


def occlusion_detector(plan: Plan, *, amounts: bool = True) -> DetectorStage:
    """Return the detector for the setting's types that MimicGait and RG-Gait share."""
    return DetectorStage(
        data=plan.data,
        recipe=plan.detector,
        mix=plan.setting.train.balanced(),
        seed=plan.seed,
        channels=plan.detector_channels,
        amounts=amounts,
    )
