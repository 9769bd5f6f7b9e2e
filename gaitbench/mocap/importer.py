"""Importing motion capture: a folder of recorded walks becomes a data set of silhouettes.

Every recording is posed (`skeleton.py`), dressed with the same average body and rendered from the
same views. Identity is therefore in the motion and the bone lengths alone, or, with
`same_skeleton`, in the motion alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from gaitbench.core.errors import DataError
from gaitbench.data.dataset import Progress
from gaitbench.data.rules import Rules, Search
from gaitbench.data.silhouettes import Frames, SilhouettesWriter, pack
from gaitbench.mocap.bvh import read_bvh
from gaitbench.mocap.skeleton import FPS, Walk, bone_lengths, posed, with_bone_lengths
from gaitbench.walkers.body import JOINTS, Camera, Pose, Shape, render

VERSION = 2
"""Raised whenever the same folder would give other silhouettes than before."""

RULES = Rules(
    name="motion-capture",
    source="every probe is searched for in all other views",
    searches=(Search(excluded="same-view"),),
)

VIEWS = (0.0, 36.0, 72.0, 108.0, 144.0, 180.0)
SIZE = 64
_CAMERA_HEIGHT_M = 1.3
_CAMERA_DISTANCE_M = 6.0
_CONDITION = "nm"
_PELVIS = JOINTS.index("pelvis")


@dataclass(frozen=True)
class Entry:
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


@dataclass(frozen=True)
class LeftOut:
    """A file that was not imported, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """What was found out about a file that was imported; see `skeleton.Walk`.

    Args:
        file: Relative to the folder.
        identity: The person.
        recording: Name of the recording in the data set.
        frames: At 25 frames per second, in each view.
        fps: Frames per second of the file.
        unit: What one unit of the file was taken for.
        up: The file's axis that points up.
        height_m: Stature in metres.
        speed_m_s: Speed over the ground.
        in_place: Whether the walker stays where they are.
    """

    file: str
    identity: str
    recording: str
    frames: int
    fps: float
    unit: str
    up: str
    height_m: float
    speed_m_s: float
    in_place: bool


@dataclass(frozen=True)
class ImportReport:
    """What an import made and what it left out.

    Args:
        folder: The data set that was written.
        imported: In the order of the data set.
        left_out: Files with their reasons.
        notes: What was assumed.
        views: In degrees.
        gallery: Sequences in the gallery.
        probes: Sequences among the probes.
    """

    folder: Path
    imported: tuple[Imported, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    views: tuple[float, ...]
    gallery: int
    probes: int

    @property
    def identities(self) -> int:
        """How many people there are."""
        return len({walk.identity for walk in self.imported})

    def text(self) -> str:
        """Return the report as lines for a terminal."""
        lines = [
            f"{len(self.imported)} recordings of {self.identities} identities in {len(self.views)} "
            f"views: {self.gallery} gallery and {self.probes} probe sequences in {self.folder}",
            *self.notes,
        ]
        if self.left_out:
            lines.append(f"{len(self.left_out)} files left out:")
            lines += [f"  {skipped.file}: {skipped.reason}" for skipped in self.left_out]
        return "\n".join(lines)


def import_bvh(
    folder: Path,
    out: Path,
    *,
    manifest: Path | None = None,
    views: Sequence[float] = VIEWS,
    same_skeleton: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> ImportReport:
    """Make a data set of silhouettes from a folder of BVH files.

    The gallery is the first recording of every person; the probes are all others. People with one
    recording stay in the gallery, where nobody looks for them. Files that cannot be used are left
    out with a reason. Of recordings that are there twice only the first counts.

    Args:
        folder: With BVH files, also in folders below.
        out: The data set folder to write.
        manifest: CSV with the columns file (relative to `folder`), subject and recording,
            optionally duplicate_of and cohort; `manifest.csv` in the folder if there is one.
            Without any, the folder that a file lies in names the person, or else the file itself.
        views: Camera angles in degrees, see `body.Camera`.
        same_skeleton: Whether everybody gets the average bone lengths and stature.
        jobs: How many processes; never changes what is written.
        progress: Called with sequences done and sequences in all.

    Raises:
        DataError: If the manifest cannot be read or no file can be used.
    """
    views = tuple(float(view) for view in views)
    _check_views(views)
    entries, notes = _entries(folder, manifest)
    walks, left_out = _pose_all(folder, entries, jobs)
    if walks and same_skeleton:
        walks = _on_one_skeleton(walks)
        notes.append("Everybody has the same average bone lengths and stature.")
    _check_usable(folder, walks, left_out)
    notes += _unit_notes(walks)
    meta = {
        "rules": RULES.model_dump(mode="json"),
        "source": f"motion capture (BVH) from the folder {folder.resolve().name!r}",
        "licence": _licence(folder),
        "fps": FPS,
        "import": {
            "version": VERSION,
            "views": views,
            "same_skeleton": same_skeleton,
            "camera_height_m": _CAMERA_HEIGHT_M,
            "camera_distance_m": _CAMERA_DISTANCE_M,
        },
        "cohorts": {entry.identity: entry.cohort for entry, _ in walks if entry.cohort},
    }
    name = out.resolve().name
    with SilhouettesWriter(out, name=name, height=SIZE, width=SIZE, meta=meta) as writer:
        splits = _write(writer, walks, views, jobs, progress)
        writer.splits.update(splits)
    return ImportReport(
        folder=out,
        imported=tuple(_imported(entry, walk) for entry, walk in walks),
        left_out=tuple(left_out),
        notes=tuple(notes),
        views=views,
        gallery=len(splits["test.gallery"]),
        probes=len(splits["test.probe"]),
    )


def _check_views(views: tuple[float, ...]) -> None:
    # Sequences are named by their view in whole degrees.
    if not views or len({round(view) for view in views}) < len(views):
        raise DataError(
            f"The views are {', '.join(f'{view:g}' for view in views) or 'none'}; name at least "
            "one, each at least a degree from the others."
        )


def _entries(folder: Path, manifest: Path | None) -> tuple[list[Entry], list[str]]:
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
        entries.append(Entry(file, person, path.stem))
    return entries, [
        f"{folder.name} has no manifest.csv: files in one folder below it were taken for recordings"
        " of one person, every other file for a person of its own."
    ]


def _read_manifest(manifest: Path) -> list[Entry]:
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
    return [Entry(*(str(cell).strip() for cell in row)) for row in rows.to_numpy()]


Posed = tuple[Entry, Walk]


def _pose_all(
    folder: Path, entries: Sequence[Entry], jobs: int
) -> tuple[list[Posed], list[LeftOut]]:
    results = _parallel(jobs)(delayed(_pose)(folder, entry) for entry in entries)
    usable, left_out = [], []
    for entry, result in zip(entries, results, strict=True):
        if isinstance(result, Walk):
            usable.append((entry, result))
        else:
            left_out.append(LeftOut(entry.file, result))
    walks, doubles = _without_duplicates(usable)
    walks.sort(key=lambda posed: (_natural(posed[0].identity), _natural(posed[0].recording)))
    return walks, left_out + doubles


def _parallel(jobs: int) -> Parallel:
    # Arrays are small, so threads inside a worker would only get in each other's way.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        return Parallel(n_jobs=jobs, return_as="generator")


def _pose(folder: Path, entry: Entry) -> Walk | str:
    """Return the walk, or why there is none."""
    if not entry.identity or not entry.recording:
        return "the manifest names no subject or no recording for it."
    try:
        return posed(read_bvh(folder / entry.file, source=entry.file), source=entry.file)
    except DataError as error:
        return str(error).removeprefix(entry.file).lstrip(":, ")


def _without_duplicates(usable: Iterable[Posed]) -> tuple[list[Posed], list[LeftOut]]:
    """Keep the first of every recording, since a pair of the same recording proves nothing."""
    kept: list[Posed] = []
    left_out = []
    first: dict[tuple[str, str], str] = {}
    for entry, walk in usable:
        keys = {
            ("same file", entry.duplicate_of or entry.file): "the manifest calls it a duplicate of",
            ("same motion", walk.motion_hash): "its motion is the same, value by value, as that of",
            ("same name", entry.name): "it has the subject and recording of",
        }
        seen = next(((why, first[key]) for key, why in keys.items() if key in first), None)
        if seen is not None:
            left_out.append(LeftOut(entry.file, f"{seen[0]} {seen[1]}."))
            first.setdefault(("same file", entry.file), seen[1])
            continue
        first.update(dict.fromkeys([*keys, ("same file", entry.file)], entry.file))
        kept.append((entry, walk))
    return kept, left_out


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts "2" before "10"."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.findall(r"\d+|\D+", text)
    ]


def _on_one_skeleton(walks: Sequence[Posed]) -> list[Posed]:
    """Give everybody the average over people, so that it does not depend on who walked most."""
    firsts = {entry.identity: walk for entry, walk in reversed(walks)}
    lengths = np.mean([bone_lengths(walk.pose) for walk in firsts.values()], axis=0)
    height = float(np.mean([walk.height_m for walk in firsts.values()]))
    return [
        (entry, replace(walk, pose=with_bone_lengths(walk.pose, lengths), height_m=height))
        for entry, walk in walks
    ]


def _check_usable(folder: Path, walks: Sequence[Posed], left_out: Sequence[LeftOut]) -> None:
    if walks:
        return
    reasons = "; ".join(f"{skipped.file}: {skipped.reason}" for skipped in left_out[:3])
    raise DataError(f"{folder}: none of {len(left_out)} files can be used. {reasons}")


def _unit_notes(walks: Sequence[Posed]) -> list[str]:
    units = sorted({walk.unit for _, walk in walks})
    ups = sorted({walk.up for _, walk in walks})
    in_place = sum(walk.in_place for _, walk in walks)
    calibrated = sum(walk.began_with_calibration for _, walk in walks)
    notes = [f"Unit of length: {', '.join(units)} (from leg length); up: {', '.join(ups)}."]
    if in_place:
        notes.append(f"{in_place} recordings are of people who walk in place.")
    if calibrated:
        notes.append(f"{calibrated} recordings began with a calibration pose, which was taken off.")
    return notes


def _licence(folder: Path) -> str:
    """Return which licence files lie in the folder, each with its first line."""
    found = []
    for path in sorted(folder.rglob("*")):
        if re.match(r"(licen[cs]e|copying)", path.name, re.IGNORECASE) and path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            title = next((line.strip() for line in lines if line.strip()), "empty")
            found.append(f"{path.relative_to(folder).as_posix()}: {title}")
    if not found:
        return "unknown: the folder has no licence file"
    return "the recordings' own; " + "; ".join(found)


def _write(
    writer: SilhouettesWriter,
    walks: Sequence[Posed],
    views: tuple[float, ...],
    jobs: int,
    progress: Progress | None,
) -> dict[str, list[int]]:
    splits: dict[str, list[int]] = {"test.gallery": [], "test.probe": []}
    enrolled: set[str] = set()
    rendered = _parallel(jobs)(delayed(_render)(walk, views) for _, walk in walks)
    for done, ((entry, _), clips) in enumerate(zip(walks, rendered, strict=True), 1):
        split = splits["test.probe" if entry.identity in enrolled else "test.gallery"]
        for view, packed in zip(views, clips, strict=True):
            split.append(
                writer.add_packed(
                    packed,
                    identity=entry.identity,
                    condition=_CONDITION,
                    view=f"{view:03g}",
                    recording=entry.name,
                )
            )
        enrolled.add(entry.identity)
        if progress is not None:
            progress(done * len(views), len(walks) * len(views))
    return splits


def _render(walk: Walk, views: tuple[float, ...]) -> list[Frames]:
    """Return packed silhouettes from every view."""
    shape = Shape.average(walk.height_m)
    pose = _beside(walk.pose)
    return [
        pack(
            render(
                pose,
                shape,
                Camera(view, _CAMERA_HEIGHT_M, _CAMERA_DISTANCE_M),
                height=SIZE,
                width=SIZE,
            ).frames
        )
        for view in views
    ]


def _beside(pose: Pose) -> Pose:
    """Return the pose seen from a camera that goes along with the pelvis.

    Walks of two and of twenty metres are then seen from the same angle throughout, and how long
    somebody was recorded does not become a feature of the person.
    """
    still = pose.copy()
    still[:, :, :2] -= pose[:, [_PELVIS], :2]
    return still


def _imported(entry: Entry, walk: Walk) -> Imported:
    return Imported(
        file=entry.file,
        identity=entry.identity,
        recording=entry.name,
        frames=len(walk.pose),
        fps=walk.fps,
        unit=walk.unit,
        up=walk.up,
        height_m=walk.height_m,
        speed_m_s=walk.speed_m_s,
        in_place=walk.in_place,
    )
