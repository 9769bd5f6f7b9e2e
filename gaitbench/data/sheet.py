"""Contact sheets: a few frames of many sequences in one picture, for the eyes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles
from gaitbench.data.silhouettes import Silhouettes

GAP_PX = 2
_GAP_GREY = 0.35


def tiled(rows: Sequence[npt.NDArray[np.uint8]], frames_per_sequence: int) -> Doubles:
    """Return one picture with a row of frames per clip.

    Args:
        rows: Clips [t, h, w] of one frame size, {0, 1}.
        frames_per_sequence: How many frames of each clip, spread evenly over it.

    Returns:
        Shape [n · (h + GAP_PX), frames_per_sequence · (w + GAP_PX)], in [0, 1].
    """
    lines = []
    for clip in rows:
        chosen = np.linspace(0, len(clip) - 1, frames_per_sequence).round().astype(np.int64)
        edged = np.pad(
            clip[chosen].astype(np.float64),
            ((0, 0), (0, GAP_PX), (0, GAP_PX)),
            constant_values=_GAP_GREY,
        )
        lines.append(np.concatenate(list(edged), axis=1))
    return np.concatenate(lines)


def contact_sheet(
    silhouettes: Silhouettes, indices: Sequence[int], frames_per_sequence: int = 10
) -> Doubles:
    """Return a picture with one row of frames for each of these sequences; see `tiled`."""
    return tiled([silhouettes.frames(int(i)) for i in indices], frames_per_sequence)


def save_png(sheet: Doubles, path: Path) -> None:
    """Save a picture with values in [0, 1] as a grey PNG, one pixel per value."""
    # Imported here: everything else in this module works without loading a plotting library.
    from matplotlib.image import imsave

    imsave(path, sheet, cmap="gray", vmin=0.0, vmax=1.0)
