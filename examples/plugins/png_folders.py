"""A reader: folders of binary images, identity/recording/*.png, as segmentation programs write them.

gaitbench data import-png-folders my_images/ my_walks/ --plugin examples/plugins/png_folders.py
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gaitbench import Reader, register
from gaitbench.core.errors import DataError
from gaitbench.data.dataset import Progress
from gaitbench.data.readers.base import option
from gaitbench.data.silhouettes import SilhouettesWriter


@dataclass(frozen=True)
class Counts:
    """What was read."""

    clips: int

    def text(self) -> str:
        """Return it in a sentence."""
        return f"{self.clips} clips read"


@register("png-folders")
@dataclass(frozen=True)
class PngFolders(Reader):
    """All images must have one size; the first recording of a person becomes the gallery."""

    title = "PNG folders"
    about = "folders identity/recording/*.png of binary images of one size"

    threshold: int = option("Grey value from which a pixel is body.", 128, least=1)

    def read(self, source: Path, target: Path, *, jobs: int, progress: Progress | None) -> Counts:
        """Write every recording as a clip of its sorted images."""
        recordings = sorted(folder for folder in source.glob("*/*") if folder.is_dir())
        if not recordings:
            raise DataError(f"{source}: there are no folders identity/recording in it.")
        clips = [self._clip(folder) for folder in recordings]
        height, width = clips[0].shape[1:]
        seen: set[str] = set()
        with SilhouettesWriter(target, name=source.name, height=height, width=width) as writer:
            for number, (folder, clip) in enumerate(zip(recordings, clips, strict=True), start=1):
                identity = folder.parent.name
                side = "test.probe" if identity in seen else "test.gallery"
                seen.add(identity)
                index = writer.add(
                    clip,
                    identity=identity,
                    condition="nm",
                    view="",
                    recording=f"{identity}-{folder.name}",
                )
                writer.splits.setdefault(side, []).append(index)
                if progress is not None:
                    progress(number, len(recordings))
        return Counts(len(clips))

    def _clip(self, folder: Path) -> np.ndarray:
        images = [
            np.asarray(Image.open(path).convert("L")) for path in sorted(folder.glob("*.png"))
        ]
        if len({image.shape for image in images}) != 1:
            raise DataError(f"{folder}: its images have no common size, or there are none.")
        return (np.stack(images) >= self.threshold).astype(np.uint8)
