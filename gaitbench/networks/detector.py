"""The occlusion detector: which type of occlusion, and how much of the body it hides, frame by frame.

RG-Gait calls it occlusion evaluation module (OEM), MimicGait visibility estimation network (VEN);
Occ-Aware's detector is the same without the amount.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

FEATURE_CHANNELS = 64
CHANNELS = (32, 64, 128)


@dataclass(frozen=True, eq=False)
class Detection:
    """What the detector says about clips of `t` frames.

    Args:
        feature: Shape [n, 64]: mean over the frames.
        frame_features: Shape [n, t, 64].
        type_logits: Shape [n, k]: of the mean feature; k is 0 for a detector that tells no types apart.
        amount: Shape [n]: in [0, 1], the mean of the per-frame amounts: the hidden share, or what else
            the detector learned; NaN from one that learned none.
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


class KnownDetection(nn.Module):
    """A detector that has its answer already, whatever it is shown."""

    def __init__(self, detection: Detection) -> None:
        super().__init__()
        self.detection = detection

    def forward(self, clips: Tensor) -> Detection:
        """Return the answer."""
        return self.detection
