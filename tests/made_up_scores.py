"""Results whose numbers follow from per-probe scores, so that intervals and tests mean something."""

import zlib
from dataclasses import replace

import numpy as np
import pandas as pd

from gaitbench.data.rules import Rules
from tests.made_up_results import FACTS, cell, frame, results_from
from tests.summaries import summarise

PROBES_PER_IDENTITY = 4
GALLERY = 30
TITLES = {
    "baseline-1": "Baseline-1",
    "baseline-2": "Baseline-2",
    "occ-aware": "Occ-Aware",
    "mimicgait": "MimicGait",
    "rg-gait": "RG-Gait",
    "gei-lda": "GEI + LDA",
    "gei-lda-whole": "GEI + LDA, whole clips",
}


def scores_of(skill, seed, draw, identities=24, salt=""):
    """Scores in which each probe is found first with probability `skill`, easier people more often."""
    people = np.random.default_rng(7).normal(0, 0.15, identities)
    rng = np.random.default_rng(zlib.crc32(f"{skill} {seed} {draw} {salt}".encode()))
    n = identities * PROBES_PER_IDENTITY
    who = np.arange(n) // PROBES_PER_IDENTITY
    hit = rng.random(n) < np.clip(skill + people[who], 0, 1)
    rank = np.where(hit, 1, rng.integers(2, GALLERY, n))
    return pd.DataFrame(
        {
            "search": "all",
            "pairs": "all",
            "gallery_view": "",
            "probe": np.arange(n),
            "sequence": [f"s{i:03}" for i in range(n)],
            "identity": [f"p{i:02}" for i in who],
            "condition": "nm",
            "view": "090",
            "rank": rank,
            "ap": 1 / rank,
            "inp": 1 / rank,
            "genuine": 0.1,
            "impostor": 0.2,
            "mates": 2,
            "gallery": GALLERY,
            "tar_far_0.01": hit.astype(float),
            "tar_far_0.001": hit.astype(float),
            "hidden_share": 0.4,
            "alpha": np.nan,
        }
    )


def row(protocol, method, skill, seed, draw=0, *, identities=24, **changes):
    """A finished cell and its scores."""
    salt = repr(sorted(changes.items()))
    scores = scores_of(skill, seed, draw, identities, salt=f"{method} {salt}")
    numbers = summarise(scores, Rules())
    key = f"{protocol}/{method}/{seed}/{draw}/{salt}"
    found = cell(
        protocol, method, TITLES.get(method, method), 0.0, seed, key=key, draw=draw, **changes
    )
    scores["pairs"] = found["pairs"]
    found |= numbers | {"n_identities": identities}
    return found, scores


def results_of(rows, **facts):
    """Results of (cell, scores) pairs."""
    scores = {found["key"]: table for found, table in rows}
    cells = frame([found for found, _ in rows])
    return results_from(cells, FACTS | facts, scores.__getitem__, Rules())


def on_two_backbones(results):
    """Return results and the same of another backbone."""
    cells = results.cells
    other = cells.assign(backbone="gaitgl", key="gaitgl " + cells["key"])
    both = pd.concat([cells, other], ignore_index=True)
    return replace(
        results, cells=both, probes=lambda key: results.probes(key.removeprefix("gaitgl "))
    )
