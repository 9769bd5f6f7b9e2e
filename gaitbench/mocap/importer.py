"""Importing motion capture: a folder of recorded walks becomes a data set of silhouettes.

Every recording is posed (`skeleton.py`), dressed with the same average body and rendered from the
same views. Identity is therefore in the motion and the bone lengths alone, or, with
`same_skeleton`, in the motion alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed, parallel_config

from gaitbench.core.errors import DataError
from gaitbench.data.dataset import Progress
from gaitbench.data.rules import Rules, Search
from gaitbench.data.silhouettes import Frames, SilhouettesWriter, pack
from gaitbench.mocap.bones import bone_lengths, with_bone_lengths
from gaitbench.mocap.bvh import read_bvh
from gaitbench.mocap.manifest import ManifestEntry, entries_of, natural
from gaitbench.mocap.report import Imported, LeftOut, MocapReport
from gaitbench.mocap.skeleton import FPS, Walk, posed
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


def import_bvh(
    folder: Path,
    out: Path,
    *,
    manifest: Path | None = None,
    views: Sequence[float] = VIEWS,
    same_skeleton: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> MocapReport:
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
    entries, notes = entries_of(folder, manifest)
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
    return MocapReport(
        folder=out,
        imported=tuple(Imported.of(entry, walk) for entry, walk in walks),
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


Posed = tuple[ManifestEntry, Walk]


def _pose_all(
    folder: Path, entries: Sequence[ManifestEntry], jobs: int
) -> tuple[list[Posed], list[LeftOut]]:
    results = _parallel(jobs)(delayed(_pose)(folder, entry) for entry in entries)
    usable, left_out = [], []
    for entry, result in zip(entries, results, strict=True):
        if isinstance(result, Walk):
            usable.append((entry, result))
        else:
            left_out.append(LeftOut(entry.file, result))
    walks, doubles = _without_duplicates(usable)
    walks.sort(key=lambda posed: (natural(posed[0].identity), natural(posed[0].recording)))
    return walks, left_out + doubles


def _parallel(jobs: int) -> Parallel:
    # Arrays are small, so threads inside a worker would only get in each other's way.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        return Parallel(n_jobs=jobs, return_as="generator")


def _pose(folder: Path, entry: ManifestEntry) -> Walk | str:
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
    licences = []
    for path in sorted(folder.rglob("*")):
        if re.match(r"(licen[cs]e|copying)", path.name, re.IGNORECASE) and path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            title = next((line.strip() for line in lines if line.strip()), "empty")
            licences.append(f"{path.relative_to(folder).as_posix()}: {title}")
    if not licences:
        return "unknown: the folder has no licence file"
    return "the recordings' own; " + "; ".join(licences)


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
