"""Occ-Aware: a backbone that is told the occlusion's type by a frozen detector.

Source: Gupta and Chellappa, "You Can Run but not Hide: Improving Gait Recognition with Intrinsic
Occlusion Type Awareness", WACV 2024.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.registry import register
from gaitbench.methods.base import Method, Plan, Variant
from gaitbench.methods.oem import DetectorStage, occlusion_detector
from gaitbench.networks.kinds import Injection
from gaitbench.training.stage import Embedded, Networks, Stage

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gaitbench.networks.occ_aware import OccAwareNetwork
    from gaitbench.training.batches import Batch


@dataclass(frozen=True)
class OccAwareStage(Stage):
    """Trains backbone and mixer end to end on occluded clips, with the detector frozen.

    Args:
        backbone: Architecture.
        detector: A detector of types alone.
        injection: Where the occlusion feature enters, see `gaitbench.networks.occ_aware`.
    """

    backbone: BackboneSpec
    detector: DetectorStage
    injection: Injection = "deferred-concat"
    role = "occ-aware"
    version = 2

    def build(self, identities: int) -> "OccAwareNetwork":
        """Return a new network."""
        from gaitbench.networks.occ_aware import OccAwareNetwork

        return OccAwareNetwork(self.backbone.build(), identities, self.injection)

    def losses(
        self, network: "nn.Module", networks: Networks, batch: "Batch"
    ) -> "dict[str, Tensor]":
        """Return the backbone's own losses on the mixed embedding."""
        from gaitbench.networks.detector import detect
        from gaitbench.training.losses import identity_losses

        model = cast("OccAwareNetwork", network)
        embeddings = model(batch.clips, detect(networks["detector"], batch.clips))
        return identity_losses(embeddings, model.neck(embeddings), batch.identities, self.recipe)

    def embed(self, network: "nn.Module", networks: Networks, batch: "Batch") -> Embedded:
        """Return the mixed embedding and the detected type."""
        from gaitbench.networks.detector import detect

        detection = detect(networks["detector"], batch.clips)
        return Embedded(network(batch.clips, detection), types=detection.type_logits.argmax(1))


@register("occ-aware")
@dataclass(frozen=True)
class OccAware(Method):
    """Occ-Aware with deferred concatenation, the paper's main variant.

    Args:
        injection: See `OccAwareStage`.
    """

    injection: Injection = "deferred-concat"

    title = "Occ-Aware"
    source = "Occ-Aware, WACV 2024"
    place = 3
    about = "backbone that is told the occlusion's type, trained on occluded clips"

    variants: ClassVar[tuple[Variant, ...]] = (
        Variant(
            "occ-aware-complex-concat",
            "Occ-Aware, complex deferred concat",
            about="variant: two mixing layers",
            options={"injection": "complex-deferred-concat"},
        ),
        Variant(
            "occ-aware-guided-add",
            "Occ-Aware, guided add",
            about="variant: a linear map of the occlusion feature is added",
            options={"injection": "guided-add"},
        ),
        Variant(
            "occ-aware-early-conv3d",
            "Occ-Aware, early 3-D convolution",
            about="variant: a learnable 3-D convolution merges the feature with the silhouettes",
            options={"injection": "early-conv3d"},
        ),
    )

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
