"""Time of rendering walkers by scanlines, against testing every pixel of every outline.

Both draw the same outlines in one run, so the ratio means something on any machine:

    python benchmarks/render_walkers.py
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from gaitbench.data.silhouettes import pack
from gaitbench.walkers.body import body_solids, render
from gaitbench.walkers.dataset import Recording, Walkers
from gaitbench.walkers.raster import Outlines, fill, scan
from gaitbench.walkers.scene import Camera, Solids, project

CLIPS = 100
REFERENCE_FRAMES = 2
SIZE = 64


def by_pixels(outlines: Outlines, frame: int) -> npt.NDArray[np.uint8]:
    """Draw one frame by asking of every pixel and outline whether a disc on the way covers it."""
    y, x = np.mgrid[0:SIZE, 0 : 2 * SIZE] + 0.5
    image = np.zeros((SIZE, 2 * SIZE), np.uint8)
    for p in range(outlines.u.shape[1]):
        v = y / outlines.stretch_y[frame, p]
        u = (x - outlines.shear[frame, p] * v) / outlines.stretch_x[frame, p]
        (u0, u1), (v0, v1), (r0, r1) = (
            a[frame, p] for a in (outlines.u, outlines.v, outlines.radius)
        )
        for share in np.linspace(0.0, 1.0, 100):
            radius = r0 + share * (r1 - r0)
            away = np.hypot(u - u0 - share * (u1 - u0), v - v0 - share * (v1 - v0))
            image |= (away <= radius).astype(np.uint8)
    return image


def seconds(work: Callable[[], object]) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def outlines_in_pixels(solids: Solids, camera: Camera, target: npt.NDArray[np.float64]) -> Outlines:
    """Return the outlines at the size of a frame, on a canvas of twice its width."""
    outlines, _ = project(solids, camera, target)
    top, bottom = outlines.top.min(axis=1), outlines.bottom.max(axis=1)
    scale = SIZE / (bottom - top)
    return outlines.placed(scale, np.full(len(scale), float(SIZE)), -top * scale)


def time_clips(walkers: Walkers) -> None:
    """Print milliseconds per clip for every step."""
    walk, clean, whole = [], [], []
    for i in range(CLIPS):
        identity, view = f"test-{i + 1:04d}", walkers.views[i % len(walkers.views)]
        draw_recording = partial(walkers.recording, identity, f"{identity}-nm-01")
        walk.append(seconds(draw_recording))
        recording = draw_recording()
        camera = walkers.camera(recording, view)
        clean.append(seconds(partial(render, recording.pose, recording.shape, camera)))
        whole.append(seconds(partial(finished, walkers, recording, view)))
    for title, times in (("walk", walk), ("render", clean), ("render, noise, pack", whole)):
        print(f"{title:>20}: {1e3 * np.median(times):6.2f} ms per clip of {walkers.frames} frames")


def finished(walkers: Walkers, recording: Recording, view: float) -> npt.NDArray[np.uint8]:
    """Return a clip as it is stored."""
    return pack(walkers.seen(recording, view))


def compare(walkers: Walkers) -> None:
    """Print the ratio of the two ways to fill, and whether they draw the same."""
    recording = walkers.recording("test-0001", "test-0001-nm-01")
    solids = body_solids(recording.pose, recording.shape)
    outlines = outlines_in_pixels(solids, walkers.camera(recording, 72.0), recording.pose[15, 0])
    frames = len(recording.pose)

    def by_scanlines() -> npt.NDArray[np.uint8]:
        return fill(scan(outlines, SIZE, 2 * SIZE), frames, SIZE, 2 * SIZE)

    fast = min(seconds(by_scanlines) for _ in range(20)) / frames
    slow = min(seconds(partial(by_pixels, outlines, f)) for f in range(REFERENCE_FRAMES))
    drawn = by_scanlines()
    differing = sum(
        np.count_nonzero(by_pixels(outlines, f) != drawn[f]) for f in range(REFERENCE_FRAMES)
    )
    print(f"filling a frame by scanlines: {1e6 * fast:.0f} µs, {slow / fast:,.0f} times as fast as")
    print(f"testing every pixel ({1e3 * slow:.0f} ms); pixels that differ: {differing}")


if __name__ == "__main__":
    time_clips(Walkers())
    compare(Walkers())
