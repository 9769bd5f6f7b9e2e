"""What a store holds of an experiment at one moment: others may be writing to it while it is read."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaitbench.core.errors import StoreError
from gaitbench.core.keys import canonical, key_of
from gaitbench.core.store_union import ReadableStore
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Evaluation
from gaitbench.protocols.expansion import expand


@dataclass(frozen=True)
class Snapshot:
    """Which evaluations of an experiment were in a store when it was looked at, each looked up once.

    Args:
        cells: Of the experiment.
        there: Where the scores of each finished evaluation lie, by key.
        other_versions: The protocol version of evaluations that are there at another one only, by key.
        being_made: How many others were being made, or were interrupted.
    """

    cells: tuple[Cell, ...]
    there: Mapping[str, Path]
    other_versions: Mapping[str, int]
    being_made: int

    @classmethod
    def take(cls, store: ReadableStore, bench: Bench) -> "Snapshot":
        """Look at a store once."""
        cells = tuple(expand(bench))
        evaluations = {cell.evaluation.key: cell.evaluation for cell in cells}
        there = {key: store.path("scores", key) for key in evaluations if store.has("scores", key)}
        absent = [one for key, one in evaluations.items() if key not in there]
        being_made = sum(bool(store.progress(one.key)) for one in absent)
        return cls(cells, there, _other_versions(store, absent, there), being_made)

    def reason(self, key: str) -> str:
        """Return why there are no scores of an evaluation."""
        if key in self.other_versions:
            return (
                f"stored scores are of protocol version {self.other_versions[key]}; this gaitbench "
                f"computes version {Evaluation.version}"
            )
        if key in self.there:
            return "its scores vanished from the store while they were read"
        return "not evaluated yet"


def _other_versions(
    store: ReadableStore, absent: Iterable[Evaluation], there: Iterable[str]
) -> dict[str, int]:
    """Return the newest other version at which each absent evaluation is stored, where it is."""
    wanted = {_without_version(one.described()): one.key for one in absent}
    found: dict[str, int] = {}
    for key in sorted(set(store.keys("scores")) - set(there)) if wanted else ():
        try:
            spec = store.spec("scores", key)
        except StoreError:
            # Just removed, or damaged: as no experiment of this version asks for it, no matter.
            continue
        version = spec.pop("version", None)
        if spec.pop("type", None) != "Evaluation" or not isinstance(version, int):
            continue
        now = wanted.get(_without_version(spec))
        if now is not None and version != Evaluation.version:
            found[now] = max(version, found.get(now, version))
    return found


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
