"""Who is trained on, who is tested on, and which clips are probes: the files that data sets come with."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gaitbench.errors import DataError

PAIR_COLUMNS = ("identity", "condition", "view", "role")
_ROLES = ("probe", "gallery")
_SPLITS = ("train", "test")
_LAYOUT = '{"TRAIN_SET": ["001", …], "TEST_SET": ["075", …]}'

ClipKey = tuple[str, str, str]
"""Identity, condition and view folder."""


@dataclass(frozen=True)
class Partition:
    """Which identities and clips play which part.

    Args:
        source: Name of the file, for messages and for `import.json`.
        digest: Of the file's content.
        train: Identities, in the order of the file.
        test: Identities, in the order of the file.
        probes: Names `identity-condition-view` of PROBE_SET; None if the file has none.
        listed: Roles of single clips, from a table of pairs; None without one.
    """

    source: str
    digest: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    probes: frozenset[str] | None = None
    listed: dict[ClipKey, frozenset[str]] | None = field(default=None)


def read_partition(path: Path) -> Partition:
    """Read OpenGait's partition: TRAIN_SET, TEST_SET and, for Gait3D, PROBE_SET.

    Raises:
        DataError: If it is no such file, or somebody is in both sets.
    """
    raw, text = _read(path)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}). A partition looks like {_LAYOUT}.") from error
    if not isinstance(content, dict):
        raise DataError(
            f"{path} holds a {type(content).__name__}; a partition looks like {_LAYOUT}."
        )
    train, test = (_names(path, content, key) for key in ("TRAIN_SET", "TEST_SET"))
    _check_apart(path, train, test)
    probes = frozenset(_names(path, content, "PROBE_SET")) if "PROBE_SET" in content else None
    return Partition(path.name, _digest(raw), train, test, probes)


def _read(path: Path) -> tuple[bytes, str]:
    try:
        raw = path.read_bytes()
        return raw, raw.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}. It must be a UTF-8 text file.") from error


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:32]


def _names(path: Path, content: dict[str, Any], key: str) -> tuple[str, ...]:
    names = content.get(key)
    if names is None:
        raise DataError(
            f"{path} has no {key}; it has {', '.join(map(str, content)) or 'nothing'}. A partition looks "
            f"like {_LAYOUT}."
        )
    wrong = [n for n in names if not isinstance(n, str)] if isinstance(names, list) else [names]
    if wrong:
        raise DataError(
            f"{path}: {key} holds {str(wrong[0])[:40]!r}, which is not a folder's name; write a list of "
            'texts such as "001".'
        )
    return tuple(dict.fromkeys(names))


def _check_apart(path: Path, train: Sequence[str], test: Sequence[str]) -> None:
    both = sorted(set(train) & set(test))
    if both:
        more = f" and {len(both) - 8} more" if len(both) > 8 else ""
        raise DataError(
            f"{path}: {len(both)} identities are in both the training and the test set: "
            f"{', '.join(both[:8])}{more}. Training people must not be tested: take each out of one."
        )


def read_pairs(path: Path, partition: Partition | None = None) -> Partition:
    """Read a table of probes and galleries, for data sets whose lists are not public.

    Args:
        path: CSV with the columns identity, condition, view, role (probe or gallery; empty for training)
            and optionally split (train or test; test where empty).
        partition: Whose training identities count beside those of the table.

    Raises:
        DataError: If it is no such table, or somebody is trained and tested on.
    """
    raw, _ = _read(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}. It must be a CSV table.") from error
    missing = [column for column in PAIR_COLUMNS if column not in table]
    if missing:
        raise DataError(
            f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(map(str, table.columns))}."
        )
    if "split" not in table:
        table["split"] = "test"
    rows = table[[*PAIR_COLUMNS, "split"]].apply(lambda column: column.str.strip())
    listed: dict[ClipKey, frozenset[str]] = {}
    train: dict[str, None] = dict.fromkeys(partition.train if partition else ())
    test: dict[str, None] = {}
    for line, (identity, condition, view, role, split) in enumerate(rows.to_numpy(), 2):
        split = split or "test"
        if split not in _SPLITS or (split == "test" and role not in _ROLES):
            raise DataError(
                f"{path}, line {line}: role {role!r} in split {split!r}; role is probe or gallery, split "
                "is train or test."
            )
        if split == "train":
            train[identity] = None
            continue
        test[identity] = None
        key = (identity, condition, view)
        listed[key] = listed.get(key, frozenset()) | {role}
    _check_apart(path, tuple(train), tuple(test))
    source = path.name if partition is None else f"{path.name}, {partition.source}"
    digest = _digest(raw) if partition is None else f"{_digest(raw)}, {partition.digest}"
    return Partition(source, digest, tuple(train), tuple(test), None, listed)
