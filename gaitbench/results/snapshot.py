"""What a store holds of an experiment at one moment: others may be writing to it while it is read."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from gaitbench.core.errors import StoreError
from gaitbench.core.keys import canonical, key_of
from gaitbench.core.store_union import ReadableStore
from gaitbench.data.rules import Rules
from gaitbench.evaluation.scores import packed_scores, rules_at, unpack_scores
from gaitbench.experiment.cells import Cell, Evaluation
from gaitbench.experiment.expansion import Expansion


@dataclass(frozen=True)
class Snapshot:
    """Which evaluations of an experiment were in a store when it was looked at, each looked up once.

    Args:
        cells: Of the experiment.
        folders: Where the scores of each finished evaluation lie, by key.
        other_versions: The protocol version of evaluations that are there at another one only, by key.
        held_versions: How many evaluations, asked for or not, are there of each other protocol version; not
            looked for where nothing is absent.
        being_made: How many others were being made, or were interrupted.
    """

    cells: tuple[Cell, ...]
    folders: Mapping[str, Path]
    other_versions: Mapping[str, int]
    held_versions: Mapping[int, int]
    being_made: int

    @classmethod
    def take(cls, store: ReadableStore, expansion: Expansion) -> "Snapshot":
        """Look at a store once."""
        cells = expansion.cells
        evaluations = {cell.evaluation.key: cell.evaluation for cell in cells}
        folders = {
            key: store.path("scores", key) for key in evaluations if store.has("scores", key)
        }
        absent = [evaluation for key, evaluation in evaluations.items() if key not in folders]
        being_made = sum(bool(store.progress(evaluation.key)) for evaluation in absent)
        return cls(cells, folders, *_other_versions(store, absent, folders), being_made)

    def reason(self, key: str) -> str:
        """Return why there are no scores of an evaluation."""
        if key in self.other_versions:
            return (
                f"stored scores are of protocol version {self.other_versions[key]}; this gaitbench "
                f"computes version {Evaluation.version}"
            )
        if key in self.folders:
            return "its scores vanished from the store while they were read"
        if self.held_versions:
            # What an earlier version trained may be described otherwise, so nothing tells which is which.
            held = " and ".join(f"{n} of version {v}" for v, n in self.held_versions.items())
            return (
                f"not evaluated at protocol version {Evaluation.version}; the store holds evaluations of "
                f"another one ({held}), and numbers of two versions do not compare"
            )
        return "not evaluated yet"


def _other_versions(
    store: ReadableStore, absent: Iterable[Evaluation], present: Iterable[str]
) -> tuple[dict[str, int], dict[int, int]]:
    """Return the newest other version at which each absent evaluation is stored, where it is.

    And how many evaluations, absent ones or not, are stored at each other version.
    """
    key_of_absent = {
        _without_version(evaluation.described()): evaluation.key for evaluation in absent
    }
    versions: dict[str, int] = {}
    held: Counter[int] = Counter()
    for key in sorted(set(store.keys("scores")) - set(present)) if key_of_absent else ():
        try:
            spec = store.spec("scores", key)
        except StoreError:
            # Just removed, or damaged: as no experiment of this version asks for it, no matter.
            continue
        version = spec.pop("version", None)
        is_evaluation = spec.pop("type", None) == "Evaluation" and isinstance(version, int)
        if not is_evaluation or version == Evaluation.version:
            continue
        held[version] += 1
        absent_key = key_of_absent.get(_without_version(spec))
        if absent_key is not None:
            versions[absent_key] = max(version, versions.get(absent_key, version))
    return versions, dict(sorted(held.items()))


def _without_version(described: Mapping[str, Any]) -> str:
    """Return the key of an evaluation's fields; one with its default counts as one that is not there.

    So evaluations compare with those of versions that did not have the field yet.
    """
    defaults = {
        field.name: canonical(field.default)
        for field in dataclasses.fields(Evaluation)
        if field.default is not dataclasses.MISSING
    }
    return key_of({k: v for k, v in described.items() if k not in defaults or v != defaults[k]})


ReadT = TypeVar("ReadT")


@dataclass(frozen=True)
class StoredScores:
    """The scores of one evaluation, as compressed as in the store: a report may hold thousands.

    Args:
        folder: Where they lie, for messages.
        packed: The bytes of the file.
        rules: That they were made with.
    """

    folder: Path
    packed: bytes
    rules: Rules

    @classmethod
    def read(cls, folder: Path) -> "StoredScores":
        """Read what lies in a folder.

        Raises:
            StoreError: If it cannot be read.
        """
        return cls(folder, packed_scores(folder), rules_at(folder))

    def rows(self) -> pd.DataFrame:
        """Return one row per search, gallery view and probe.

        Raises:
            StoreError: If they are damaged.
        """
        return unpack_scores(self.packed, self.folder)


def read_all(snapshot: Snapshot) -> dict[str, StoredScores]:
    """Return the scores of a snapshot by key, without those that have vanished since.

    Raises:
        StoreError: If some are there, but cannot be read.
    """
    stored = {
        key: unless_vanished(partial(StoredScores.read, folder))
        for key, folder in snapshot.folders.items()
    }
    return {key: scores for key, scores in stored.items() if scores is not None}


def unless_vanished(read: Callable[[], ReadT]) -> ReadT | None:
    """Return what is read, or None if a file is no longer there, or never came along in a copy.

    Raises:
        StoreError: If the file is there, but cannot be read.
    """
    try:
        return read()
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def common_rules(scores: Iterable[StoredScores]) -> Rules | None:
    """Return the rules of all scores, which are of one data set; None if there are no scores.

    Raises:
        StoreError: If they were made with different rules.
    """
    first: StoredScores | None = None
    for stored in scores:
        first = first or stored
        if stored.rules != first.rules:
            raise StoreError(
                f"Scores of one table were made with different rules: {_rules_words(first)} and "
                f"{_rules_words(stored)}. They answer different questions: remove the folders of those "
                "that are out of date and run the experiment again, or report the stores one by one."
            )
    return None if first is None else first.rules


def _rules_words(scores: StoredScores) -> str:
    rules = scores.rules
    return f"{rules.name!r} version {rules.version} ({scores.folder})"


def check_one_version(snapshot: Snapshot, commands: Mapping[int, str]) -> None:
    """Check that an experiment is not half there at this protocol version and half at another one.

    Args:
        snapshot: Of the experiment.
        commands: What makes the missing evaluations of each seed.

    Raises:
        StoreError: If it is.
    """
    other_versions = snapshot.other_versions
    if not other_versions or not snapshot.folders:
        return
    seeds = dict.fromkeys(
        c.evaluation.seed for c in snapshot.cells if c.evaluation.key in other_versions
    )
    counts = {
        v: list(other_versions.values()).count(v) for v in sorted(set(other_versions.values()))
    }
    outdated = " and ".join(f"{n} only at version {version}" for version, n in counts.items())
    raise StoreError(
        f"{len(snapshot.folders)} evaluations of this experiment are stored at protocol version "
        f"{Evaluation.version}, which this gaitbench computes, and {outdated}. Numbers of two versions do "
        "not belong in one table. Make those that are missing at version "
        f"{Evaluation.version}: {'; '.join(dict.fromkeys(commands[s] for s in seeds))}"
    )
