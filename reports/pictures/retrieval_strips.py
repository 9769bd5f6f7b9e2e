"""Which probes a method loses or gains where bodies are hidden: the choice of retrieval strips."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gaitbench.evaluation.retrieval import NEAREST
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.reports.pictures.clips import TestedClips
from gaitbench.results.frame import Results
from gaitbench.results.places import titles, where

SHOWN = 2
"""Strips of each kind and method; of as many identities."""


@dataclass(frozen=True)
class Retrieval:
    """A probe in one evaluation, with its nearest gallery clips.

    Args:
        key: Of the evaluation.
        probe: Row of the test's probes.
        nearest: Rows of its gallery, the closest first.
        right: Whether each shows the probe's identity.
    """

    key: str
    probe: int
    nearest: tuple[int, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True)
class Pair:
    """One probe of one method, whole and occluded.

    Args:
        title: Of the method.
        kind: "lost" (right while whole, wrong when occluded) or "gained".
        whole: Nothing hidden.
        occluded: Hidden as the setting says.
    """

    title: str
    kind: str
    whole: Retrieval
    occluded: Retrieval


def retrieval_pairs(results: Results, clips: TestedClips) -> Iterator[Pair]:
    """Yield, per method, the first probes that were lost and gained, each of another identity.

    The first seed and draw of the setting's own test are shown, and the first search: a choice that looks
    at no picture.
    """
    cells = where(results.cells, status="done", adapted_to="")
    cells = cells[cells["severity"].isna()]
    occluded = cells[cells["check"].isin(["", "as tested"]) & (cells["test"] != HOLISTIC_TEST)]
    occluded = occluded[occluded["protocol"].isin(["occluded", "sanity"])]
    for method, title in titles(occluded).items():
        hidden = where(occluded, method=method).sort_values(["seed", "draw"]).head(1)
        for _, cell in hidden.iterrows():
            # One network: protocols train a method of one name under one setting in several ways.
            same = {name: cell[name] for name in ("stage", "test_dataset")}
            whole = where(cells, method=method, test=HOLISTIC_TEST, **same)
            if len(whole) and clips.available(str(cell["key"])):
                keys = str(whole["key"].iloc[0]), str(cell["key"])
                yield from _changed(results, clips, title, *keys)


def _changed(
    results: Results, clips: TestedClips, title: str, whole_key: str, occluded_key: str
) -> Iterator[Pair]:
    whole, hidden = (_first_search(results.all_pairs(key)) for key in (whole_key, occluded_key))
    both = whole.merge(hidden, on=["gallery_view", "probe"], suffixes=("", "_occluded"))
    was, now = both["rank"] == 1, both["rank_occluded"] == 1
    for kind, chosen in (("lost", was & ~now), ("gained", ~was & now)):
        # One strip a person: neighbouring probes of one walk would show the same twice.
        probes = both[chosen & (both["mates"] > 0)].drop_duplicates("identity").head(SHOWN)
        for _, row in probes.iterrows():
            yield Pair(
                title,
                kind,
                _retrieval(clips, whole_key, row, ""),
                _retrieval(clips, occluded_key, row, "_occluded"),
            )


def _first_search(scores: pd.DataFrame) -> pd.DataFrame:
    return where(scores, search=scores["search"].iloc[0])


def _retrieval(clips: TestedClips, key: str, row: "pd.Series[Any]", suffix: str) -> Retrieval:
    rows = (int(row[f"{name}{suffix}"]) for name in NEAREST)
    nearest = tuple(n for n in rows if n >= 0)
    right = tuple(clips.identity(key, "gallery", n) == str(row["identity"]) for n in nearest)
    return Retrieval(key, int(row["probe"]), nearest, right)
