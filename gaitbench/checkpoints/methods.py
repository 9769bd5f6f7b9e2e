"""How the RG-Gait, MimicGait and Occ-Aware code bases name their weights around a backbone's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor

from gaitbench.checkpoints.keymap import Rename, prefixed

TEACHER, STUDENT, OEM, MIXER = (
    "full_component.",
    "mimic_component.",
    "occ_detector.",
    "occ_mixer_fc.",
)

DETECTOR = (
    Rename(r"layer1\.0\.(weight|bias)", r"maps.0.\1"),
    Rename(r"layer2\.0\.(weight|bias)", r"maps.3.\1"),
    Rename(r"layer3\.0\.(weight|bias)", r"maps.6.\1"),
    # The released classes hold these layers twice, by themselves and in a sequence.
    Rename(r"(?:fc1|layer4\.0)\.(weight|bias)", r"feature.\1"),
    Rename(r"(?:fc2|layer5\.0|classification_head\.0)\.(weight|bias)", r"type_head.\1"),
    Rename(r"(?:fc_amount_head|layer_amount\.0)\.(weight|bias)", r"amount_head.\1"),
)
"""From the released detectors' keys to those of `OcclusionDetector`."""


@dataclass(frozen=True)
class DetectorSizes:
    """Sizes of an occlusion detector.

    Args:
        types: Occlusion types, "none" included; 0 where it has no head for them.
        channels: Of the three convolutions.
        amounts: Whether it has a head for the amount.
    """

    types: int = 0
    channels: tuple[int, int, int] = (32, 64, 128)
    amounts: bool = True

    @classmethod
    def of(cls, sizes: Mapping[str, Any]) -> Self:
        """Return sizes from a mapping, as a converted file holds them."""
        first, second, third = sizes["channels"]
        return cls(int(sizes["types"]), (first, second, third), bool(sizes["amounts"]))

    def text(self) -> str:
        """Return the sizes in a few words."""
        types = f"{self.types} types" if self.types else "no types"
        return f"{types}, {'with' if self.amounts else 'without'} amount"


def detector_sizes(tensors: Mapping[str, Tensor], prefix: str) -> DetectorSizes:
    """Return the sizes of the released detector whose keys start with `prefix`."""
    widths = [
        tensors[key].shape[0] if (key := f"{prefix}layer{k}.0.weight") in tensors else 0
        for k in (1, 2, 3)
    ]
    head = tensors.get(f"{prefix}fc2.weight")
    return DetectorSizes(
        types=0 if head is None else head.shape[0],
        channels=(widths[0], widths[1], widths[2]),
        amounts=f"{prefix}fc_amount_head.weight" in tensors,
    )


def rg_gait_renames(
    body: Sequence[Rename], neck: Sequence[Rename], mixer: Rename
) -> tuple[Rename, ...]:
    """Return rules from RG-Gait's released keys to names in `LoadedRGGait`."""
    return (
        *prefixed(TEACHER, body, "extractor."),
        *prefixed(STUDENT, body, "restoration.backbone."),
        *prefixed(MIXER, [mixer], "restoration."),
        *prefixed("", neck, "restoration.neck."),
        *prefixed(OEM, DETECTOR, "detector."),
    )


def mimicgait_renames(body: Sequence[Rename], mixer: Rename) -> tuple[Rename, ...]:
    """Return rules from MimicGait's released keys to names in `LoadedMimicGait`."""
    return (
        *prefixed(TEACHER, body, "teacher."),
        *prefixed(STUDENT, body, "student.backbone."),
        *prefixed(MIXER, [mixer], "student."),
        *prefixed(OEM, DETECTOR, "detector."),
    )


def occ_aware_renames(
    body: Sequence[Rename], neck: Sequence[Rename], joined: Sequence[Rename]
) -> tuple[Rename, ...]:
    """Return rules from Occ-Aware's released keys to names in `LoadedOccAware`."""
    return (
        # First: where joining replaces layers of the backbone, their keys mean other layers.
        *prefixed("", joined, "network.joined."),
        *prefixed("", body, "network.joined.backbone."),
        *prefixed("", neck, "network.neck."),
        *prefixed(OEM, DETECTOR, "detector."),
    )
