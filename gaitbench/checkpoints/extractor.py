"""A trained backbone from a file in place of the extractor on whole clips."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.errors import CheckpointError, ConfigurationError

USUAL_HEIGHT = 64
"""Rows of the frames that OpenGait's networks see."""


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
        from gaitbench.checkpoints.contents import recognise, weights_for
        from gaitbench.checkpoints.read import read_checkpoint

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
        notes = record.get("extractor")
        if notes is None:
            return None
        backbone = BackboneSpec.of(notes["backbone"], notes["options"])
        return cls(Path(notes["path"]), notes["digest"], backbone, notes["iteration"])

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

    def check_backbones(self, names: Sequence[str]) -> None:
        """Check that nobody asked for another backbone.

        Raises:
            ConfigurationError: If somebody did.
        """
        if set(names) - {self.backbone.name}:
            raise ConfigurationError(
                f"--extractor {self.path} holds {self.backbone.name!r}, but --backbones asks for "
                f"{', '.join(names)}. All networks of a run have the extractor's architecture: leave "
                "--backbones out."
            )
