"""The scores of a snapshot, read once: what vanishes from the store later is still there for the report."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd

from gaitbench.core.errors import StoreError
from gaitbench.data.rules import Rules
from gaitbench.evaluation.scores import packed_scores, rules_at, unpack_scores
from gaitbench.experiment.cells import Evaluation
from gaitbench.results.snapshot import Snapshot

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
    found = {
        key: unless_vanished(partial(StoredScores.read, folder))
        for key, folder in snapshot.there.items()
    }
    return {key: one for key, one in found.items() if one is not None}


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
    for one in scores:
        first = first or one
        if one.rules != first.rules:
            raise StoreError(
                f"Scores of one table were made with different rules: {_rules_words(first)} and "
                f"{_rules_words(one)}. They answer different questions: remove the folders of those that "
                "are out of date and run the experiment again, or report the stores one by one."
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
    other = snapshot.other_versions
    if not other or not snapshot.there:
        return
    seeds = dict.fromkeys(c.evaluation.seed for c in snapshot.cells if c.evaluation.key in other)
    counts = {v: list(other.values()).count(v) for v in sorted(set(other.values()))}
    outdated = " and ".join(f"{n} only at version {version}" for version, n in counts.items())
    raise StoreError(
        f"{len(snapshot.there)} evaluations of this experiment are stored at protocol version "
        f"{Evaluation.version}, which this gaitbench computes, and {outdated}. Numbers of two versions do "
        "not belong in one table. Make those that are missing at version "
        f"{Evaluation.version}: {'; '.join(dict.fromkeys(commands[s] for s in seeds))}"
    )
