"""A trained backbone from a file in place of the extractor on whole clips."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gaitbench.backbones.base import BackboneSpec
from gaitbench.checkpoints.contents import recognise, weights_for
from gaitbench.checkpoints.read import read_checkpoint
from gaitbench.core.errors import CheckpointError, ConfigurationError
from gaitbench.methods.extractor import ImportedExtractorStage
from gaitbench.training.trainer import Trained, new_network, nothing_recorded

USUAL_HEIGHT = 64
"""Rows of the frames that OpenGait's networks see."""

NECK = "neck."
"""Prefix of the neck's weights in an extractor."""


@dataclass(frozen=True)
class ExtractorFile:
    """A file that holds a trained backbone.

    Args:
        path: Where it lies.
        digest: SHA-256 of its bytes.
        backbone: What it holds.
        iteration: Training step, where the file says it.
    """

    path: Path
    digest: str
    backbone: BackboneSpec
    iteration: int | None

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return what a file holds.

        Raises:
            CheckpointError: If it cannot be read, or holds no backbone by itself.
        """
        checkpoint = read_checkpoint(path)
        content = recognise(checkpoint)
        if content.kind != "backbone" or content.backbone is None:
            raise CheckpointError(
                f"--extractor {path} holds {content.text()}; it must hold a backbone that was trained on "
                "whole clips. Look at it with 'gaitbench checkpoint inspect'."
            )
        weights_for(content, checkpoint)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls(path.resolve(), digest, content.backbone, checkpoint.iteration)

    @classmethod
    def remembered(cls, record: Mapping[str, Any]) -> Self | None:
        """Return the file that an experiment's record in a store names; see `record`."""
        said = record.get("extractor")
        if said is None:
            return None
        backbone = BackboneSpec.of(said["backbone"], said["options"])
        return cls(Path(said["path"]), said["digest"], backbone, said["iteration"])

    def record(self) -> dict[str, Any]:
        """Return what is kept with an experiment, so that its results outlive the file."""
        return {
            "extractor": {
                "path": str(self.path),
                "digest": self.digest,
                "backbone": self.backbone.name,
                "options": dict(self.backbone.options),
                "iteration": self.iteration,
            }
        }

    def text(self) -> str:
        """Return which file it is, for the tables that were made with it."""
        step = "" if self.iteration is None else f", iteration {self.iteration:,}"
        return f"{self.path.name} (SHA-256 {self.digest[:12]}…{step})"

    def doubt(self, height: int, width: int) -> str:
        """Return a warning if frames of this size are hardly what the file was trained on; "" otherwise.

        A checkpoint does not say which frames it saw, and most networks take any.
        """
        if height == USUAL_HEIGHT:
            return ""
        return (
            f"{self.path.name} will see frames of {height}×{width} pixels. OpenGait's networks are trained "
            f"on {USUAL_HEIGHT} rows; unless this one was not, use --preset paper."
        )

    def check_backbones(self, asked: Sequence[str]) -> None:
        """Check that nobody asked for another backbone.

        Raises:
            ConfigurationError: If somebody did.
        """
        if set(asked) - {self.backbone.name}:
            raise ConfigurationError(
                f"--extractor {self.path} holds {self.backbone.name!r}, but --backbones asks for "
                f"{', '.join(asked)}. All networks of a run have the extractor's architecture: leave "
                "--backbones out."
            )


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
