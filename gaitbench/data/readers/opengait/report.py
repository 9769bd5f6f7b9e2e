"""What an import made and what it left out, for the terminal and for `import.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_SHOWN = 10


@dataclass(frozen=True)
class Rejected:
    """A file that was not imported, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class OpenGaitReport:
    """What an import made and what it left out.

    Args:
        dataset: Name of the record.
        rules: Name and version of the rules.
        folder: The data set that was written.
        size: Rows and columns of a frame.
        identities: How many people are in the data set.
        clips: How many clips are in it.
        frames: How many frames they have.
        splits: Clips per split.
        missing_identities: Named by the partition, but not in the tree.
        missing_clips: Named as probe or gallery, but not in the tree.
        unnamed_identities: In the tree, but not named by the partition.
        unused_clips: Of test identities, but in no search.
        rejected: Files with their reasons.
        notes: What else was done or found.
    """

    dataset: str
    rules: str
    folder: str
    size: tuple[int, int]
    identities: int
    clips: int
    frames: int
    splits: dict[str, int]
    missing_identities: tuple[str, ...]
    missing_clips: tuple[str, ...]
    unnamed_identities: tuple[str, ...]
    unused_clips: int
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        """Return the report as lines for a terminal."""
        splits = ", ".join(f"{name} {n}" for name, n in self.splits.items())
        lines = [
            f"{self.dataset}: {self.identities} identities, {self.clips} clips, {self.frames} frames of "
            f"{self.size[0]}×{self.size[1]} in {self.folder}",
            f"rules {self.rules}; clips per split: {splits}",
            *self.notes,
        ]
        if self.unused_clips:
            lines.append(f"{self.unused_clips} clips of test identities take part in no search.")
        lines += _listed("identities of the partition are not in the tree", self.missing_identities)
        lines += _listed("probe or gallery clips are not in the tree", self.missing_clips)
        lines += _listed(
            "identities of the tree are not in the partition and were not read",
            self.unnamed_identities,
        )
        if self.rejected:
            lines.append(f"{len(self.rejected)} files rejected:")
            lines += [f"  {rejected.file}: {rejected.reason}" for rejected in self.rejected]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Write everything, every list in full, as JSON."""
        # Where it was written changes nothing in what was written.
        facts = {key: value for key, value in asdict(self).items() if key != "folder"}
        path.write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")


def _listed(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = ", … (all in import.json)" if len(names) > _SHOWN else ""
    return [f"{len(names)} {what}: {', '.join(names[:_SHOWN])}{more}"]
