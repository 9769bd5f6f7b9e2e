"""Time and memory of scoring, against the straightforward way in the same run.

    python benchmarks/ranking.py [--cases gait3d,grew] [--repeats 3]

The cases have the sizes of Gait3D's test set and of GREW's local protocol. The reference computes a
float32 distance matrix part by part and sorts every row completely. It does less (no verification, no
excluded pairs) and its distances are less exact. The ratio of the times carries over between machines;
the seconds do not. Peak memory is of the whole process, embeddings included, measured in one process
per way; the run fails where gaitbench exceeds its limit.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.data.rules import Rules
from gaitbench.evaluation.counted_rows import CountedRows
from gaitbench.evaluation.metrics.base import get_metric
from gaitbench.evaluation.retrieval import score_probes

Embeddings = npt.NDArray[np.float32]
CHANNELS, PARTS = 256, 16
MIB = 2**20
LIMIT_MIB = 2048
CASES = {"gait3d": (1000, 5400), "grew": (6000, 6000)}
"""Probes and gallery sequences."""


def problem(probes: int, gallery: int) -> tuple[Embeddings, Embeddings, pd.DataFrame, pd.DataFrame]:
    """Return embeddings and tables with about six gallery sequences per identity."""
    rng = np.random.default_rng(0)
    identities = max(1, gallery // 6)
    centres = rng.standard_normal((identities, CHANNELS, PARTS), dtype=np.float32)

    def side(n: int, role: str) -> tuple[Embeddings, pd.DataFrame]:
        own = rng.integers(0, identities, n)
        embeddings = rng.standard_normal((n, CHANNELS, PARTS), dtype=np.float32)
        embeddings *= 4
        embeddings += centres[own]
        names = [f"{role}-{i}" for i in range(n)]
        table = pd.DataFrame(
            {
                "sequence": names,
                "identity": own.astype(str),
                "condition": role,
                "view": [f"{18 * v:03d}" for v in rng.integers(0, 11, n)],
                "recording": names,
            }
        )
        return embeddings, table

    probe_embeddings, probe_table = side(probes, "probe")
    gallery_embeddings, gallery_table = side(gallery, "gallery")
    return probe_embeddings, gallery_embeddings, probe_table, gallery_table


def ours(
    probe: Embeddings, gallery: Embeddings, probes: pd.DataFrame, galleries: pd.DataFrame
) -> tuple[float, float]:
    """Return Rank-1 and mAP as gaitbench computes them."""
    rules = Rules()
    counted = CountedRows.of(score_probes(probe, gallery, probes, galleries, rules), rules)
    return counted.value(get_metric("rank_1")), counted.value(get_metric("map"))


def reference(
    probe: Embeddings, gallery: Embeddings, probes: pd.DataFrame, galleries: pd.DataFrame
) -> tuple[float, float]:
    """Return Rank-1 and mAP from a loop over the parts and a complete sort."""
    distances = np.zeros((len(probe), len(gallery)), np.float32)
    for part in range(PARTS):
        a, b = probe[:, :, part], gallery[:, :, part]
        squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * (a @ b.T)
        distances += np.sqrt(np.maximum(squared, 0)) / PARTS
    order = np.argsort(distances, axis=1)
    probe_ids, gallery_ids = probes["identity"].to_numpy(), galleries["identity"].to_numpy()
    codes = {identity: i for i, identity in enumerate(np.union1d(probe_ids, gallery_ids))}
    probe_codes = np.array([codes[i] for i in probe_ids])
    matches = np.array([codes[i] for i in gallery_ids])[order] == probe_codes[:, None]
    matches = matches[matches.any(axis=1)]
    precision = matches.cumsum(axis=1) / np.arange(1, len(gallery) + 1)
    ap = (precision * matches).sum(axis=1) / matches.sum(axis=1)
    return float(matches[:, 0].mean()), float(ap.mean())


WAYS: dict[str, Callable[..., tuple[float, float]]] = {"gaitbench": ours, "reference": reference}


def peak_mib() -> float:
    """Return the largest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MIB if sys.platform == "darwin" else peak / 1024


def main() -> None:
    """Compare both ways in every case, or run one of them and print its peak memory."""
    parser = argparse.ArgumentParser(description="Scoring against a straightforward reference.")
    parser.add_argument("--cases", default=",".join(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory-of", choices=WAYS, help="run one way once, print its peak in MiB")
    options = parser.parse_args()
    cases = options.cases.split(",")
    if options.memory_of:
        data = problem(*CASES[cases[0]])
        before = peak_mib()
        WAYS[options.memory_of](*data)
        print(f"{before:.0f} {peak_mib():.0f}")
        return
    # A new process inherits the peak of the one that starts it: these start while it is small.
    memory = {(case, name): measured_peaks(case, name) for case in cases for name in WAYS}
    for case in cases:
        compare(case, {name: memory[case, name] for name in WAYS}, options.repeats)
    too_large = [case for case in cases if memory[case, "gaitbench"][1] > LIMIT_MIB]
    if too_large:
        sys.exit(f"gaitbench needs more than {LIMIT_MIB} MiB in: {', '.join(too_large)}")


def compare(case: str, memory: dict[str, list[int]], repeats: int) -> None:
    """Time both ways in turn, so that a load from elsewhere meets both, and print a line for each."""
    data = problem(*CASES[case])
    print(f"{case}: {' probes × '.join(map(str, CASES[case]))} gallery, {CHANNELS} × {PARTS}")
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    results: dict[str, tuple[float, float]] = {}
    for _ in range(repeats):
        for name, way in WAYS.items():
            start = time.perf_counter()
            results[name] = way(*data)
            seconds[name].append(time.perf_counter() - start)
    # Noise only ever adds, so the shortest time is the best estimate.
    best = {name: min(times) for name, times in seconds.items()}
    for name, (rank_1, mean_ap) in results.items():
        inputs, peak = memory[name]
        print(
            f"  {name:10} {best[name]:6.2f} s   peak {peak:>5} MiB (inputs alone {inputs})   "
            f"Rank-1 {rank_1:.4f}   mAP {mean_ap:.4f}"
        )
    print(f"  gaitbench / reference: {best['gaitbench'] / best['reference']:.2f} × the time")


def measured_peaks(case: str, name: str) -> list[int]:
    """Return the peaks in MiB after making the inputs and after scoring, in a new process."""
    command = [sys.executable, __file__, "--memory-of", name, "--cases", case]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(part) for part in done.stdout.split()]


if __name__ == "__main__":
    main()
