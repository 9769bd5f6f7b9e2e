"""OpenGait's layout as a reader: the command `gaitbench data import-opengait`."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gaitbench.core.registry import register
from gaitbench.data.dataset import Progress
from gaitbench.data.readers.base import Reader, Report, option


@register("opengait")
@dataclass(frozen=True)
class OpenGaitReader(Reader):
    """A tree in OpenGait's layout; see `gaitbench.data.readers.opengait.importer`."""

    title: ClassVar[str] = "OpenGait's layout"
    about: ClassVar[str] = (
        "Pack a data set in OpenGait's layout with its official splits; a killed import goes on."
    )
    reads: ClassVar[str] = "Tree identity/condition/view/*.pkl or *.png."
    unit: ClassVar[str] = "clips"

    dataset: str = option(
        "Whose rules: casia-b, oumvlp, gait3d, grew, sustech1k, ccpg, casia-e or briar."
    )
    partition: Path | None = option("OpenGait's JSON of training and test identities.", None)
    pairs: Path | None = option(
        "CSV (briar): identity, condition, view, role, optionally split.", None
    )
    file_pattern: str = option("Which pickle holds silhouettes if a folder has several.", "")
    # A single frame shows no gait.
    min_frames: int = option("Shorter clips are left out.", 2, least=1)
    validation: int = option("Training identities held out to record a loss on.", 0, least=0)

    def read(self, source: Path, target: Path, *, jobs: int, progress: Progress | None) -> Report:
        """Import a tree."""
        from gaitbench.data.readers.opengait.importer import import_opengait

        return import_opengait(source, target, self, jobs=jobs, progress=progress)
