"""What a checkpoint holds: which network, of which sizes, under whose names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from gaitbench import __version__
from gaitbench.backbones.base import BackboneSpec
from gaitbench.checkpoints.keymap import Fit, Rename, fit, prefixed
from gaitbench.checkpoints.layouts import LAYOUTS, layout_of
from gaitbench.checkpoints.layouts.base import Layout, options_of, shapes_of
from gaitbench.checkpoints.loaded import LoadedBackbone
from gaitbench.checkpoints.methods import (
    DETECTOR,
    MIXER,
    OEM,
    STUDENT,
    TEACHER,
    DetectorSizes,
    detector_sizes,
    mimicgait_renames,
    occ_aware_renames,
    rg_gait_renames,
)
from gaitbench.checkpoints.read import Checkpoint
from gaitbench.core.errors import CheckpointError, ConfigurationError, UnknownNameError
from gaitbench.networks.detector import OcclusionDetector

ContentKind = Literal["backbone", "rg-gait", "mimicgait", "occ-aware", "detector"]

FORMAT = "gaitbench-checkpoint-1"
"""Names the files that 'gaitbench checkpoint convert' writes."""

_MOST_LEFT_OUT = 1000
"""Weights that a file may lack for its missing keys to be listed one by one."""

_AS_IT_IS = (Rename("(.*)", r"\1"),)
_TITLES: dict[ContentKind, str] = {
    "backbone": "backbone",
    "rg-gait": "RG-Gait",
    "mimicgait": "MimicGait",
    "occ-aware": "Occ-Aware",
    "detector": "occlusion detector",
}


@dataclass(frozen=True)
class Content:
    """A network in a file.

    Args:
        kind: What it is.
        renames: From the file's keys to names in the network.
        backbone: Of every kind but a detector.
        identities: Size of the classifier, where there is one.
        detector: Of every kind but a backbone.
    """

    kind: ContentKind
    renames: tuple[Rename, ...]
    backbone: BackboneSpec | None = None
    identities: int | None = None
    detector: DetectorSizes | None = None

    def text(self) -> str:
        """Return what it is in a few words."""
        words = _TITLES[self.kind]
        if self.backbone is not None:
            words += (
                f" {self.backbone.name}" if self.kind == "backbone" else f" on {self.backbone.name}"
            )
        if self.kind == "detector" and self.detector is not None:
            words += f" ({self.detector.text()})"
        return words

    def build(self) -> nn.Module:
        """Return a new network of this kind and these sizes."""
        if self.kind == "detector":
            return self._detector()
        if self.backbone is None:
            raise CheckpointError(f"{self.text()}: the file does not say which backbone.")
        if self.kind == "backbone":
            return LoadedBackbone(self.backbone, self.identities)
        # Whoever reads a backbone needs none of the methods.
        from gaitbench.checkpoints.loaded_methods import (
            LoadedMimicGait,
            LoadedOccAware,
            LoadedRGGait,
        )

        if self.kind == "mimicgait":
            return LoadedMimicGait(self.backbone, self._detector())
        if self.kind == "occ-aware":
            return LoadedOccAware(self.backbone, self.identities, self._detector())
        if self.identities is None:
            raise CheckpointError(f"{self.text()}: the file holds no classifier.")
        return LoadedRGGait(self.backbone, self.identities, self._detector())

    def _detector(self) -> OcclusionDetector:
        sizes = self.detector or DetectorSizes()
        return OcclusionDetector(sizes.types, sizes.channels, amounts=sizes.amounts)

    def notes(self) -> dict[str, str]:
        """Return what a converted file says about itself, as a safetensors file's metadata."""
        content: dict[str, object] = {"kind": self.kind, "identities": self.identities}
        if self.backbone is not None:
            content |= {"backbone": self.backbone.name, "options": dict(self.backbone.options)}
        if self.detector is not None:
            content["detector"] = vars(self.detector)
        return {"format": FORMAT, "content": json.dumps(content), "gaitbench": __version__}


def recognise(checkpoint: Checkpoint, name: str | None = None) -> Content:
    """Return what a checkpoint holds, from its keys and shapes alone.

    Args:
        checkpoint: As read.
        name: The backbone that it must have; None takes what is there.

    Raises:
        CheckpointError: If it is nothing that is known, or another backbone.
        UnknownNameError: If no layout has this name.
    """
    if name is not None and name not in (names := [layout.name for layout in LAYOUTS]):
        raise UnknownNameError("backbone with a known checkpoint layout", name, names)
    if checkpoint.notes.get("format") == FORMAT:
        content = _from_notes(checkpoint)
    else:
        content = _from_keys(checkpoint)
    if name is not None and (content.backbone is None or content.backbone.name != name):
        raise CheckpointError(
            f"{checkpoint.source} holds {content.text()}, not the backbone {name!r} that was asked for."
        )
    return content


def fitted(content: Content, checkpoint: Checkpoint) -> Fit:
    """Return how the checkpoint's tensors fit a network of this kind and these sizes.

    What the file claims to hold is compared with what it does hold before anything of the claimed sizes
    is made.

    Raises:
        CheckpointError: If there is no network of these sizes, or it has far more layers than the file.
    """
    try:
        network = _sketch(content, _MOST_LEFT_OUT + 2 * len(checkpoint.tensors))
    except (
        ConfigurationError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise _impossible(checkpoint.source, content.text(), error) from error
    return fit(checkpoint.tensors, content.renames, network)


def _sketch(content: Content, most: int) -> nn.Module:
    """Return a network without memory for its weights, which have shapes alone.

    Raises:
        ConfigurationError: If it would have more than `most` weight tensors: its layers do take memory.
    """
    n_weights = 0

    def count(_module: nn.Module, _name: str, _weights: nn.Parameter) -> None:
        nonlocal n_weights
        n_weights += 1
        if n_weights > most:
            raise ConfigurationError(
                f"it has more than {most} weights, many times those of the file"
            )

    counting = register_module_parameter_registration_hook(count)
    try:
        with torch.device("meta"):
            return content.build()
    finally:
        counting.remove()


def weights_for(content: Content, checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Return the weights under gaitbench's names.

    Raises:
        CheckpointError: If a key is missing or left over, or has a wrong shape.
    """
    key_fit = fitted(content, checkpoint)
    key_fit.check(checkpoint.source, content.text())
    return key_fit.weights


def _from_notes(checkpoint: Checkpoint) -> Content:
    try:
        notes: Mapping[str, Any] = json.loads(checkpoint.notes["content"])
        kind = notes["kind"]
        if kind not in get_args(ContentKind):
            raise ValueError(f"unknown kind {kind!r}")
        sizes = notes.get("detector")
        return Content(
            kind,
            _AS_IT_IS,
            _spec(notes["backbone"], notes["options"], checkpoint.source)
            if "backbone" in notes
            else None,
            notes["identities"],
            None if sizes is None else DetectorSizes.of(sizes),
        )
    except (
        ArithmeticError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise CheckpointError(
            f"{checkpoint.source} says that gaitbench wrote it, but its notes cannot be read: {error}. "
            "Convert it again."
        ) from error


def _spec(name: str, options: Mapping[str, Any], source: str) -> BackboneSpec:
    try:
        return BackboneSpec.of(name, options)
    except ConfigurationError as error:
        raise _impossible(source, f"backbone {name}", error) from error


def _impossible(source: str, what: str, error: Exception) -> CheckpointError:
    reason = str(error).split("\n")[0]
    return CheckpointError(f"{source} holds {what} of sizes that gaitbench cannot build: {reason}")


def _from_keys(checkpoint: Checkpoint) -> Content:
    tensors = checkpoint.tensors
    if "layer1.0.weight" in tensors and "fc1.weight" in tensors:
        return Content("detector", DETECTOR, detector=detector_sizes(tensors, ""))
    whole = shapes_of(tensors)
    shapes = shapes_of(tensors, TEACHER) or whole
    layout = layout_of(shapes)
    if layout is None:
        few = ", ".join(list(tensors)[:4])
        raise CheckpointError(
            f"{checkpoint.source} is no network that gaitbench knows: none of its {len(tensors)} keys "
            f"({few}, …) marks one of {', '.join(x.name for x in LAYOUTS)}, or an occlusion detector."
        )
    options = options_of(layout, shapes, checkpoint.source)
    spec = _spec(layout.name, options, checkpoint.source)
    kind = _kind(tensors)
    return Content(
        kind,
        _renames(kind, layout),
        spec,
        layout.identities(whole),
        detector_sizes(tensors, OEM) if kind != "backbone" else None,
    )


def _kind(tensors: Mapping[str, Tensor]) -> ContentKind:
    prefixes = {p for p in (TEACHER, STUDENT, OEM, MIXER) if any(k.startswith(p) for k in tensors)}
    if TEACHER in prefixes:
        # MimicGait has no classifier of its own; RG-Gait's neck stands beside its parts.
        own = any(not k.startswith((TEACHER, STUDENT, OEM, MIXER)) for k in tensors)
        return "rg-gait" if own else "mimicgait"
    return "occ-aware" if MIXER in prefixes else "backbone"


def _renames(kind: ContentKind, layout: Layout) -> tuple[Rename, ...]:
    if kind == "rg-gait":
        return rg_gait_renames(layout.body, layout.neck, layout.mixer)
    if kind == "mimicgait":
        return mimicgait_renames(layout.body, layout.mixer)
    if kind == "occ-aware":
        return occ_aware_renames(layout.body, layout.neck, layout.joined)
    return (*prefixed("", layout.body, "backbone."), *prefixed("", layout.neck, "neck."))
