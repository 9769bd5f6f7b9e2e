"""The pictures of a report: occlusions as they were drawn, and searches that they changed."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.reports.pictures.clips import Side, TestedClips
from gaitbench.reports.pictures.retrieval_strips import Pair, Retrieval, retrieval_pairs
from gaitbench.results.frame import Results
from gaitbench.results.places import where
from gaitbench.results.section import (
    Gallery,
    Picture,
    PictureGroup,
    RankedClips,
    RetrievedClip,
    Strip,
)

FRAMES = 4
"""Of a clip that are shown beside each other on a contact sheet."""

STRIP_FRAMES = 3
"""Of a clip that are shown in a search, so that six clips stand beside each other."""

CLIPS = 6
"""Of a test that a contact sheet shows."""

_BODY, _EMPTY, _GAP = 235, 25, 128
_TALL = 64
"""Smaller frames are drawn larger, in whole steps, up to about as many rows."""


def galleries(results: Results) -> tuple[Gallery, ...]:
    """Return the pictures of a report, read from the data sets that are still there."""
    clips = TestedClips(results.folders, results.evaluations)
    return (*occlusion_galleries(results, clips), *retrieval_galleries(results, clips))


def occlusion_galleries(results: Results, clips: TestedClips) -> list[Gallery]:
    """Return the contact sheets of everything that was tested occluded, as the networks saw it."""
    groups = tuple(_groups(results, clips))
    if not groups:
        return []
    note = (
        f"Clips of the first seed and draw, {FRAMES} frames of each, at the size that networks see. A cut "
        "is stretched back to the full height, as a detector's box around the rest would be.",
    )
    return [Gallery("Occlusions as they were drawn", note, groups=groups)]


def _groups(results: Results, clips: TestedClips) -> Iterator[PictureGroup]:
    done = results.cells[results.cells["status"] == "done"]
    tested = done[(done["test"] != HOLISTIC_TEST) & done["check"].isin(["", "as tested"])]
    ordered = tested.sort_values(["seed", "draw"], kind="stable")
    for (setting, test), cells in ordered.groupby(["setting", "test"], sort=False):
        key = str(cells["key"].iloc[0])
        if not clips.available(key):
            continue
        if cells["severity"].notna().all():
            yield PictureGroup(f"{test}, by severity", tuple(_severities(clips, cells)))
        else:
            plain = cells[cells["severity"].isna()].iloc[0]
            key, side = str(plain["key"]), _hidden_side(plain)
            pictures = tuple(_picture(clips, key, side, row) for row in _spread(clips, key, side))
            yield PictureGroup(f"{test}, setting {setting}", pictures)


def _severities(clips: TestedClips, cells: pd.DataFrame) -> Iterator[Picture]:
    for severity in sorted(cells["severity"].unique()):
        cell = where(cells, severity=severity).iloc[0]
        key, side = str(cell["key"]), _hidden_side(cell)
        hidden = f"severity {severity:.0f}: {100 * cell['hidden_share']:.0f} % hidden on average"
        yield _picture(clips, key, side, _spread(clips, key, side)[0], hidden)


def _hidden_side(cell: "pd.Series[Any]") -> Side:
    return "gallery" if cell["side"] == "gallery" else "probe"


def _spread(clips: TestedClips, key: str, side: Side) -> list[int]:
    """Return clips that lie evenly over the split, so that people and views differ."""
    n = len(clips.data(key).split(f"test.{side}"))
    return [int(row) for row in np.unique(np.linspace(0, n - 1, CLIPS).astype(int))]


def retrieval_galleries(results: Results, clips: TestedClips) -> list[Gallery]:
    """Return strips of probes that methods lose and gain where bodies are hidden."""
    strips = tuple(_strip(clips, pair) for pair in retrieval_pairs(results, clips))
    if not strips:
        return []
    note = (
        "A probe and its five nearest gallery clips, whole and occluded. Lost: found first while whole, "
        "not when occluded; gained: the reverse. The first such probes of different people, first seed and "
        "draw; nobody chose them by their looks.",
    )
    return [Gallery("Searches that occlusion changed", note, strips=strips)]


def _strip(clips: TestedClips, pair: Pair) -> Strip:
    probe = clips.name(pair.occluded.key, "probe", pair.occluded.probe)
    rankings = (
        _ranking(clips, "whole", pair.whole),
        _ranking(clips, "occluded", pair.occluded),
    )
    return Strip(f"{pair.title}, {pair.kind}: {probe}", rankings)


def _ranking(clips: TestedClips, title: str, retrieval: Retrieval) -> RankedClips:
    return RankedClips(
        title,
        _picture(clips, retrieval.key, "probe", retrieval.probe, frames=STRIP_FRAMES),
        tuple(
            RetrievedClip(
                _picture(clips, retrieval.key, "gallery", row, frames=STRIP_FRAMES), right
            )
            for row, right in zip(retrieval.nearest, retrieval.right, strict=True)
        ),
    )


def _picture(
    clips: TestedClips, key: str, side: Side, row: int, caption: str = "", frames: int = FRAMES
) -> Picture:
    clip, name = clips.clip(key, side, row), clips.name(key, side, row)
    scale = max(1, _TALL // clip.shape[1])
    return Picture(_png(clip, frames), f"silhouettes of {name}", caption or name, scale)


def _png(clip: npt.NDArray[np.uint8], count: int) -> bytes:
    """Return `count` frames of a clip [t, h, w], evenly spread in time, as one PNG."""
    chosen = np.unique(np.linspace(0, len(clip) - 1, count).astype(int))
    frames = np.where(clip[chosen] > 0, _BODY, _EMPTY).astype(np.uint8)
    gap = np.full((clip.shape[1], 1), _GAP, np.uint8)
    parts = [part for frame in frames for part in (gap, frame)][1:]
    out = io.BytesIO()
    Image.fromarray(np.concatenate(parts, axis=1)).save(out, "PNG", optimize=True)
    return out.getvalue()
