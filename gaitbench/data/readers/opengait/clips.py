"""From what a file holds to one binary clip, or the reason why it is none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import DataError
from gaitbench.data.readers.opengait.pickles import AnyArray

Bits = npt.NDArray[np.bool_]

_CHANNEL_AXES = (1, 3)
"""Where a channel axis of size 1 may stand: [t, 1, h, w] or [t, h, w, 1]."""


def binary_clip(arrays: AnyArray | Sequence[AnyArray], *, min_frames: int) -> Bits:
    """Return silhouettes as booleans.

    A pixel is body where it reaches half of the largest value that its kind of image can have: 1 if no
    value is larger than 1, else 255, else (16-bit images) 65535. Silhouettes that were interpolated to
    their size, as OpenGait's are, so get their edge where the field's own drawings show it.

    Args:
        arrays: One array [t, h, w], [t, 1, h, w] or [t, h, w, 1], or a list of frames [h, w].
        min_frames: How many frames a clip has at least.

    Returns:
        Shape [t, h, w].

    Raises:
        DataError: If this is no clip of silhouettes; the message says why, without the file's name.
    """
    clip = _stacked(arrays)
    if clip.dtype.kind not in "buif":
        raise DataError(f"values are {clip.dtype}, not numbers of silhouettes (uint8, 0 to 255)")
    if clip.ndim == 4:
        clip = _without_channel(clip)
    if clip.ndim != 3:
        raise DataError(f"shape {list(clip.shape)} is not [frames, height, width]")
    if not clip.size:
        raise DataError(f"empty: shape {list(clip.shape)}")
    if len(clip) < min_frames:
        raise DataError(
            f"{len(clip)} frame, fewer than {min_frames} (--min-frames)"
            if len(clip) == 1
            else f"{len(clip)} frames, fewer than {min_frames} (--min-frames)"
        )
    if clip.dtype.kind == "f" and not np.isfinite(clip).all():
        raise DataError(f"{int((~np.isfinite(clip)).sum())} values are not numbers (NaN, infinity)")
    return _thresholded(clip)


def _stacked(arrays: AnyArray | Sequence[AnyArray]) -> AnyArray:
    if isinstance(arrays, np.ndarray):
        return arrays
    if not arrays:
        raise DataError("empty: a list without frames")
    if len(arrays) == 1 and arrays[0].ndim == 3:
        return arrays[0]
    shapes = {frame.shape for frame in arrays}
    if len(shapes) > 1:
        sizes = ", ".join("×".join(map(str, shape)) for shape in sorted(shapes)[:4])
        raise DataError(f"frames of different sizes in one clip: {sizes}")
    if arrays[0].ndim != 2:
        raise DataError(f"a list of arrays {list(arrays[0].shape)}, not of frames [height, width]")
    return np.stack(arrays)


def _without_channel(clip: AnyArray) -> AnyArray:
    for axis in _CHANNEL_AXES:
        if clip.shape[axis] == 1:
            return clip.squeeze(axis)
    raise DataError(
        f"shape {list(clip.shape)} is not [frames, height, width]: images with channels are no silhouettes"
    )


def level(lowest: float, largest: float) -> int:
    """Return the largest value that images of this range can have: 1, 255 or 65535.

    Raises:
        DataError: If they are no images.
    """
    if lowest < 0 or largest > 65535:
        raise DataError(f"values from {lowest:g} to {largest:g} are no images (0 to 255)")
    return next(top for top in (1, 255, 65535) if largest <= top)


def _thresholded(clip: npt.NDArray[Any]) -> Bits:
    if clip.dtype == np.bool_:
        body: Bits = clip
        top, largest = 1, float(clip.any())
    else:
        # Nothing in uint8 or another unsigned kind is negative: one pass less over the clip.
        lowest = 0.0 if clip.dtype.kind == "u" else float(clip.min())
        largest = float(clip.max())
        top = level(lowest, largest)
        half = top / 2 if clip.dtype.kind == "f" else (top + 1) // 2
        body = clip >= half
    if largest == 0:
        raise DataError("all frames are black")
    if not body.any():
        raise DataError(
            f"no pixel reaches half of {top}, the largest value is {largest:g}: labels of body parts, for "
            "example, are no silhouettes"
        )
    return body
