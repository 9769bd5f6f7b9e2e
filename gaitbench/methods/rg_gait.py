"""RG-Gait: residual correction of a frozen holistic signature, weighted by how much is hidden.

    R = T(F(x) concat O),   G = GSE(x),   f = G + alpha · R

Source: RG-Gait (IJCB 2025), section 3, equations 1–4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor, nn

from gaitbench.backbones.base import Backbone, BackboneSpec
from gaitbench.backbones.parts import PartLinear, append_vector
from gaitbench.core.registry import register
from gaitbench.methods.base import Embedded, Method, Networks, Plan, Stage
from gaitbench.methods.extractor import (
    Extractor,
    ExtractorStage,
    holistic_extractor,
    identity_losses,
)
from gaitbench.methods.oem import (
    FEATURE_CHANNELS,
    Detection,
    DetectorStage,
    OcclusionDetector,
    detect,
    occlusion_detector,
)
from gaitbench.training.batches import Batch

Alpha = Literal["detected", "mean-feature", "one", "oracle", "constant"]

ExtractorState = Literal["frozen", "drifting", "trained"]
"""What becomes of the signature extractor in the restoration stage: see `RestorationStage`."""


class Restoration(nn.Module):
    """The feature restoration network: a backbone F, the per-part mixer T, and a trainable neck.

    Args:
        spec: The backbone's.
        identities: Size of the classifier.
        aware: Whether the mixer sees the occlusion feature.
        own_extractor: Whether it carries a copy of the signature extractor.
    """

    def __init__(
        self, spec: BackboneSpec, identities: int, *, aware: bool, own_extractor: bool
    ) -> None:
        super().__init__()
        self.backbone: Backbone = spec.build()
        channels, parts = self.backbone.channels, self.backbone.parts
        self.mixer = PartLinear(parts, channels + FEATURE_CHANNELS * aware, channels)
        self.neck = self.backbone.neck(identities)
        self.extractor = spec.build() if own_extractor else None

    def residual(self, clips: Tensor, feature: Tensor | None) -> Tensor:
        """Return R for clips [n, t, h, w] and their occlusion feature [n, 64], as [n, c, p]."""
        embeddings = self.backbone(clips)
        if feature is not None:
            embeddings = append_vector(embeddings, feature)
        return cast(Tensor, self.mixer(embeddings))


def restored(signature: Tensor, alpha: Tensor, residual: Tensor) -> Tensor:
    """Return f = G + alpha · R for G and R [n, c, p] and alpha [n], in float32."""
    return signature.float() + alpha[:, None, None] * residual.float()


@dataclass(frozen=True)
class RestorationStage(Stage):
    """Trains the restoration network with the extractor and the detector frozen.

    Args:
        backbone: Architecture of F, the same as the extractor's.
        extractor: The gait signature extractor.
        detector: The occlusion evaluation module; None where neither O nor alpha needs it.
        aware: Whether the occlusion feature O enters the mixer.
        alpha: Where the residual's weight comes from: "detected" (the mean of the detector's amounts of
            the frames), "mean-feature" (its amount of the frames' mean feature), "one", "oracle" (the
            measured hidden share of the body), or "constant" (`constant`).
        constant: The weight for "constant".
        extractor_state: "frozen": weights and batch-norm statistics stay. "drifting": a copy gets no
            gradient, but is in training mode, as in the released code: its statistics follow the training
            clips and are used at test time (and a backbone that drops paths drops them). "trained": a
            copy trains along.
    """

    backbone: BackboneSpec
    extractor: ExtractorStage
    detector: DetectorStage | None
    aware: bool = True
    alpha: Alpha = "detected"
    constant: float = 0.5
    extractor_state: ExtractorState = "frozen"
    role = "restoration"

    def build(self, identities: int) -> Restoration:
        """Return a new restoration network."""
        own = self.extractor_state != "frozen"
        network = Restoration(self.backbone, identities, aware=self.aware, own_extractor=own)
        if network.extractor is not None and self.extractor_state == "drifting":
            # No gradient; in training mode batch norm updates its statistics nevertheless.
            network.extractor.requires_grad_(False)
        return network

    def start(self, network: nn.Module, networks: Networks) -> None:
        """Begin with the extractor's neck, and with its backbone where the network has a copy."""
        model, extractor = cast(Restoration, network), cast(Extractor, networks["extractor"])
        model.neck.load_state_dict(extractor.neck.state_dict())
        if model.extractor is not None:
            model.extractor.load_state_dict(extractor.backbone.state_dict())

    def _restored(
        self, network: nn.Module, networks: Networks, batch: Batch
    ) -> tuple[Tensor, Tensor, Detection | None]:
        """Return f [n, c, p], alpha [n], and what the detector said."""
        model = cast(Restoration, network)
        found = detect(networks["detector"], batch.clips) if "detector" in networks else None
        if model.extractor is None:
            with torch.no_grad():
                signature = networks["extractor"](batch.clips)
        else:
            signature = model.extractor(batch.clips)
        alpha = self._alpha(networks, found, batch)
        feature = found.feature if self.aware and found is not None else None
        residual = model.residual(batch.clips, feature)
        return restored(signature, alpha, residual), alpha, found

    def _alpha(self, networks: Networks, found: Detection | None, batch: Batch) -> Tensor:
        if self.alpha == "detected" and found is not None:
            return found.amount
        if self.alpha == "mean-feature" and found is not None:
            return cast(OcclusionDetector, networks["detector"]).amount(found.feature)
        hidden = batch.hidden_share.float()
        if self.alpha == "oracle":
            return hidden
        return torch.full_like(hidden, 1.0 if self.alpha == "one" else self.constant)

    def losses(self, network: nn.Module, networks: Networks, batch: Batch) -> dict[str, Tensor]:
        """Return triplet loss and cross-entropy on the restored signature f."""
        restored, _, _ = self._restored(network, networks, batch)
        logits = cast(Restoration, network).neck(restored)
        return identity_losses(restored, logits, batch, self.recipe)

    def embed(self, network: nn.Module, networks: Networks, batch: Batch) -> Embedded:
        """Return f with alpha and what the detector said."""
        restored, alpha, found = self._restored(network, networks, batch)
        if found is None or self.detector is None:
            return Embedded(restored, alpha)
        amount = self.detector.hidden_share(found)
        return Embedded(restored, alpha, found.type_logits.argmax(1), amount)


@register("rg-gait")
@dataclass(frozen=True)
class RGGait(Method):
    """RG-Gait as the paper describes it; its subclasses are the ablation's rows and controls.

    Args:
        occluded_share: Largest share of the training clips that are occluded. RG-Gait needs whole clips
            among them; the released configurations occlude half.
    """

    occluded_share: float = 0.5

    title = "RG-Gait"
    source = "RG-Gait, IJCB 2025"
    about = "frozen holistic signature plus a residual, weighted by the detected hidden share"

    residual: ClassVar[Mapping[str, bool]] = {"residual": True, "adaptive": True, "aware": True}
    """Its ticks in the ablation table."""

    alpha: ClassVar[Alpha] = "detected"
    aware: ClassVar[bool] = True
    extractor_state: ClassVar[ExtractorState] = "frozen"

    def stage(self, plan: Plan) -> RestorationStage:
        """Return the restoration stage on top of the shared extractor and detector."""
        mix = plan.setting.train
        return RestorationStage(
            data=plan.data,
            recipe=plan.occluded,
            mix=mix.with_share(min(mix.share, self.occluded_share)),
            seed=plan.seed,
            backbone=plan.backbone,
            extractor=holistic_extractor(plan),
            detector=self.detector(plan),
            aware=self.aware,
            alpha=self.alpha,
            extractor_state=self.extractor_state,
        )

    def detector(self, plan: Plan) -> DetectorStage | None:
        """Return the occlusion evaluation module, where anything is asked of it."""
        needed = self.aware or self.alpha in ("detected", "mean-feature")
        return occlusion_detector(plan) if needed else None


@register("vanilla-residual")
class VanillaResidual(RGGait):
    """The residual is added as it is, and knows nothing of the occlusion."""

    title = "vanilla residual"
    about = "ablation: alpha = 1, no occlusion feature"
    kind = "ablation"
    residual = {"residual": True, "adaptive": False, "aware": False}  # noqa: RUF012
    alpha = "one"
    aware = False


@register("aware-only")
class AwareOnly(RGGait):
    """The mixer sees the occlusion feature; the residual's weight is 1."""

    title = "aware only"
    about = "ablation: alpha = 1, with the occlusion feature"
    kind = "ablation"
    residual = {"residual": True, "adaptive": False, "aware": True}  # noqa: RUF012
    alpha = "one"


@register("adaptive-only")
class AdaptiveOnly(RGGait):
    """The residual is weighted by the detected amount; the mixer sees no occlusion feature."""

    title = "adaptive only"
    about = "ablation: alpha detected, no occlusion feature"
    kind = "ablation"
    residual = {"residual": True, "adaptive": True, "aware": False}  # noqa: RUF012
    aware = False


@register("rg-gait-true-alpha")
class OracleAlpha(RGGait):
    """Control: the residual's weight is the measured hidden share, in training and at test time."""

    title = "RG-Gait, true alpha"
    about = "control: alpha is the measured hidden share of the body"
    kind = "control"
    alpha = "oracle"


@register("rg-gait-constant-alpha")
class ConstantAlpha(RGGait):
    """Control: the residual's weight is always one half."""

    title = "RG-Gait, alpha 0.5"
    about = "control: alpha is 0.5 for every clip"
    kind = "control"
    residual = {"residual": True, "adaptive": False, "aware": True}  # noqa: RUF012
    alpha = "constant"


@register("rg-gait-trained-extractor")
class TrainedExtractor(RGGait):
    """Control: the signature extractor trains along instead of being frozen."""

    title = "RG-Gait, GSE not frozen"
    about = "control: the signature extractor trains along"
    kind = "control"
    extractor_state = "trained"


@register("rg-gait-drifting-statistics")
class DriftingExtractor(RGGait):
    """The signature extractor's batch-norm statistics follow the restoration's training clips."""

    title = "RG-Gait, drifting statistics"
    about = "variant: the frozen extractor's batch-norm statistics go on moving, as released"
    kind = "variant"
    extractor_state = "drifting"


@register("rg-gait-visible-alpha")
class VisibleAlpha(RGGait):
    """Alpha is the visible share of occluded clips, and 0 for whole ones, as the detector learns it."""

    title = "RG-Gait, visible alpha"
    about = "variant: alpha is the visible share of occluded clips, 0 for whole ones, as released"
    kind = "variant"

    def detector(self, plan: Plan) -> DetectorStage:
        """Return a detector that learns the visible share."""
        return replace(occlusion_detector(plan), amount_label="visible")


@register("rg-gait-mean-feature-alpha")
class MeanFeatureAlpha(RGGait):
    """Alpha is the detected amount of the frames' mean feature, in training and at test time."""

    title = "RG-Gait, alpha of the mean feature"
    about = "variant: alpha is the amount of the mean feature, as in one path of the released code"
    kind = "variant"
    alpha = "mean-feature"


@register("rg-gait-double-softmax-detector")
class DoubleSoftmaxDetector(RGGait):
    """The detector's type scores pass a softmax before its cross-entropy applies another."""

    title = "RG-Gait, double softmax"
    about = "variant: the detector's cross-entropy is taken of a softmax, as released"
    kind = "variant"

    def detector(self, plan: Plan) -> DetectorStage:
        """Return a detector with the other loss of the type."""
        return replace(occlusion_detector(plan), double_softmax=True)
