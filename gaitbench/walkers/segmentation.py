"""What a segmentation does to a silhouette: ragged edges, holes, lost limbs, thin frames.

Chance comes first (`draw_noise`), then the effect without any (`degraded`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.data.normalise import normalised

SEGMENTATION_NOISE = 0.5
"""How bad segmentations are on average; 0 does no more than round corners off."""

Singles = npt.NDArray[np.float32]

_REFERENCE_HEIGHT_PX = 64
_EDGE = 0.17
"""Standard deviation of the threshold's noise.

A blurred edge falls by 0.4 per pixel, so this is half a pixel: what background subtraction leaves
on CASIA-B's edges at 64 pixels, judged by eye."""

_WIDEST_EDGE = 0.42
"""Bound on the noise of edges; below 0.5, so that far from an edge it makes no hole or speck."""

_GRAIN_PX = 3
"""Edges wander over about this many pixels of a 64-pixel frame."""

_PERSISTENCE = 0.4
"""Correlation of the edges' noise from one frame to the next: it follows the scene, but weakly."""

_THINNING = 0.05
"""Standard deviation of the threshold that all pixels of a frame share."""

_LEVEL_LOG_SD = 0.3
"""Recordings differ in lighting and background, so in how well they were segmented."""


@dataclass(frozen=True)
class _Blemishes:
    """One kind of local damage, at level 1 and a height of 64 pixels.

    Args:
        per_frame: Mean number that start in a frame.
        radius_px: Smallest and largest radius.
        most_frames: Longest duration.
        depth: Added to the threshold at the centre; above 0.5 it empties the body, below -0.5 it
            fills.
        from_row: Share of the height above which none starts: low contrast is a matter of legs and
            feet.
    """

    per_frame: float
    radius_px: tuple[float, float]
    most_frames: int
    depth: float
    from_row: float


_KINDS = (
    _Blemishes(per_frame=0.20, radius_px=(0.8, 2.2), most_frames=2, depth=1.0, from_row=0.0),
    _Blemishes(per_frame=0.04, radius_px=(2.5, 6.0), most_frames=4, depth=0.9, from_row=0.45),
    _Blemishes(per_frame=0.06, radius_px=(1.5, 3.0), most_frames=3, depth=-0.8, from_row=0.6),
)
"""Holes, lost pieces of limbs, and background or shadow taken for body."""


@dataclass(frozen=True, eq=False)
class DrawnNoise:
    """One clip's noise, with no chance left in it.

    Args:
        edges: Shape [t, rows, columns], threshold offsets on a coarse grid over the frame.
        blemishes: Shape [n, 6]: first frame, one past the last, the centre as a share of the body's
            pixels in reading order, radius in pixels, depth, and the share of the height above
            which pixels do not count.
    """

    edges: Singles
    blemishes: npt.NDArray[np.float64]


def draw_level(rng: np.random.Generator) -> float:
    """Draw how badly one recording was segmented, around `SEGMENTATION_NOISE`."""
    return SEGMENTATION_NOISE * float(np.exp(_LEVEL_LOG_SD * rng.standard_normal()))


def _draw_edges(rng: np.random.Generator, t: int, rows: int, columns: int, level: float) -> Singles:
    field = rng.standard_normal((t, rows, columns), np.float32)
    fresh = np.float32(np.sqrt(1.0 - _PERSISTENCE**2))
    for frame in range(1, t):
        field[frame] = np.float32(_PERSISTENCE) * field[frame - 1] + fresh * field[frame]
    thinning = rng.standard_normal((t, 1, 1), np.float32) * np.float32(_THINNING * level)
    return np.asarray(field * np.float32(_EDGE * level) + thinning)


def draw_noise(rng: np.random.Generator, size: tuple[int, int, int], level: float) -> DrawnNoise:
    """Draw the noise of a clip.

    Args:
        rng: The clip's own stream.
        size: Frames, height and width of the clip.
        level: From `draw_level`.
    """
    t, h, w = size
    scale = h / _REFERENCE_HEIGHT_PX
    grain = max(1, round(_GRAIN_PX * scale))
    edges = _draw_edges(rng, t, h // grain + 2, w // grain + 2, level)
    blemishes = []
    for kind in _KINDS:
        for _ in range(rng.poisson(kind.per_frame * t * level)):
            start = int(rng.integers(t))
            stop = min(t, start + int(rng.integers(1, kind.most_frames + 1)))
            radius = rng.uniform(*kind.radius_px) * scale
            blemishes.append((start, stop, rng.random(), radius, kind.depth, kind.from_row))
    return DrawnNoise(edges, np.array(blemishes, dtype=np.float64).reshape(-1, 6))


def _blurred(frames: npt.NDArray[np.uint8]) -> Singles:
    """Return frames in [0, 1], smoothed by a binomial kernel of standard deviation 1 pixel."""
    soft: npt.NDArray[np.uint16] = frames.astype(np.uint16)
    for axis in (1, 2):
        ends = [(0, 0), (0, 0), (0, 0)]
        # The body touches the frame's top and bottom; edge values there keep it from being worn
        # away.
        ends[axis] = (2, 2)
        soft = np.pad(soft, ends, mode="edge")
        # Four sums of neighbours make the binomial weights 1, 4, 6, 4, 1.
        for _ in range(4):
            soft = soft[:, :-1] + soft[:, 1:] if axis == 1 else soft[:, :, :-1] + soft[:, :, 1:]
    return soft.astype(np.float32) / np.float32(256.0)


def _stretched(grid: Singles, axis: int, size: int, grain: int) -> Singles:
    """Interpolate [t, rows, columns] linearly along one axis to `size` points, `grain` apart."""
    cells = -(-size // grain)
    lines = grid if axis == 1 else grid.swapaxes(1, 2)
    low = lines[:, :cells]
    rise = lines[:, 1 : cells + 1] - low
    shape = list(grid.shape)
    shape[axis] = cells * grain
    out = np.empty(shape, np.float32)
    filled = out if axis == 1 else out.swapaxes(1, 2)
    for step in range(grain):
        filled[:, step::grain] = low + np.float32(step / grain) * rise
    return out[:, :size] if axis == 1 else out[:, :, :size]


def _add_blemish(
    threshold: Singles, frames: npt.NDArray[np.uint8], blemish: npt.NDArray[np.float64]
) -> None:
    start, stop = int(blemish[0]), int(blemish[1])
    share, radius, depth, from_row = blemish[2:]
    _, h, w = frames.shape
    first = int(from_row * h)
    body = np.flatnonzero(frames[start, first:])
    if not body.size:
        return
    row, column = divmod(int(body[int(share * body.size)]), w)
    row += first
    # A bell of this radius is nothing beyond three radii.
    reach = int(3 * radius) + 1
    rows = slice(max(0, row - reach), min(h, row + reach + 1))
    columns = slice(max(0, column - reach), min(w, column + reach + 1))
    dy, dx = np.arange(rows.start, rows.stop) - row, np.arange(columns.start, columns.stop) - column
    bell = depth * np.exp(-(dy[:, None] ** 2 + dx**2) / (1.44 * radius**2))
    threshold[start:stop, rows, columns] += bell.astype(np.float32)


def degraded(frames: npt.NDArray[np.uint8], noise: DrawnNoise) -> npt.NDArray[np.uint8]:
    """Return the silhouettes that a segmentation would have found, normalised again.

    Args:
        frames: Shape [t, h, w], {0, 1}; stays as it was.
        noise: Drawn for frames of this shape.

    Returns:
        Shape [t, h, w], {0, 1}. A frame that would be left without any body stays as it was.
    """
    _, h, w = frames.shape
    grain = max(1, round(_GRAIN_PX * h / _REFERENCE_HEIGHT_PX))
    threshold = _stretched(_stretched(noise.edges, 1, h, grain), 2, w, grain)
    np.clip(threshold, -_WIDEST_EDGE, _WIDEST_EDGE, out=threshold)
    threshold += np.float32(0.5)
    for blemish in noise.blemishes:
        _add_blemish(threshold, frames, blemish)
    noisy = (_blurred(frames) > threshold).view(np.uint8)
    empty = ~noisy.any(axis=(1, 2))
    noisy[empty] = frames[empty]
    return normalised(noisy, h, w)
