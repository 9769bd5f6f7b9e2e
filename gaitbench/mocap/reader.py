"""Motion capture as a reader: the command `gaitbench data import-bvh`."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gaitbench.core.registry import register
from gaitbench.data.dataset import Progress
from gaitbench.data.readers.base import Reader, Report, option


@register("bvh")
@dataclass(frozen=True)
class BvhReader(Reader):
    """Recorded walks in BVH files; see `gaitbench.mocap.importer`."""

    title: ClassVar[str] = "Motion capture"
    about: ClassVar[str] = "Pose motion capture, put a body on it, and render silhouettes."
    reads: ClassVar[str] = "Folder of BVH files."
    unit: ClassVar[str] = "files"

    manifest: Path | None = option("CSV: file, subject, recording, duplicate_of …", None)
    same_skeleton: bool = option(
        "Give everybody the same bone lengths: identity is motion alone.", False
    )

    def read(self, source: Path, target: Path, *, jobs: int, progress: Progress | None) -> Report:
        """Import a folder."""
        from gaitbench.mocap.importer import import_bvh

        return import_bvh(
            source,
            target,
            manifest=self.manifest,
            same_skeleton=self.same_skeleton,
            jobs=jobs,
            progress=progress,
        )
