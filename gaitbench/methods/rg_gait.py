"""RG-Gait: residual correction of a frozen holistic signature, weighted by how much is hidden.

    R = T(F(x) concat O),   G = GSE(x),   f = G + alpha · R

Source: RG-Gait (IJCB 2025), section 3, equations 1–4.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from pydantic import Field

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.options import Share
from gaitbench.core.registry import register
from gaitbench.methods.base import Method, Plan, Variant
from gaitbench.methods.extractor import ExtractorStage, holistic_extractor
from gaitbench.methods.oem import AmountLabel, DetectorStage, occlusion_detector
from gaitbench.training.stage import Embedded, Networks, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.networks.detector import Detection, OcclusionDetector
    from gaitbench.networks.extractor import Extractor
    from gaitbench.networks.restoration import Restoration
    from gaitbench.training.batches import Batch

Alpha = Literal["detected", "mean-feature", "one", "oracle", "constant"]

ExtractorState = Literal["frozen", "drifting", "trained"]
"""What becomes of the signature extractor in the restoration stage: see `RestorationStage`."""


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
        begins_as_extractor: Whether F starts from the extractor's weights instead of fresh ones.
    """

    backbone: BackboneSpec
    extractor: ExtractorStage
    detector: DetectorStage | None
    aware: bool = True
    alpha: Alpha = "detected"
    constant: float = 0.5
    extractor_state: ExtractorState = "frozen"
    begins_as_extractor: bool = False
    role = "restoration"

    def build(self, identities: int) -> "Restoration":
        """Return a new restoration network."""
        from gaitbench.networks.restoration import Restoration

        network = Restoration(
            self.backbone.build,
            identities,
            aware=self.aware,
            own_extractor=self.extractor_state != "frozen",
        )
        if network.extractor is not None and self.extractor_state == "drifting":
            # No gradient; in training mode batch norm updates its statistics nevertheless.
            network.extractor.requires_grad_(False)
        return network

    def start(self, network: "nn.Module", networks: Networks) -> None:
        """Begin with the extractor's neck, and with its backbone where that is copied."""
        model = cast("Restoration", network)
        extractor = cast("Extractor", networks["extractor"])
        model.neck.load_state_dict(extractor.neck.state_dict())
        if model.extractor is not None:
            model.extractor.load_state_dict(extractor.backbone.state_dict())
        if self.begins_as_extractor:
            model.backbone.load_state_dict(extractor.backbone.state_dict())

    def _restored(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "tuple[Tensor, Tensor, Detection | None]":
        """Return f [n, c, p], alpha [n], and the detection where there is a detector."""
        import torch

        from gaitbench.networks.detector import detect
        from gaitbench.networks.restoration import restored

        model = cast("Restoration", network)
        detection = detect(networks["detector"], batch.clips) if "detector" in networks else None
        if model.extractor is None:
            with torch.no_grad():
                signature = networks["extractor"](batch.clips)
        else:
            signature = model.extractor(batch.clips)
        alpha = self._alpha(networks, detection, batch)
        feature = detection.feature if self.aware and detection is not None else None
        residual = model.residual(batch.clips, feature)
        return restored(signature, alpha, residual), alpha, detection

    def _alpha(self, networks: Networks, detection: "Detection | None", batch: "Batch") -> "Tensor":
        if self.alpha == "detected" and detection is not None:
            return detection.amount
        if self.alpha == "mean-feature" and detection is not None:
            return cast("OcclusionDetector", networks["detector"]).amount(detection.feature)
        hidden = batch.hidden_share.float()
        if self.alpha == "oracle":
            return hidden
        return hidden.new_full(hidden.shape, 1.0 if self.alpha == "one" else self.constant)

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return triplet loss and cross-entropy on the restored signature f."""
        from gaitbench.training.losses import identity_losses

        embeddings, _, _ = self._restored(network, networks, batch)
        logits = cast("Restoration", network).neck(embeddings)
        return identity_losses(embeddings, logits, batch.identities, self.recipe)

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return f with alpha and what the detector says."""
        embeddings, alpha, detection = self._restored(network, networks, batch)
        if detection is None or self.detector is None:
            return Embedded(embeddings, alpha)
        amount = self.detector.hidden_share(detection)
        return Embedded(embeddings, alpha, detection.type_logits.argmax(1), amount)


@register("rg-gait")
@dataclass(frozen=True)
class RGGait(Method):
    """RG-Gait as the paper describes it; its variants are the ablation's rows and controls.

    Args:
        occluded_share: Share of the training clips that are occluded; by default the run's.
        alpha: See `RestorationStage`.
        constant: See `RestorationStage`.
        aware: See `RestorationStage`.
        extractor_state: See `RestorationStage`.
        amount_label: What the detector learns, see `DetectorStage`.
        double_softmax: See `DetectorStage`.
        begins_as_extractor: See `RestorationStage`.
        pace: Factor on the learning rate of the restoration stage.
    """

    occluded_share: Share | None = None
    alpha: Alpha = "detected"
    constant: Share = 0.5
    aware: bool = True
    extractor_state: ExtractorState = "frozen"
    amount_label: AmountLabel = "hidden"
    double_softmax: bool = False
    begins_as_extractor: bool = False
    pace: Annotated[float, Field(gt=0)] = 1.0

    published_share = 0.5
    title = "RG-Gait"
    source = "RG-Gait, IJCB 2025"
    place = 5
    about = "frozen holistic signature plus a residual, weighted by the detected hidden share"

    variants: ClassVar[tuple[Variant, ...]] = (
        Variant(
            "vanilla-residual",
            "vanilla residual",
            kind="ablation",
            about="ablation: alpha = 1, no occlusion feature",
            options={"alpha": "one", "aware": False},
        ),
        Variant(
            "aware-only",
            "aware only",
            kind="ablation",
            about="ablation: alpha = 1, with the occlusion feature",
            options={"alpha": "one"},
        ),
        Variant(
            "adaptive-only",
            "adaptive only",
            kind="ablation",
            about="ablation: alpha detected, no occlusion feature",
            options={"aware": False},
        ),
        Variant(
            "rg-gait-true-alpha",
            "RG-Gait, true alpha",
            kind="control",
            about="control: alpha is the measured hidden share of the body",
            options={"alpha": "oracle"},
        ),
        Variant(
            "rg-gait-constant-alpha",
            "RG-Gait, alpha 0.5",
            kind="control",
            about="control: alpha is 0.5 for every clip",
            options={"alpha": "constant"},
        ),
        Variant(
            "rg-gait-trained-extractor",
            "RG-Gait, GSE not frozen",
            kind="control",
            about="control: the signature extractor trains along",
            options={"extractor_state": "trained"},
        ),
        Variant(
            "rg-gait-all-occluded",
            "RG-Gait, all clips occluded",
            kind="control",
            about="control: no training clip of the restoration is whole",
            options={"occluded_share": 1.0},
        ),
        Variant(
            "rg-gait-begun-as-extractor",
            "RG-Gait, F begun as GSE",
            kind="control",
            about="control: F starts from the extractor's weights, as released code can",
            options={"begins_as_extractor": True},
        ),
        Variant(
            "rg-gait-slower-restoration",
            "RG-Gait, a tenth of the rate",
            kind="control",
            about="control: a tenth of the extractor's learning rate in the restoration, as released",
            options={"pace": 0.1},
        ),
        Variant(
            "rg-gait-drifting-statistics",
            "RG-Gait, drifting statistics",
            kind="variant",
            about="variant: the frozen extractor's batch-norm statistics go on moving, as released",
            options={"extractor_state": "drifting"},
        ),
        Variant(
            "rg-gait-visible-alpha",
            "RG-Gait, visible alpha",
            kind="variant",
            about="variant: alpha is the visible share of occluded clips, 0 for whole ones, as released",
            options={"amount_label": "visible"},
        ),
        Variant(
            "rg-gait-mean-feature-alpha",
            "RG-Gait, alpha of the mean feature",
            kind="variant",
            about="variant: alpha is the amount of the mean feature, as in one path of the released code",
            options={"alpha": "mean-feature"},
        ),
        Variant(
            "rg-gait-double-softmax-detector",
            "RG-Gait, double softmax",
            kind="variant",
            about="variant: the detector's cross-entropy is taken of a softmax, as released",
            options={"double_softmax": True},
        ),
    )

    def ticks(self) -> dict[str, bool]:
        """Return what of RG-Gait it has: the ticks of the ablation table."""
        adaptive = self.alpha not in ("one", "constant")
        return {"residual": True, "adaptive": adaptive, "aware": self.aware}

    def stage(self, plan: Plan) -> RestorationStage:
        """Return the restoration stage on top of the shared extractor and detector."""
        rate = self.pace * plan.occluded.learning_rate
        return RestorationStage(
            data=plan.data,
            recipe=plan.occluded.model_copy(update={"learning_rate": rate}),
            mix=plan.occluded_mix(self.occluded_share),
            seed=plan.seed,
            backbone=plan.backbone,
            extractor=holistic_extractor(plan),
            detector=self.detector(plan),
            aware=self.aware,
            alpha=self.alpha,
            constant=self.constant,
            extractor_state=self.extractor_state,
            begins_as_extractor=self.begins_as_extractor,
        )

    def detector(self, plan: Plan) -> DetectorStage | None:
        """Return the occlusion evaluation module, where anything is asked of it."""
        if not self.aware and self.alpha not in ("detected", "mean-feature"):
            return None
        return replace(
            occlusion_detector(plan),
            amount_label=self.amount_label,
            double_softmax=self.double_softmax,
        )
