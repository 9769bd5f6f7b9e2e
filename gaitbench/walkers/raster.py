"""Filling convex outlines row by row, for all frames of a clip at once.

Every outline is the hull of two discs, seen through a linear map that keeps rows rows. That one
form holds circles, tapered capsules, ellipses and swept ellipses, and its intersection with a row
is a single interval in closed form: no pixel is ever tested.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Outlines:
    """Convex outlines in an image; x grows to the right, y downwards, in the caller's units.

    With (u, v) as the discs' own plane, a point lies at y = stretch_y · v and x = stretch_x · u +
    shear · v.

    Args:
        u: Shape [t, p, 2], centres of the two discs of each outline.
        v: Shape [t, p, 2].
        radius: Shape [t, p, 2], positive.
        stretch_x: Shape [t, p], positive.
        stretch_y: Shape [t, p], positive.
        shear: Shape [t, p].
    """

    u: Doubles
    v: Doubles
    radius: Doubles
    stretch_x: Doubles
    stretch_y: Doubles
    shear: Doubles

    @property
    def top(self) -> Doubles:
        """Smallest y of each outline, [t, p]."""
        ends = self.v - self.radius
        return self.stretch_y * np.minimum(ends[..., 0], ends[..., 1])

    @property
    def bottom(self) -> Doubles:
        """Largest y of each outline, [t, p]."""
        ends = self.v + self.radius
        return self.stretch_y * np.maximum(ends[..., 0], ends[..., 1])

    def placed(self, scale: Doubles, x: Doubles, y: Doubles) -> "Outlines":
        """Return the outlines scaled about the origin, then moved; all arguments have shape [t]."""
        stretch_x, stretch_y, shear = (
            part * scale[:, None] for part in (self.stretch_x, self.stretch_y, self.shear)
        )
        v = self.v + (y[:, None] / stretch_y)[..., None]
        # Moving down in v would move x by the shear too, so u takes that back.
        moved_x = x[:, None] - shear * y[:, None] / stretch_y
        u = self.u + (moved_x / stretch_x)[..., None]
        return Outlines(u, v, self.radius, stretch_x, stretch_y, shear)


@dataclass(frozen=True, eq=False)
class Spans:
    """Runs of pixels, one per outline and row that it meets.

    Args:
        frame: Shape [n].
        outline: Shape [n].
        row: Shape [n].
        start: Shape [n], first column.
        stop: Shape [n], one past the last column; not below `start`.
    """

    frame: Ints
    outline: Ints
    row: Ints
    start: Ints
    stop: Ints


# Rows of the table that describes hulls of two discs, one hull per column.
_U0, _U1, _V0, _V1, _SQUARE0, _SQUARE1 = range(6)
_AT0, _AT1, _SLOPE0, _SLOPE1, _FIRST0, _FIRST1, _LAST0, _LAST1 = range(6, 14)


def _hulls(u: Doubles, v: Doubles, radius: Doubles) -> Doubles:
    """Return discs and their outer tangents as a table [14, n]; all arguments have shape [2, n].

    A tangent's row holds u at v = 0, the change of u with v, and the smallest and largest v of the
    segment between the discs; the largest is below the smallest where there is none.
    """
    du, dv, dr = u[1] - u[0], v[1] - v[0], radius[0] - radius[1]
    gap = du**2 + dv**2
    # One disc inside the other: the hull is the larger disc, and there are no tangents.
    apart = gap > dr**2 + 1e-18
    gap = np.where(apart, gap, 1.0)
    along = dr / gap
    across = np.sqrt(np.where(apart, gap - dr**2, 0.0)) / gap
    # Unit normals of the two tangents; a tangent touches each disc at centre + radius · normal.
    normal_u = np.stack([along * du - across * dv, along * du + across * dv])
    normal_v = np.stack([along * dv + across * du, along * dv - across * du])
    u0, v0 = u[0] + radius[0] * normal_u, v[0] + radius[0] * normal_v
    u1, v1 = u[1] + radius[1] * normal_u, v[1] + radius[1] * normal_v
    rise = v1 - v0
    # A level tangent meets one row only, in points that lie on the discs as well.
    usable = apart & (np.abs(rise) > 1e-12)
    slope = (u1 - u0) / np.where(usable, rise, 1.0)
    first = np.where(usable, np.minimum(v0, v1), np.inf)
    last = np.where(usable, np.maximum(v0, v1), -np.inf)
    return np.concatenate([u, v, radius**2, u0 - slope * v0, slope, first, last])


def _row_intervals(hulls: Doubles, v: Doubles) -> tuple[Doubles, Doubles]:
    """Return where row `v` [n] enters and leaves its hull [14, n]; enters > leaves if it misses."""
    enters, leaves = np.full(v.shape, np.inf), np.full(v.shape, -np.inf)
    # The hull's ends on a row are the outermost of at most four points: two arcs and two tangents.
    for centre, at, square in ((_U0, _V0, _SQUARE0), (_U1, _V1, _SQUARE1)):
        squared = hulls[square] - (v - hulls[at]) ** 2
        half = np.sqrt(np.maximum(squared, 0.0))
        # A row that misses the disc is sent to infinity on the far side, where it never wins.
        half[squared < 0] = -np.inf
        np.minimum(enters, hulls[centre] - half, out=enters)
        np.maximum(leaves, hulls[centre] + half, out=leaves)
    for at, slope, first, last in (
        (_AT0, _SLOPE0, _FIRST0, _LAST0),
        (_AT1, _SLOPE1, _FIRST1, _LAST1),
    ):
        edge = hulls[at] + hulls[slope] * v
        crosses = (v >= hulls[first]) & (v <= hulls[last])
        np.minimum(enters, edge, out=enters, where=crosses)
        np.maximum(leaves, edge, out=leaves, where=crosses)
    return enters, leaves


def scan(outlines: Outlines, height: int, width: int) -> Spans:
    """Return the pixels whose centres lie in each outline, as runs.

    Args:
        outlines: In pixels; the centre of the pixel in row i and column j is (j + 0.5, i + 0.5).
        height: Rows of the image; what lies outside is cut off.
        width: Columns of the image.
    """
    p = outlines.u.shape[1]
    first = np.clip(np.ceil(outlines.top - 0.5), 0, height).astype(np.int64).ravel()
    last = np.clip(np.floor(outlines.bottom - 0.5), -1, height - 1).astype(np.int64).ravel()
    counts = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(counts.size), counts)
    row = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts - first, counts)

    hulls = _hulls(*(a.reshape(-1, 2).T for a in (outlines.u, outlines.v, outlines.radius)))
    v = (row + 0.5) / outlines.stretch_y.ravel()[which]
    enters, leaves = _row_intervals(hulls.take(which, axis=1), v)
    crosses = leaves >= enters
    which, row, v = which[crosses], row[crosses], v[crosses]
    stretch, shift = outlines.stretch_x.ravel()[which], outlines.shear.ravel()[which] * v
    start = np.ceil(np.clip(stretch * enters[crosses] + shift - 0.5, 0, width)).astype(np.int64)
    stop = np.floor(np.clip(stretch * leaves[crosses] + shift + 0.5, 0, width)).astype(np.int64)
    return Spans(which // p, which % p, row, start, np.maximum(start, stop))


def fill(spans: Spans, frames: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Return the union of all runs as {0, 1}, shape [frames, height, width]."""
    line = (spans.frame * height + spans.row) * (width + 1)
    # Note what opens and closes at each column; the running sum counts the outlines that cover it.
    steps = np.zeros(frames * height * (width + 1), np.int16)
    step = np.int16(1)  # of the same type, or `at` takes its slow path
    np.add.at(steps, line + spans.start, step)
    np.subtract.at(steps, line + spans.stop, step)
    lines = steps.reshape(frames, height, width + 1)
    np.cumsum(lines, axis=2, out=lines)
    return (lines[:, :, :width] > 0).view(np.uint8)


def paint(
    spans: Spans,
    labels: npt.NDArray[np.uint8],
    depth: Doubles,
    frames: int,
    height: int,
    width: int,
) -> npt.NDArray[np.uint8]:
    """Return label images in which the nearest outline wins.

    Args:
        spans: Runs of pixels.
        labels: Shape [p], label of each outline, above 0.
        depth: Shape [t, p], distance of each outline; nearer outlines cover farther ones.
        frames: Number of frames.
        height: Rows.
        width: Columns.

    Returns:
        Shape [frames, height, width]; 0 where there is no outline.
    """
    image = np.zeros((frames, height, width), np.uint8)
    columns = np.arange(width)
    rank = np.argsort(np.argsort(-depth, axis=1, kind="stable"), axis=1, kind="stable")
    order = rank[spans.frame, spans.outline]
    # Outlines of one rank lie in different frames, so they never meet and can be drawn together.
    for level in range(len(labels)):
        chosen = np.flatnonzero(order == level)
        frame, row = spans.frame[chosen], spans.row[chosen]
        inside = (columns >= spans.start[chosen, None]) & (columns < spans.stop[chosen, None])
        lines = image[frame, row]
        image[frame, row] = np.where(inside, labels[spans.outline[chosen], None], lines)
    return image
