"""Who is trained on, who is tested on, and which clips are probes: the files that data sets come with."""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any, Self

from gaitbench.core.errors import DataError

PAIR_COLUMNS = ("identity", "condition", "view", "role")
_ROLES = ("probe", "gallery")
_SPLITS = ("train", "test")
_SHIFTED = "See whether its columns are shifted."
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
        listed: Role of single clips, probe or gallery, from a table of pairs; None without one.
    """

    source: str
    digest: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    probes: frozenset[str] | None = None
    listed: dict[ClipKey, str] | None = field(default=None)

    def without(self, name: str) -> Self:
        """Return the partition without a name that stands for nobody in particular."""
        train, test = (tuple(n for n in names if n != name) for names in (self.train, self.test))
        return replace(self, train=train, test=test)


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
    shared = sorted(set(train) & set(test))
    if shared:
        more = f" and {len(shared) - 8} more" if len(shared) > 8 else ""
        raise DataError(
            f"{path}: {len(shared)} identities are in both the training and the test set: "
            f"{', '.join(shared[:8])}{more}. Training people must not be tested: take each out of one."
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
    raw, text = _read(path)
    listed: dict[ClipKey, str] = {}
    lines: dict[ClipKey, int] = {}
    train: dict[str, None] = dict.fromkeys(partition.train if partition else ())
    test: dict[str, None] = {}
    for line, row in _table(path, text):
        identity, condition, view, role = (row[column] for column in PAIR_COLUMNS)
        split = row.get("split") or "test"
        if split not in _SPLITS or (split == "test" and role not in _ROLES):
            raise DataError(
                f"{path}, line {line}: role {role!r} in split {split!r}; role is probe or gallery, split "
                f"is train or test. {_SHIFTED}"
            )
        needed = PAIR_COLUMNS[:1] if split == "train" else PAIR_COLUMNS[:3]
        empty = [column for column in needed if not row[column]]
        if empty:
            raise DataError(f"{path}, line {line}: no {' and no '.join(empty)}. {_SHIFTED}")
        if split == "train":
            train[identity] = None
            continue
        test[identity] = None
        key = (identity, condition, view)
        if listed.setdefault(key, role) != role:
            raise DataError(
                f"{path}, lines {lines[key]} and {line}: the clip {'/'.join(key)} is both probe and "
                "gallery, and would be found by itself. Take one of the two rows out."
            )
        lines.setdefault(key, line)
    if not test and not train:
        raise DataError(f"{path} has no rows: it lists no probe and no gallery clip.")
    _check_apart(path, tuple(train), tuple(test))
    source = path.name if partition is None else f"{path.name}, {partition.source}"
    digest = _digest(raw) if partition is None else f"{_digest(raw)}, {partition.digest}"
    return Partition(source, digest, tuple(train), tuple(test), None, listed)


def _table(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a table by the names of its columns, each with its line, counted from 1.

    Raises:
        DataError: If columns are missing or named twice, or a row has more or fewer fields than the head.
    """
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        head = [name.strip() for name in next(rows, [])]
        missing = [column for column in PAIR_COLUMNS if column not in head]
        twice = sorted({column for column in head if head.count(column) > 1})
        if missing or twice:
            wrong = (
                f"lacks the columns {', '.join(missing)}"
                if missing
                else (f"has the columns {', '.join(twice)} twice")
            )
            raise DataError(
                f"{path} {wrong}; its first line is {', '.join(head) or 'empty'}. It must name the columns "
                f"{', '.join(PAIR_COLUMNS)} and optionally split, with commas between them."
            )
        for row in rows:
            if not any(field.strip() for field in row):
                continue
            if len(row) != len(head):
                raise DataError(
                    f"{path}, line {rows.line_num}: {len(row)} fields, but the first line names "
                    f"{len(head)} columns. {_SHIFTED}"
                )
            yield rows.line_num, dict(zip(head, map(str.strip, row), strict=True))
    except csv.Error as error:
        raise DataError(
            f"{path}, line {rows.line_num}: no table of comma-separated values: {error}."
        ) from error
