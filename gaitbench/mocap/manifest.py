"""Which recordings a folder of motion capture holds: from its manifest, or from its folders' names."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gaitbench.core.errors import DataError


@dataclass(frozen=True)
class ManifestEntry:
    """One recording as the manifest lists it.

    Args:
        file: Relative to the folder, with forward slashes.
        identity: The person.
        recording: Name of the recording among those of the person.
        duplicate_of: Another file with the same recording, or nothing.
        cohort: Group of people, for stratified tables, or nothing.
    """

    file: str
    identity: str
    recording: str
    duplicate_of: str = ""
    cohort: str = ""

    @property
    def name(self) -> str:
        """Name of the recording in the data set."""
        return f"{self.identity}-{self.recording}".replace("/", "-")


def entries_of(folder: Path, manifest: Path | None) -> tuple[list[ManifestEntry], list[str]]:
    """Return the recordings of a folder, and what was assumed about them.

    Args:
        folder: With BVH files, also in folders below.
        manifest: CSV that lists them; `manifest.csv` in the folder if there is one.

    Raises:
        DataError: If the manifest cannot be read, or there is no BVH file.
    """
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() == ".bvh"
    )
    if manifest is None and (folder / "manifest.csv").is_file():
        manifest = folder / "manifest.csv"
    if manifest is not None:
        entries = _read_manifest(manifest)
        unlisted = len(set(files) - {entry.file for entry in entries})
        notes = [f"{unlisted} BVH files are not in {manifest.name} and were not read."]
        return entries, notes if unlisted else []
    if not files:
        raise DataError(f"{folder} has no BVH files (*.bvh). Name the folder that holds them.")
    entries = []
    for file in files:
        path = Path(file)
        person = path.parent.as_posix() if len(path.parts) > 1 else path.stem
        entries.append(ManifestEntry(file, person, path.stem))
    return entries, [
        f"{folder.name} has no manifest.csv: files in one folder below it were taken for recordings"
        " of one person, every other file for a person of its own."
    ]


def _read_manifest(manifest: Path) -> list[ManifestEntry]:
    try:
        table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{manifest} cannot be read: {error}. It must be a CSV table.") from error
    missing = [column for column in ("file", "subject", "recording") if column not in table]
    if missing:
        raise DataError(
            f"{manifest} lacks the columns {', '.join(missing)}; it has {', '.join(table.columns)}."
        )
    for column in ("duplicate_of", "cohort"):
        if column not in table:
            table[column] = ""
    rows = table[["file", "subject", "recording", "duplicate_of", "cohort"]]
    return [ManifestEntry(*(str(cell).strip() for cell in row)) for row in rows.to_numpy()]


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts "2" before "10"."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.findall(r"\d+|\D+", text)
    ]
