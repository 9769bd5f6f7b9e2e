"""Occ-Aware's network: a backbone that is told the occlusion's type.

Source: Gupta and Chellappa, "You Can Run but not Hide: Improving Gait Recognition with Intrinsic
Occlusion Type Awareness", WACV 2024. Places of injection as the paper names them.
"""

from typing import cast

import torch
from torch import Tensor, nn

from gaitbench.networks.base import BackboneNetwork, Joined
from gaitbench.networks.detector import FEATURE_CHANNELS, Detection
from gaitbench.networks.kinds import Injection
from gaitbench.networks.parts import PartLinear, append_vector


class OccAwareNetwork(nn.Module):
    """A backbone with the occlusion feature injected.

    Args:
        backbone: Becomes a part of this module.
        identities: Size of the classifier.
        injection: "deferred-concat" appends the feature to every part's embedding and mixes with one
            per-part linear layer, where the released code does so for the backbone;
            "complex-deferred-concat" appends it after the head and mixes with two; "guided-add" adds a
            per-part linear map of it; "early-conv3d" turns each frame's feature into a row and a column
            profile, and a learnable 3-D convolution merges their sum with the silhouettes before the
            backbone.
    """

    def __init__(self, backbone: BackboneNetwork, identities: int, injection: Injection) -> None:
        super().__init__()
        self.injection = injection
        c, p = backbone.channels, backbone.parts
        self.joined: Joined | None = None
        if injection == "deferred-concat":
            self.joined = backbone.joined(FEATURE_CHANNELS)
            self.neck = self.joined.neck(identities)
            return
        self.backbone = backbone
        if injection == "early-conv3d":
            self.rows = nn.Linear(FEATURE_CHANNELS, PROFILE)
            self.columns = nn.Linear(FEATURE_CHANNELS, PROFILE)
            self.merge = nn.Conv3d(2, 1, 3, padding=1)
        elif injection == "guided-add":
            self.mixer: nn.Module = PartLinear(p, FEATURE_CHANNELS, c)
        else:
            self.mixer = nn.Sequential(
                PartLinear(p, c + FEATURE_CHANNELS, c + FEATURE_CHANNELS),
                nn.LeakyReLU(),
                PartLinear(p, c + FEATURE_CHANNELS, c),
            )
        self.neck = backbone.neck(identities)

    def forward(self, clips: Tensor, detection: Detection) -> Tensor:
        """Embed clips [n, t, h, w] with their detection, as [n, c, p]."""
        if self.joined is not None:
            return cast(Tensor, self.joined(clips, detection.feature))
        if self.injection == "early-conv3d":
            return cast(Tensor, self.backbone(self._merged(clips, detection.frame_features)))
        embeddings = self.backbone(clips)
        if self.injection == "guided-add":
            parts = detection.feature.unsqueeze(-1).expand(-1, -1, embeddings.shape[-1])
            return cast(Tensor, embeddings + self.mixer(parts))
        return cast(Tensor, self.mixer(append_vector(embeddings, detection.feature)))

    def _merged(self, clips: Tensor, frame_features: Tensor) -> Tensor:
        h, w = clips.shape[2:]
        rows = nn.functional.interpolate(self.rows(frame_features), h, mode="linear")
        columns = nn.functional.interpolate(self.columns(frame_features), w, mode="linear")
        field = rows[..., :, None] + columns[..., None, :]
        merged = self.merge(torch.stack([clips.to(field.dtype), field], 1)).squeeze(1)
        return cast(Tensor, clips + merged)


PROFILE = 32
"""Points of a row or column profile before it is interpolated to the frame's size."""
