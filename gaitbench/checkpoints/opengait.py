"""Loading, describing and converting checkpoints of OpenGait and of the code bases built on it."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import nn

from gaitbench.checkpoints.contents import Content, fitted, recognise
from gaitbench.checkpoints.keymap import Fit
from gaitbench.checkpoints.loaded import Loaded
from gaitbench.checkpoints.read import Checkpoint, read_checkpoint
from gaitbench.core.errors import CheckpointError, ConfigurationError
from gaitbench.networks.detector import OcclusionDetector

CheckpointSource = str | Path | Mapping[str, object]


def from_opengait(state_dict_or_path: CheckpointSource, name: str | None = None) -> Loaded:
    """Return the network that a checkpoint holds, with its weights, in evaluation mode.

    Backbone and sizes are recognised from keys and shapes. A checkpoint of RG-Gait, MimicGait or
    Occ-Aware gives the whole method.

    Args:
        state_dict_or_path: A state dict, or a file; see `gaitbench.checkpoints.read.read_checkpoint`.
        name: The backbone that it must have, for example "deepgaitv2"; None takes what is there.

    Returns:
        A network whose `embed(silhouettes [n, t, h, w]) -> [n, c, p]` is what the field compares. That of
        a backbone alone has `backbone` and `neck` (None where it was trained without a classifier).

    Raises:
        CheckpointError: If the file cannot be read or is refused, holds another backbone or none that is
            known, or lacks keys, has too many, or tensors of another shape.
    """
    network = _loaded(state_dict_or_path, name)
    if not isinstance(network, Loaded):
        raise CheckpointError(
            "The checkpoint holds an occlusion detector, which embeds nobody. Load it with "
            "gaitbench.checkpoints.opengait.load_detector."
        )
    return network


def load_detector(state_dict_or_path: CheckpointSource) -> OcclusionDetector:
    """Return a released occlusion detector: Occ-Aware's of nine types, MimicGait's, or RG-Gait's.

    Heads that the file lacks are missing: without types `type_logits` is [n, 0], without amount it is
    NaN. Occ-Aware's types are none, the four corners, bottom, top, left, right.

    Raises:
        CheckpointError: If it cannot be read or holds no detector.
    """
    network = _loaded(state_dict_or_path, None)
    if not isinstance(network, OcclusionDetector):
        raise CheckpointError("The checkpoint holds no occlusion detector but a whole network.")
    return network


def inspect(path: Path) -> tuple[Checkpoint, Content, Fit]:
    """Return what a file holds and what becomes of each of its keys, whether they fit or not.

    Raises:
        CheckpointError: If it cannot be read, or is nothing that is known.
    """
    checkpoint = read_checkpoint(path)
    content = recognise(checkpoint)
    return checkpoint, content, fitted(content, checkpoint)


def convert(path: Path, target: Path) -> Content:
    """Write a checkpoint as a safetensors file under gaitbench's names, and return what it holds.

    The file says itself what it holds; `from_opengait` and `--extractor` take it as they take the
    original.

    Raises:
        CheckpointError: If it does not fit what it seems to be.
        ConfigurationError: If the target is no .safetensors file, or is there already.
    """
    if target.suffix != ".safetensors":
        raise ConfigurationError(f"{target}: give the converted file the ending .safetensors.")
    if target.exists():
        raise ConfigurationError(f"{target} is there already. Choose a new file.")
    checkpoint, content, fit = inspect(path)
    fit.check(checkpoint.source, content.text())
    notes = content.notes()
    if checkpoint.iteration is not None:
        notes["iteration"] = str(checkpoint.iteration)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        save_file({k: v.contiguous().clone() for k, v in fit.weights.items()}, partial, notes)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return content


def _loaded(source: CheckpointSource, name: str | None) -> nn.Module:
    checkpoint = read_checkpoint(source)
    content = recognise(checkpoint, name)
    fit = fitted(content, checkpoint)
    fit.check(checkpoint.source, content.text())
    network = content.build()
    fit.load(network)
    return network.eval()
