"""Synthetic results: every protocol, with numbers that are simple functions of their place."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from gaitbench.evaluation.metrics.base import metrics
from gaitbench.results.frame import Results, columns

METHODS = {
    "baseline-1": ("Baseline-1", 0.10),
    "baseline-2": ("Baseline-2", 0.30),
    "occ-aware": ("Occ-Aware", 0.40),
    "mimicgait": ("MimicGait", 0.50),
    "rg-gait": ("RG-Gait", 0.60),
}
REFERENCES = {
    "gei-lda-whole": ("GEI + LDA, whole clips", 0.08),
    "gei-lda": ("GEI + LDA", 0.36),
    "oracle-type": ("Told the type", 0.62),
    "oracle-window": ("Told the window", 0.66),
}
OWN_SHARES = {"baseline-2": 1.0, "occ-aware": 1.0, "mimicgait": 1.0}
"""Of the methods whose papers occlude other shares of the training clips than one half."""
NEVER_OCCLUDED = ("baseline-1", "gei-lda-whole")
CONDITIONS = {("probe", "all"): 0.5, ("both", "all"): 1.0, ("both", "same part"): 1.2}
"""Side and pairs of a comparison: Rank-1 as a multiple of that of all pairs with both sides occluded."""
SPLITS = {
    ("probe", "top × none"): 0.6,
    ("probe", "bottom × none"): 0.4,
    ("both", "top × top"): 1.3,
    ("both", "top × bottom"): 0.2,
    ("both", "bottom × top"): 0.1,
    ("both", "bottom × bottom"): 1.1,
}
"""The same of the pairs that the main table's are split into."""
ABLATION = {
    "vanilla-residual": ("Vanilla residual", 0.45),
    "aware-only": ("Aware only", 0.50),
    "adaptive-only": ("Adaptive only", 0.52),
    "rg-gait": ("RG-Gait", 0.60),
    "rg-gait-true-alpha": ("Oracle alpha", 0.65),
    "baseline-1": ("Baseline-1", 0.10),
}
GENERATORS = ("top", "bottom", "middle", "pole")
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Wanted at severity 1, 2 and so on; a generator hides up to 1.5 points less."""
FACTS = {
    "preset": "laptop",
    "distance": "euclidean, mean over parts",
    "rules": "walkers, version 1",
    "never_compared": "pairs of one view, pairs of one recording",
    "no_mate": "drop",
    "setting": "mimicgait: top or bottom, every clip, 0.4–0.6",
    "seeds": [0, 1, 2],
    "gaitbench_version": "0.1.0",
    "protocol_version": 1,
    "wall_time_s": 93.25,
}


def cell(protocol, method, title, rank_1, seed, **changes):
    """One finished row; `changes` overrides any column."""
    row = {
        "status": "done",
        "reason": "",
        "command": "",
        "protocol": protocol,
        "dataset": "walkers",
        "test_dataset": "walkers",
        "backbone": "gaitbase",
        "method": method,
        "title": title,
        "setting": "mimicgait",
        "trained": "" if method in NEVER_OCCLUDED else "mimicgait",
        "side": "both",
        "pairs": "all",
        "adapted_to": "",
        "adapted_steps": 0,
        "test": "top+bottom",
        "severity": float("nan"),
        "hidden_wanted": float("nan"),
        "still_falls": False,
        "check": "",
        "seed": seed,
        "draw": 0,
        "rank_1": rank_1,
        "rank_5": min(1.0, rank_1 + 0.2),
        "rank_10": min(1.0, rank_1 + 0.3),
        "rank_20": min(1.0, rank_1 + 0.35),
        "map": 0.8 * rank_1,
        "minp": 0.5 * rank_1,
        "tar_far_0.01": 0.6 * rank_1,
        "tar_far_0.001": 0.3 * rank_1,
        "chance_rank_1": 0.05,
        "chance_rank_5": 0.25,
        "chance_rank_10": 0.5,
        "chance_rank_20": 1.0,
        "alpha": float("nan"),
        "n_probes": 118,
        "n_gallery": 40,
        "n_identities": 20,
        "n_without_mate": 2,
        "hidden_share": 0.45,
        "detector_accuracy": float("nan"),
        "detector_error": float("nan"),
        "steps_occluded": 0 if method in NEVER_OCCLUDED else 300,
        "steps_total": 300 if method in NEVER_OCCLUDED else 700,
        "occluded_share": 0.0 if method in NEVER_OCCLUDED else 0.5,
    }
    if "gei-lda" in method:
        row |= {"steps_occluded": 0, "steps_total": 0}
    row |= changes
    parts = [row[k] for k in ("dataset", "test_dataset", "backbone", "method", "setting")]
    # Of whole clips no side is occluded, and all groups of pairs are of one evaluation.
    parts += ["both" if row["test"] == "holistic" else row["side"]]
    parts += [row["adapted_to"], row["test"], row["severity"], seed, row["draw"]]
    parts += [row["trained"], row["adapted_steps"], row["check"], row["occluded_share"]]
    network = (row["dataset"], row["backbone"], method, row["trained"], row["adapted_to"], seed)
    network += (row["occluded_share"],)
    names = {"key": "/".join(map(str, parts)), "stage": "/".join(map(str, network))}
    return names | row


def compared_cells(protocol, method, title, both, whole, seed, *, groups=CONDITIONS, **changes):
    """A method under the conditions of a comparison.

    Args:
        both: Rank-1 of all pairs with both sides occluded.
        whole: Rank-1 on whole clips.
        groups: Which sides and pairs, with what they multiply `both` by.
    """
    for (side, pairs), factor in groups.items():
        known = {"chance_rank_1": 0.1, "n_gallery": 20} if pairs == "same part" else {}
        if pairs not in ("all", "same part"):
            # Nothing but metrics is known of the parts of all pairs.
            known = dict.fromkeys(UNKNOWN_OF_PARTS, float("nan"))
        yield cell(
            protocol, method, title, max(0.0, factor * both), seed, side=side, pairs=pairs,
            **changes | known,
        )  # fmt: skip
    yield cell(
        protocol, method, title, whole, seed, **changes | {"test": "holistic", "hidden_share": 0.0}
    )


UNKNOWN_OF_PARTS = (
    *("chance_rank_1", "chance_rank_5", "chance_rank_10", "chance_rank_20", "hidden_share"),
    *("n_probes", "n_gallery", "n_identities", "n_without_mate"),
    *("detector_accuracy", "detector_error", "alpha"),
)


COORDINATES = {"adapted_to": "", "adapted_steps": 0, "severity": float("nan"), "check": ""}


def frame(rows):
    return pd.DataFrame(rows, columns=[*columns(), *COORDINATES])


def results_from(cells, facts, probes, rules=None, **more):
    """Return results whose cells stand at the coordinates of the built-in protocols."""
    return Results(cells, facts, probes, rules, coordinates=COORDINATES, **more)


def fake_probes(key):
    """Per-probe scores; only methods with an amount head have alpha."""
    rng = np.random.default_rng(sum(map(ord, key)))
    n = 118
    hidden = rng.uniform(0, 0.7, n)
    scores = pd.DataFrame(
        {
            "search": "all",
            "pairs": "all",
            "gallery_view": "",
            "probe": np.arange(n),
            "sequence": [f"s{i}" for i in range(n)],
            "identity": [f"p{i % 20}" for i in range(n)],
            "condition": "nm",
            "view": "090",
            "rank": rng.integers(1, 20, n),
            "ap": rng.random(n),
            "inp": rng.random(n),
            "genuine": rng.random(n),
            "impostor": rng.random(n),
            "mates": 2,
            "gallery": 40,
            "hidden_share": hidden,
        }
    )
    method = key.split("/")[3]
    if method in ("rg-gait", "mimicgait"):
        scores["alpha"] = np.clip(hidden + rng.normal(0, 0.08, n), 0, 1)
        scores["type_correct"] = rng.random(n) < 0.9
    return scores


def drop(results, chosen, reason="not trained yet", command="gaitbench run exp.toml"):
    """Return results in which the rows that `chosen` picks are missing."""
    cells = results.cells.copy()
    rows = chosen(cells)
    numbers = [
        *metrics.names(),
        "hidden_share",
        "steps_occluded",
        "steps_total",
        "n_probes",
        "n_gallery",
    ]
    numbers += ["n_identities", "n_without_mate", "chance_rank_1", "chance_rank_5"]
    cells[numbers] = cells[numbers].astype(float)
    cells.loc[rows, numbers] = float("nan")
    cells.loc[rows, ["status", "reason", "command"]] = ["missing", reason, command]
    return results_from(cells, results.facts, results.probes)


def kept_by(method, base):
    """Rank-1 on whole clips."""
    if method in NEVER_OCCLUDED:
        return 0.8 if method == "baseline-1" else 0.78
    return 0.5 + base / 2


def occluded_rows(seeds, backbones, datasets):
    for d, dataset in enumerate(datasets):
        for b, backbone in enumerate(backbones):
            place = {"dataset": dataset, "test_dataset": dataset, "backbone": backbone}
            for seed in seeds:
                shift = 0.02 * seed - 0.03 * b - 0.05 * d
                for method, (title, base) in (METHODS | REFERENCES).items():
                    quality = {}
                    if method in ("occ-aware", "mimicgait", "rg-gait"):
                        quality["detector_accuracy"] = 0.9 + 0.01 * seed
                    if method in ("mimicgait", "rg-gait"):
                        quality["detector_error"] = 0.08
                    yield from compared_cells(
                        "occluded", method, title, base + shift, kept_by(method, base) + shift,
                        seed, groups=CONDITIONS | SPLITS, **place, **quality,
                    )  # fmt: skip
                for method, (title, base) in METHODS.items():
                    own = {}
                    more = less = 0.0
                    if method in OWN_SHARES:
                        own, more, less = {"occluded_share": OWN_SHARES[method]}, 0.04, 0.2
                    yield from compared_cells(
                        "own-shares", method, title, base + shift + more,
                        kept_by(method, base) + shift - less, seed, **place, **own,
                    )  # fmt: skip


def new_type_rows(seeds):
    """New types: of every method before, and of those that can after further training."""
    for seed in seeds:
        shift = 0.02 * seed
        for method, (title, base) in (METHODS | REFERENCES).items():
            whole = kept_by(method, base) + shift
            for test, drop_by in (("middle", 0.05), ("dynamic", 0.02)):
                low = base - drop_by + shift
                for protocol in ("generalizability", "adaptability"):
                    yield from compared_cells(protocol, method, title, low, whole, seed, test=test)
                if method not in NEVER_OCCLUDED:
                    steps = {"steps_occluded": 333, "steps_total": 733}
                    yield from compared_cells(
                        "adaptability", method, title, low + 0.1, whole - 0.06, seed, test=test,
                        adapted_to=test, **({} if method == "gei-lda" else steps),
                    )  # fmt: skip


def control_rows(seeds):
    """People who differ in everything, in body alone, and in gait alone."""
    for seed in seeds:
        for method, (title, base) in (METHODS | REFERENCES).items():
            whole = kept_by(method, base) + 0.02 * seed
            for data, factor in (("walkers", 1.0), ("walkers-body", 0.9), ("walkers-gait", 0.25)):
                for test, rank_1 in (
                    ("holistic", whole),
                    ("top+bottom", (base + 0.02 * seed) * CONDITIONS["probe", "all"]),
                ):
                    yield cell(
                        "controls", method, title, factor * rank_1, seed, test=test, side="probe",
                        test_dataset=data, hidden_share=0.0 if test == "holistic" else 0.45,
                    )  # fmt: skip


def other_rows(seeds):
    for seed in seeds:
        shift = 0.02 * seed
        for method, (title, base) in METHODS.items():
            kept = kept_by(method, base)
            yield cell(
                "retention", method, title, kept + shift, seed, test="holistic", hidden_share=0.0
            )
            # The sweep's whole clips are short, so they are recognised less often.
            yield cell(
                "sweep", method, title, kept + shift - 0.05, seed, test="holistic", severity=0,
                hidden_share=0.0,
            )  # fmt: skip
            for g, generator in enumerate(GENERATORS):
                for severity, share in enumerate(SHARES, start=1):
                    rate = max(0.0, 0.9 - (1.2 - base) * share - 0.04 * g + shift / 2)
                    yield cell(
                        "sweep", method, title, rate, seed, test=generator, severity=severity,
                        hidden_wanted=share, hidden_share=share - 0.005 * g,
                    )  # fmt: skip
        for method, (title, base) in ABLATION.items():
            yield from compared_cells("ablation", method, title, base + shift, 0.7 + shift, seed)


def newer_rows(seeds):
    """The audit, the adaptation curve and the sanity panel."""
    for seed in seeds:
        for method, (title, base) in METHODS.items():
            rate = base + 0.02 * seed
            trainings = ("mimicgait", "rg-gait") if method != "baseline-1" else ("",)
            for trained in trainings:
                yield cell(
                    "audit", method, title, 0.7, seed, test="holistic", trained=trained,
                    setting=trained or "mimicgait", hidden_share=0.0,
                )  # fmt: skip
                for setting in ("mimicgait", "rg-gait"):
                    loss = 0.05 * (trained != setting)
                    yield cell(
                        "audit", method, title, rate - loss, seed, trained=trained, setting=setting
                    )
            for steps in (0, 30, 60) if method != "baseline-1" else ():
                for test, change in (("middle", 0.001), ("top+bottom", -0.001), ("holistic", 0)):
                    yield cell(
                        "adaptation-curve", method, title, rate + steps * change, seed, test=test,
                        adapted_to="middle", adapted_steps=steps,
                        hidden_share=0.0 if test == "holistic" else 0.45,
                    )  # fmt: skip
            for check, value in (("as tested", rate), ("blank", 0.0), ("shuffled", rate - 0.02)):
                yield cell("sanity", method, title, value, seed, check=check)


@cache
def complete(seeds, backbones, datasets):
    """Return the cells of a complete run; copy them before changing any."""
    return frame(
        [
            *occluded_rows(seeds, backbones, datasets),
            *new_type_rows(seeds),
            *other_rows(seeds),
            *newer_rows(seeds),
            *control_rows(seeds),
        ]
    )


@pytest.fixture(scope="session")
def make_cell():
    return cell


@pytest.fixture(scope="session")
def make_results():
    """Results from rows."""
    return lambda rows, **facts: results_from(frame(rows), FACTS | facts, fake_probes)


@pytest.fixture(scope="session")
def full():
    """A complete run with the given seeds, backbones and data sets."""

    def make(seeds=(0, 1, 2), backbones=("gaitbase",), datasets=("walkers",)):
        cells = complete(tuple(seeds), tuple(backbones), tuple(datasets))
        return results_from(cells.copy(), dict(FACTS), fake_probes)

    return make


@pytest.fixture(scope="session")
def without():
    return drop
