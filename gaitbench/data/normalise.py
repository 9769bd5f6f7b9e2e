"""Bringing binary silhouettes to the size and place that gait networks expect.

The convention is OpenGait's (Fan et al., "OpenGait: Revisiting Gait Recognition", CVPR 2023; it
goes back to GaitSet, Chao et al., AAAI 2019): a frame is cut to the rows of the body, scaled to the
wanted height with its proportions kept, and moved sideways until the median column of its mass
stands in the middle.
"""

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


def median_columns(frames: Images) -> Ints:
    """Return per frame the first column up to which more than half of the mass lies.

    Args:
        frames: Shape [t, h, w].

    Returns:
        Shape [t]; 0 for an empty frame.
    """
    # A column holds at most the frame's height, so the narrow sum cannot overflow; it is the
    # faster.
    mass = np.cumsum(frames.sum(axis=1, dtype=np.uint16), axis=1, dtype=np.int64)
    return np.asarray(np.argmax(2 * mass > mass[:, -1:], axis=1))


def columns_from(images: Images, start: Ints, width: int) -> Images:
    """Return `width` columns of each image from `start` [t] on; what lies outside is 0."""
    t, h, w = images.shape
    start = np.clip(start, -width, w)
    padded = np.zeros((t, h, w + 2 * width), np.uint8)
    padded[:, :, width : width + w] = images
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=2)
    return np.asarray(windows[np.arange(t), :, start + width])


def normalised(frames: Images, height: int, width: int) -> Images:
    """Return frames [t, h, w] cut to the body's rows, scaled to `height` and centred.

    Pixels are taken from their nearest neighbour, so binary frames stay binary. Empty frames stay
    empty.

    Returns:
        Shape [t, height, width].
    """
    t, h, w = frames.shape
    occupied = np.asarray(frames.any(axis=2))
    top = np.argmax(occupied, axis=1)
    bottom = h - np.argmax(occupied[:, ::-1], axis=1)
    scale = ((bottom - top) / height)[:, None]
    rows = top[:, None] + np.floor((np.arange(height) + 0.5) * scale).astype(np.int64)
    # The middle column takes the middle of the median column; the others follow at the same scale.
    offsets = np.floor((np.arange(width) - width // 2) * scale + 0.5).astype(np.int64)
    columns = median_columns(frames)[:, None] + offsets
    inside = (columns >= 0) & (columns < w)
    # One flat index per pixel is gathered several times faster than three that are broadcast.
    first = (np.arange(t) * h)[:, None] + rows
    pixels = (first * w)[:, :, None] + np.clip(columns, 0, w - 1)[:, None, :]
    return np.asarray(frames.reshape(-1).take(pixels) * inside[:, None, :])
