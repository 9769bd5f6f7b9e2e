"""Occ-Aware: a backbone that is told the occlusion's type by a frozen detector.

Source: Gupta and Chellappa, "You Can Run but not Hide: Improving Gait Recognition with Intrinsic
Occlusion Type Awareness", WACV 2024. Places of injection as the paper names them.
"""

from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from gaitbench.backbones.base import Backbone, BackboneSpec, Joined
from gaitbench.backbones.parts import PartLinear, append_vector
from gaitbench.core.registry import register
from gaitbench.methods.base import Embedded, Method, Networks, Plan, Stage
from gaitbench.methods.extractor import identity_losses
from gaitbench.methods.oem import (
    FEATURE_CHANNELS,
    Detection,
    DetectorStage,
    detect,
    occlusion_detector,
)
from gaitbench.training.batches import Batch

Injection = Literal["deferred-concat", "complex-deferred-concat", "guided-add", "early-conv3d"]


class OccAwareNetwork(nn.Module):
    """A backbone with the occlusion feature injected.

    Args:
        spec: The backbone's.
        identities: Size of the classifier.
        injection: "deferred-concat" appends the feature to every part's embedding and mixes with one
            per-part linear layer, where the released code does so for the backbone;
            "complex-deferred-concat" appends it after the head and mixes with two; "guided-add" adds a
            per-part linear map of it; "early-conv3d" turns each frame's feature into a row and a column
            profile, and a learnable 3-D convolution merges their sum with the silhouettes before the
            backbone.
    """

    def __init__(self, spec: BackboneSpec, identities: int, injection: Injection) -> None:
        super().__init__()
        self.injection = injection
        backbone = spec.build()
        c, p = backbone.channels, backbone.parts
        self.joined: Joined | None = None
        if injection == "deferred-concat":
            self.joined = backbone.joined(FEATURE_CHANNELS)
            self.neck = self.joined.neck(identities)
            return
        self.backbone: Backbone = backbone
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

    def forward(self, clips: Tensor, found: Detection) -> Tensor:
        """Embed clips [n, t, h, w] with what the detector said about them, as [n, c, p]."""
        if self.joined is not None:
            return cast(Tensor, self.joined(clips, found.feature))
        if self.injection == "early-conv3d":
            return cast(Tensor, self.backbone(self._merged(clips, found.frame_features)))
        embeddings = self.backbone(clips)
        if self.injection == "guided-add":
            parts = found.feature.unsqueeze(-1).expand(-1, -1, embeddings.shape[-1])
            return cast(Tensor, embeddings + self.mixer(parts))
        return cast(Tensor, self.mixer(append_vector(embeddings, found.feature)))

    def _merged(self, clips: Tensor, frame_features: Tensor) -> Tensor:
        h, w = clips.shape[2:]
        rows = nn.functional.interpolate(self.rows(frame_features), h, mode="linear")
        columns = nn.functional.interpolate(self.columns(frame_features), w, mode="linear")
        field = rows[..., :, None] + columns[..., None, :]
        merged = self.merge(torch.stack([clips.to(field.dtype), field], 1)).squeeze(1)
        return cast(Tensor, clips + merged)


PROFILE = 32
"""Points of a row or column profile before it is interpolated to the frame's size."""


@dataclass(frozen=True)
class OccAwareStage(Stage):
    """Trains backbone and mixer end to end on occluded clips, with the detector frozen.

    Args:
        backbone: Architecture.
        detector: A detector of types alone.
        injection: Where the occlusion feature enters.
    """

    backbone: BackboneSpec
    detector: DetectorStage
    injection: Injection = "deferred-concat"
    role = "occ-aware"
    version = 2

    def build(self, identities: int) -> OccAwareNetwork:
        """Return a new network."""
        return OccAwareNetwork(self.backbone, identities, self.injection)

    def losses(self, network: nn.Module, networks: Networks, batch: Batch) -> dict[str, Tensor]:
        """Return the backbone's own losses on the mixed embedding."""
        model = cast(OccAwareNetwork, network)
        embeddings = model(batch.clips, detect(networks["detector"], batch.clips))
        return identity_losses(embeddings, model.neck(embeddings), batch, self.recipe)

    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
        """Return the mixed embedding and the detected type."""
        found = detect(networks["detector"], batch.clips)
        return Embedded(network(batch.clips, found), types=found.type_logits.argmax(1))


@register("occ-aware")
@dataclass(frozen=True)
class OccAware(Method):
    """Occ-Aware with deferred concatenation, the paper's main variant.

    Args:
        injection: See `OccAwareNetwork`.
    """

    injection: Injection = "deferred-concat"

    title = "Occ-Aware"
    source = "Occ-Aware, WACV 2024"
    about = "backbone that is told the occlusion's type, trained on occluded clips"

    def stage(self, plan: Plan) -> OccAwareStage:
        """Return the end-to-end stage on top of a detector of types."""
        return OccAwareStage(
            data=plan.data,
            recipe=plan.occluded,
            mix=plan.setting.train,
            seed=plan.seed,
            backbone=plan.backbone,
            detector=occlusion_detector(plan, amounts=False),
            injection=self.injection,
        )


@register("occ-aware-complex-concat")
@dataclass(frozen=True)
class ComplexDeferredConcat(OccAware):
    """Occ-Aware with two mixing layers."""

    injection: Injection = "complex-deferred-concat"

    title = "Occ-Aware, complex deferred concat"
    about = "variant: two mixing layers"
    kind = "variant"


@register("occ-aware-guided-add")
@dataclass(frozen=True)
class GuidedAdd(OccAware):
    """Occ-Aware that adds a linear map of the occlusion feature."""

    injection: Injection = "guided-add"

    title = "Occ-Aware, guided add"
    about = "variant: a linear map of the occlusion feature is added"
    kind = "variant"


@register("occ-aware-early-conv3d")
@dataclass(frozen=True)
class EarlyConv3d(OccAware):
    """Occ-Aware that injects the occlusion feature before the backbone."""

    injection: Injection = "early-conv3d"

    title = "Occ-Aware, early 3-D convolution"
    about = "variant: a learnable 3-D convolution merges the feature with the silhouettes"
    kind = "variant"
