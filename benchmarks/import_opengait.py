"""Frames per second and size of an import from OpenGait's layout, against a plain loop over pickles.

The tree is made in a temporary folder: 1,000 clips of 60 frames of 64×64, drawn from a few walkers.

    python benchmarks/import_opengait.py [JOBS]
"""

import json
import pickle
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaitbench.data.readers.opengait.importer import import_opengait
from gaitbench.data.readers.opengait.reader import OpenGaitReader
from gaitbench.walkers.dataset import Walkers

CLIPS = 1000
FRAMES = 60
PER_IDENTITY = 20
RUNS = 3


def walks(count: int = 8) -> list[npt.NDArray[np.uint8]]:
    """Return some walks as OpenGait stores them: uint8 [t, 64, 64] with 0 and 255."""
    walkers = Walkers(frames=FRAMES)
    return [
        255 * walkers.seen(walkers.recording(f"test-{i:04d}", f"test-{i:04d}-nm-01"), 22.5 * i)
        for i in range(count)
    ]


def make_tree(folder: Path) -> tuple[Path, Path, int]:
    """Write a tree in the names of OU-MVLP; return it, its partition and its pickles' bytes."""
    shown, size = walks(), 0
    identities = [f"{i:05d}" for i in range(CLIPS // PER_IDENTITY)]
    root = folder / "tree"
    for number in range(CLIPS):
        view = number // 2 % (PER_IDENTITY // 2)
        at = root / identities[number // PER_IDENTITY] / f"{number % 2:02d}" / f"{15 * view:03d}"
        at.mkdir(parents=True)
        # No two clips are the same: one of them would be left out.
        clip = np.roll(shown[number % len(shown)], number // len(shown) % FRAMES, axis=0)
        clip = clip.copy()
        clip[:, 0, : 1 + number // 60] = 255
        data = pickle.dumps(clip)
        (at / f"{at.name}.pkl").write_bytes(data)
        size += len(data)
    half = len(identities) // 2
    partition = folder / "partition.json"
    partition.write_text(
        json.dumps({"TRAIN_SET": identities[:half], "TEST_SET": identities[half:]})
    )
    return root, partition, size


def plain_loop(root: Path) -> list[npt.NDArray[np.uint8]]:
    """Load every pickle and append it: no check, nothing packed, nothing written."""
    clips = []
    for path in sorted(root.rglob("*.pkl")):
        with path.open("rb") as file:
            clips.append(pickle.load(file))
    return clips


def main(jobs: int) -> None:
    """Print both times, their ratio and the sizes; the best of some runs, the first one included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root, partition, size = make_tree(folder)
        frames = CLIPS * FRAMES
        plain, ours = [], []
        for run in range(RUNS):
            start = time.perf_counter()
            plain_loop(root)
            plain.append(time.perf_counter() - start)
            out = folder / f"out-{run}"
            start = time.perf_counter()
            report = import_opengait(
                root, out, OpenGaitReader("oumvlp", partition=partition), jobs=jobs
            )
            ours.append(time.perf_counter() - start)
            if report.frames != frames:
                print(report.text())
        packed = sum(path.stat().st_size for path in out.iterdir())
    for what, times in (("plain loop", plain), (f"import, {jobs} jobs", ours)):
        listed = ", ".join(f"{seconds:.2f}" for seconds in times)
        print(f"{what:16} {frames / min(times):10,.0f} frames/s   (runs: {listed} s)")
    first = frames / ours[0]
    print(f"first run: {first:,.0f} frames/s")
    print(f"import / plain loop: {min(ours) / min(plain):.2f} × the time")
    print(f"pickles {size:,} bytes, data set {packed:,} bytes: 1/{size / packed:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
