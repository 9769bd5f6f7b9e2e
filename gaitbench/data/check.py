"""Looking at a data set before hours of work depend on it: what it holds, and what is wrong."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tabulate import tabulate

from gaitbench.core.errors import GaitbenchError
from gaitbench.data.copies import copies
from gaitbench.data.dataset import Progress
from gaitbench.data.rules import EXCLUDED_WORDS, Rules, Search
from gaitbench.data.sides import chosen
from gaitbench.data.silhouettes import Indices, Silhouettes, packed_bytes

SHORTEST = 15
"""Frames below which a sequence is reported as short: less than half a stride at 25 per second."""

FLICKER_SHARE = 0.25
"""Frames with less body than this share of the sequence's median are reported as flicker."""

HEIGHT = 64
"""Rows that silhouettes are distributed with in this field."""

_ALL = "(data set)"
_SHOWN = 24
_PAIRS = (("test.gallery", "test.probe"), ("validation.gallery", "validation.probe"))
_BITS = np.array([value.bit_count() for value in range(256)], np.uint8)
_TESTED = tuple(split for pair in _PAIRS for split in pair)


@dataclass(frozen=True)
class Problem:
    """Something that makes a result on this data set worth less.

    Args:
        sequence: Its name, or "(data set)".
        reason: What is wrong, with the value.
    """

    sequence: str
    reason: str


def describe(data: Silhouettes) -> dict[str, Any]:
    """Return counts and origins of a data set, ready for JSON.

    Returns:
        The keys name, fingerprint, source, licence, height, width, sequences, identities,
        recordings, frames, views, conditions, rules (name, version, source, and one line per search),
        and splits: per split its own counts.
    """
    table = data.table
    return {
        "name": data.name,
        "fingerprint": str(data.meta.get("fingerprint", "unknown")),
        "source": str(data.meta.get("source", "unknown")),
        "licence": str(data.meta.get("licence", "unknown")),
        "height": data.height,
        "width": data.width,
        **_counts(table),
        "views": sorted(set(table["view"])),
        "conditions": {str(name): int(n) for name, n in table["condition"].value_counts().items()},
        "rules": _told_rules(Rules.of(data.meta, data.name)),
        "splits": {name: _counts(table.iloc[rows]) for name, rows in data.splits.items()},
    }


def _told_rules(rules: Rules) -> dict[str, Any]:
    return {
        "name": rules.name,
        "version": rules.version,
        "source": rules.source,
        "exclude_same_recording": rules.exclude_same_recording,
        "searches": [_told_search(search) for search in rules.searches],
    }


def _told_search(search: Search) -> str:
    sides = [
        f"{' '.join(patterns) or 'all'} ({side})"
        for side, patterns in (("probes", search.probes), ("gallery", search.gallery))
    ]
    words = [
        "view by view" if search.by_view else "views pooled",
        *([f"{words} left out"] if (words := EXCLUDED_WORDS[search.excluded]) else []),
        ", ".join(search.metrics),
        *([] if search.headline else ["not in the headline"]),
    ]
    return f"{search.name}: {' in '.join(sides)}; {'; '.join(words)}"


def _counts(table: pd.DataFrame) -> dict[str, int]:
    return {
        "sequences": len(table),
        # Clips of unknown people have none.
        "identities": len(set(table["identity"]) - {""}),
        "recordings": int(table["recording"].nunique()),
        "frames": int(table["frames"].sum()),
    }


def info_text(data: Silhouettes) -> str:
    """Return what `describe` finds as lines for a terminal."""
    facts = describe(data)
    conditions = [f"{name} ({n})" for name, n in facts["conditions"].items()]
    lines = [
        ("name", facts["name"]),
        ("fingerprint", facts["fingerprint"]),
        ("source", facts["source"]),
        ("licence", facts["licence"]),
        ("frame size", f"{facts['height']}×{facts['width']}"),
        ("views", _shortened(facts["views"])),
        ("conditions", _shortened(conditions)),
        ("rules", f"{facts['rules']['name']}, version {facts['rules']['version']}"),
        *(
            (("searches" if i == 0 else ""), line)
            for i, line in enumerate(facts["rules"]["searches"])
        ),
    ]
    counts = [
        {"split": name, **part}
        for name, part in {**facts["splits"], "all": _counts(data.table)}.items()
    ]
    # Names such as 007 are no numbers, and a fingerprint may look like one.
    head = tabulate(lines, tablefmt="plain", disable_numparse=True)
    return f"{head}\n\n{tabulate(counts, headers='keys', tablefmt='simple')}"


def _shortened(names: list[str]) -> str:
    # Where every clip has a view or condition of its own, the list would fill the screen.
    more = f", … {len(names)} in all" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def check(data: Silhouettes, *, progress: Progress | None = None) -> list[Problem]:
    """Return everything that is wrong with a data set, in the order of its sequences.

    Args:
        data: Read in full, sequence by sequence.
        progress: Called with sequences done and sequences in all.
    """
    problems = []
    if data.height != HEIGHT:
        problems.append(
            Problem(_ALL, f"frames are {data.height} rows high, {HEIGHT} are usual in this field")
        )
    digests: dict[int, str] = {}
    tested = {int(row) for split in _TESTED for row in data.splits.get(split, ())}
    for index, name in enumerate(data.table["sequence"]):
        packed = _packed(data, index)
        if isinstance(packed, str):
            problems.append(Problem(str(name), packed))
        else:
            reasons = frame_problems(masses(packed), data.height * data.width)
            problems += [Problem(str(name), reason) for reason in reasons]
            if index in tested:
                digests[index] = hashlib.blake2b(packed.tobytes(), digest_size=16).hexdigest()
        if progress is not None:
            progress(index + 1, len(data.table))
    return problems + list(_split_problems(data, digests))


def _packed(data: Silhouettes, index: int) -> npt.NDArray[np.uint8] | str:
    """Return the packed frames of one sequence, or why they cannot be read."""
    row = data.table.iloc[index]
    start, count = int(row["offset"]), int(row["frames"])
    if start < 0 or start + count > len(data.packed):
        return (
            f"unreadable: it should be frames {start} to {start + count - 1}, but the data set "
            f"holds {len(data.packed)}"
        )
    try:
        packed = np.asarray(data.packed[start : start + count])
    except (OSError, ValueError, GaitbenchError) as error:
        return f"unreadable: {error}"
    width = packed_bytes(data.height, data.width)
    if packed.shape != (count, width):
        return f"unreadable: its frames take {packed.shape[1:]} bytes each instead of {width}"
    return packed


def masses(packed: npt.NDArray[np.uint8]) -> Indices:
    """Return how many pixels are body in each of the packed frames [t, bytes]."""
    return np.asarray(_BITS[packed].sum(axis=1, dtype=np.int64))


def frame_problems(mass: Indices, pixels: int) -> list[str]:
    """Return what is wrong with the frames of one sequence.

    Args:
        mass: Shape [t], body pixels of every frame.
        pixels: Pixels of a frame.
    """
    reasons = []
    if len(mass) < SHORTEST:
        reasons.append(f"{len(mass)} frames, fewer than {SHORTEST}")
    if not len(mass):
        return reasons
    empty, full = mass == 0, mass == pixels
    median = float(np.median(mass))
    flicker = (mass < FLICKER_SHARE * median) & ~empty
    reasons += _reasons(empty, "empty (no body pixel)")
    reasons += _reasons(full, "all white")
    share = f"{FLICKER_SHARE:.0%} of the median of {median:g} body pixels"
    return reasons + _reasons(flicker, f"flicker: below {share}")


def _reasons(wrong: npt.NDArray[np.bool_], what: str) -> list[str]:
    if not wrong.any():
        return []
    return [f"{int(wrong.sum())} of {len(wrong)} frames {what}, first frame {int(wrong.argmax())}"]


def _split_problems(data: Silhouettes, digests: dict[int, str]) -> Iterator[Problem]:
    yield from _shared_identities(data)
    rules = Rules.of(data.meta, data.name)
    for gallery, probe in _PAIRS:
        if gallery in data.splits and probe in data.splits:
            yield from _pair_problems(data, rules, digests, gallery, probe)


def _shared_identities(data: Silhouettes) -> Iterator[Problem]:
    train = set(data.table["identity"].iloc[data.splits.get("train", [])])
    for split in _TESTED:
        rows = data.splits.get(split, ())
        for row in rows:
            identity = data.table["identity"].iloc[row]
            if identity in train:
                yield Problem(
                    str(data.table["sequence"].iloc[row]),
                    f"identity {identity!r} is in both 'train' and {split!r}",
                )


def _pair_problems(
    data: Silhouettes, rules: Rules, digests: dict[int, str], gallery: str, probe: str
) -> Iterator[Problem]:
    """Yield what is wrong between two splits, each probe and reason once.

    Only clips that some search compares are held against each other: where a data set has several
    searches, the gallery of one may hold the probes of another.
    """
    reasons: dict[int, list[str]] = {int(row): [] for row in data.splits[probe]}
    for search in rules.searches:
        for row, reason in _search_problems(data, rules, search, digests, gallery, probe):
            if reason not in reasons[row]:
                reasons[row].append(reason)
    for row, texts in reasons.items():
        yield from (Problem(str(data.table["sequence"].iloc[row]), reason) for reason in texts)


def _search_problems(
    data: Silhouettes,
    rules: Rules,
    search: Search,
    digests: dict[int, str],
    gallery: str,
    probe: str,
) -> Iterator[tuple[int, str]]:
    table = data.table
    enrolled_rows = _chosen(data, gallery, search.gallery)
    enrolled = table.iloc[enrolled_rows]
    recordings = set(enrolled["recording"])
    views = enrolled.groupby("identity")["view"].agg(set).to_dict()
    probes = _chosen(data, probe, search.probes)
    twins = copies(digests, probes, enrolled_rows)
    for row in probes:
        identity, recording, view = (
            table[column].iloc[row] for column in ("identity", "recording", "view")
        )
        if recording in recordings and rules.exclude_same_recording:
            yield row, f"recording {recording!r} is in both {gallery!r} and {probe!r}"
        if row in twins:
            twin = table["sequence"].iloc[twins[row]]
            yield row, f"its frames are identical to those of {twin!r} in {gallery!r}"
        mates = views.get(identity, set())
        if not mates:
            yield row, f"identity {identity!r} has no sequence in {gallery!r}"
        elif search.excluded != "nothing" and mates == {view}:
            yield (
                row,
                f"identity {identity!r} is in {gallery!r} in the view {view} only, which the "
                "rules leave out",
            )


def _chosen(data: Silhouettes, split: str, patterns: tuple[str, ...]) -> list[int]:
    rows = data.splits[split]
    selected: list[int] = rows[chosen(data.table.iloc[rows], patterns)].tolist()
    return selected
