"""The weights of an extractor that comes from a file instead of being trained."""

import hashlib
from pathlib import Path

from gaitbench.checkpoints.contents import recognise, weights_for
from gaitbench.checkpoints.read import read_checkpoint
from gaitbench.core.errors import CheckpointError
from gaitbench.methods.extractor import ImportedExtractorStage
from gaitbench.training.history import nothing_recorded
from gaitbench.training.trainer import Trained, new_network

NECK = "neck."
"""Prefix of the neck's weights in an extractor."""


def imported(stage: ImportedExtractorStage, path: Path, identities: int) -> Trained:
    """Return the stage's weights from the file.

    The neck comes along as far as it fits: a classifier of other identities than those of the training
    data is replaced by a fresh one of the right size, and a network without a neck gets a fresh one. The
    embedding does not depend on it; RG-Gait's restoration starts its own neck from it.

    Raises:
        CheckpointError: If the file is no longer the one that was checked.
    """
    if hashlib.sha256(path.read_bytes()).hexdigest() != stage.digest:
        raise CheckpointError(f"{path} has changed since the run began. Start the run again.")
    checkpoint = read_checkpoint(path)
    weights = weights_for(recognise(checkpoint), checkpoint)
    network = new_network(stage, identities)
    fresh = network.state_dict()
    neck = {name: value for name, value in fresh.items() if name.startswith(NECK)}
    network.load_state_dict(
        {name: value for name, value in weights.items() if not name.startswith(NECK)}
        | {
            name: weights[name] if name in weights and weights[name].shape == own.shape else own
            for name, own in neck.items()
        }
    )
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    return Trained(state, nothing_recorded())
