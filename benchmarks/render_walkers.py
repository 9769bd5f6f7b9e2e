"""Time of rendering walkers by scanlines, against testing every pixel of every outline.

Both draw the same outlines in one run, so the ratio means something on any machine:

    python benchmarks/render_walkers.py
"""

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gaitbench.data.body import body_solids, render
from gaitbench.data.raster import Outlines, fill, scan
from gaitbench.data.scene import Camera, Solids, project
from gaitbench.data.silhouettes import pack
from gaitbench.data.walkers import Walkers

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


def main() -> None:
    """Print milliseconds per clip for every step, and the ratio to the reference."""
    walkers = Walkers()
    names = [f"test-{i + 1:04d}" for i in range(CLIPS)]
    walk = [seconds(lambda n=n: walkers.recording(n, f"{n}-nm-01")) for n in names]  # type: ignore[misc]
    recordings = [walkers.recording(name, f"{name}-nm-01") for name in names]
    views = [walkers.views[i % len(walkers.views)] for i in range(CLIPS)]
    clean, whole = [], []
    for recording, view in zip(recordings, views, strict=True):
        camera = walkers.camera(recording, view)
        clean.append(seconds(lambda: render(recording.pose, recording.shape, camera)))  # noqa: B023
        whole.append(seconds(lambda: pack(walkers.seen(recording, view))))  # noqa: B023
    for title, times in (("walk", walk), ("render", clean), ("render, noise, pack", whole)):
        print(f"{title:>20}: {1e3 * np.median(times):6.2f} ms per clip of {walkers.frames} frames")

    recording = recordings[0]
    outlines = outlines_in_pixels(
        body_solids(recording.pose, recording.shape),
        walkers.camera(recording, 72.0),
        recording.pose[15, 0],
    )
    frames = outlines.u.shape[0]
    fast = min(
        seconds(lambda: fill(scan(outlines, SIZE, 2 * SIZE), frames, SIZE, 2 * SIZE))
        for _ in range(20)
    )
    slow = sum(seconds(lambda: by_pixels(outlines, frame)) for frame in range(REFERENCE_FRAMES))  # noqa: B023
    drawn = fill(scan(outlines, SIZE, 2 * SIZE), frames, SIZE, 2 * SIZE)
    differing = sum(
        int(np.count_nonzero(by_pixels(outlines, f) != drawn[f])) for f in range(REFERENCE_FRAMES)
    )
    ratio = (slow / REFERENCE_FRAMES) / (fast / frames)
    print(
        f"scanlines fill {ratio:,.0f} times as fast as testing every pixel; pixels that differ: {differing}"
    )


if __name__ == "__main__":
    main()
