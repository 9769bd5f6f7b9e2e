"""From a folder of recordings to a data set."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import DataError
from gaitbench.data.check import check
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.mocap.importer import RULES, _beside, _without_duplicates, import_bvh
from gaitbench.mocap.manifest import ManifestEntry
from tests.mocap.made_up_walks import MOCAP, at, needs_mocap, pose_of, walking


def test_camera_goes_along():
    pose = pose_of(walking()).pose
    still = _beside(pose)
    np.testing.assert_array_equal(at(still, "pelvis")[:, :2], 0)
    np.testing.assert_allclose(
        at(still, "l_toe") - at(still, "pelvis"), at(pose, "l_toe") - at(pose, "pelvis"), atol=1e-12
    )


def folder_of_walks(folder: Path, *, manifest: bool = True) -> Path:
    """Anna twice, Ben twice and once more under another name, Cleo once, and files of no use."""
    walks = {
        "anna/2.bvh": walking(speed=1.3, phase=0.3),
        "anna/10.bvh": walking(speed=1.1),
        "ben/1.bvh": walking(legs=1.1, turned=180.0),
        "ben/2.bvh": walking(legs=1.1, phase=0.5),
        "ben/3.bvh": walking(legs=1.1, phase=0.5).replace("\n", "\r\n"),
        "cleo/1.bvh": walking(legs=0.9),
        "still.bvh": walking(swing=0.0),
        "short.bvh": walking(seconds=0.3),
        "cut.bvh": walking()[:-2000],
    }
    for name, text in walks.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    if manifest:
        rows = ["file,subject,recording,duplicate_of,cohort"]
        rows += ["anna/10.bvh,anna,10,,old", "anna/2.bvh,anna,2,,old", "ben/1.bvh,ben,1,,"]
        rows += ["ben/2.bvh,ben,2,,", "ben/3.bvh,ben,3,,", "cleo/1.bvh,cleo,1,,young"]
        rows += ["still.bvh,dora,1,,", "short.bvh,dora,2,,", "cut.bvh,dora,3,,"]
        rows += ["gone.bvh,emil,1,,", "cleo/1.bvh,cleo,1,,"]
        (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = folder_of_walks(tmp_path_factory.mktemp("walks"))
    (folder / "LICENSE.txt").write_text("\nFree for research\nmore\n")
    out = tmp_path_factory.mktemp("out") / "people"
    seen = []
    report = import_bvh(folder, out, views=(0, 90), progress=lambda *done: seen.append(done))
    return folder, Silhouettes.open(out), report, seen


def test_first_recordings_are_the_gallery(imported):
    _, data, report, _ = imported
    names = data.table["recording"]
    assert list(names.iloc[data.split("test.gallery")]) == [
        *["anna-2"] * 2,
        *["ben-1"] * 2,
        *["cleo-1"] * 2,
    ]
    assert list(names.iloc[data.split("test.probe")]) == [*["anna-10"] * 2, *["ben-2"] * 2]
    assert (report.identities, report.gallery, report.probes) == (3, 6, 4)
    assert [walk.file for walk in report.imported][:2] == ["anna/2.bvh", "anna/10.bvh"]
    assert set(data.table["condition"]) == {"nm"}
    assert list(data.table["view"][:2]) == ["000", "090"]


def test_what_is_left_out_has_its_reason(imported):
    _, _, report, _ = imported
    reasons = {skipped.file: skipped.reason for skipped in report.left_out}
    assert reasons["ben/3.bvh"] == ("its motion is the same, value by value, as that of ben/2.bvh.")
    assert reasons["still.bvh"].startswith("the person stands still: the ankles move 0.00 m")
    assert reasons["short.bvh"].startswith("8 frames at 25 per second")
    assert reasons["cut.bvh"].startswith("is cut short: its header announces 120 frames")
    assert reasons["gone.bvh"] == "cannot be read: No such file or directory."
    assert reasons["cleo/1.bvh"] == "the manifest calls it a duplicate of cleo/1.bvh."
    assert "6 files left out:\n" in report.text()
    assert "5 recordings of 3 identities in 2 views" in report.text()
    assert "Unit of length: cm (from leg length); up: +y." in report.text()


def test_origin_is_kept(imported):
    folder, data, _, _ = imported
    assert Rules.of(data.meta, data.name) == RULES
    assert RULES.searches[0].excluded == "same-view"
    assert data.meta["licence"] == "the recordings' own; LICENSE.txt: Free for research"
    assert data.meta["fps"] == 25
    assert data.meta["import"]["same_skeleton"] is False
    assert data.meta["cohorts"] == {"anna": "old", "cleo": "young"}
    assert str(folder.parent) not in json.dumps(dict(data.meta))


def test_progress_ends_with_everything(imported):
    _, data, _, seen = imported
    assert seen[-1] == (len(data.table), len(data.table))
    assert seen == sorted(seen)


def test_silhouettes_are_people(imported):
    _, data, _, _ = imported
    assert check(data) == []
    frames = data.frames(0)
    assert frames.any(axis=2).all()
    share = frames.mean()
    assert 0.1 < share < 0.3


def test_jobs_do_not_change_the_bytes(imported, tmp_path):
    folder, data, _, _ = imported
    import_bvh(folder, tmp_path / "people", views=(0, 90), jobs=2)
    assert Silhouettes.open(tmp_path / "people").fingerprint == data.fingerprint


def test_one_skeleton_for_everybody(imported, tmp_path):
    folder, data, _, _ = imported
    report = import_bvh(folder, tmp_path / "people", views=(90,), same_skeleton=True)
    assert len({walk.height_m for walk in report.imported}) == 1
    assert any("same average bone lengths" in note for note in report.notes)
    assert Silhouettes.open(tmp_path / "people").fingerprint != data.fingerprint


def test_without_manifest_folders_are_people(tmp_path):
    folder = folder_of_walks(tmp_path / "walks", manifest=False)
    report = import_bvh(folder, tmp_path / "people", views=(90,))
    assert [walk.recording for walk in report.imported] == [
        "anna-2",
        "anna-10",
        "ben-1",
        "ben-2",
        "cleo-1",
    ]
    assert "has no manifest.csv" in report.text()
    assert Silhouettes.open(tmp_path / "people").meta["licence"].startswith("unknown")


def test_files_beside_the_manifest_are_counted(tmp_path):
    folder = folder_of_walks(tmp_path / "walks", manifest=False)
    table = tmp_path / "mine.csv"
    table.write_text("file,subject,recording\nanna/2.bvh,anna,1\nanna/10.bvh,,1\n")
    report = import_bvh(folder, tmp_path / "people", manifest=table, views=(90,))
    assert report.notes[0] == "7 BVH files are not in mine.csv and were not read."
    assert report.left_out[0].reason == "the manifest names no subject or no recording for it."


def test_nothing_to_import(tmp_path):
    with pytest.raises(DataError, match="has no BVH files"):
        import_bvh(tmp_path, tmp_path / "out")
    (tmp_path / "a.bvh").write_text("")
    (tmp_path / "b.bvh").write_text(walking(swing=0.0))
    message = r"none of 2 files can be used\. a\.bvh: is empty\..*b\.bvh: the person stands still"
    with pytest.raises(DataError, match=message):
        import_bvh(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("views", [(), (0, 0.2), (90, 90)])
def test_views_must_differ(views, tmp_path):
    with pytest.raises(DataError, match="The views are"):
        import_bvh(tmp_path, tmp_path / "out", views=views)


def test_duplicates_by_manifest_in_any_order():
    walk = pose_of(walking())
    other = replace(walk, motion_hash="other")
    third = replace(walk, motion_hash="third")
    a, b, c = (
        ManifestEntry("a", "p", "1"),
        ManifestEntry("b", "p", "2", "a"),
        ManifestEntry("c", "p", "3", "b"),
    )
    kept, left_out = _without_duplicates([(a, walk), (b, other), (c, third)])
    assert [entry.file for entry, _ in kept] == ["a"]
    assert [skipped.file for skipped in left_out] == ["b", "c"]
    # Where the first is of no use, its duplicate takes its place.
    kept, left_out = _without_duplicates([(b, other)])
    assert ([entry.file for entry, _ in kept], left_out) == (["b"], [])
    twice = [(a, walk), (replace(c, recording="1", duplicate_of=""), third)]
    assert "subject and recording of a" in _without_duplicates(twice)[1][0].reason


@needs_mocap
def test_import_of_real_recordings(tmp_path):
    files = ["amnd/SubjectA1_Cycle1.bvh", "amnd/SubjectA1_Cycle2.bvh", "cmu/02_01.bvh"]
    files += ["amnd/SubjectD1_Cycle1.bvh", "amnd/SubjectD1_Cycle2.bvh"]
    table = pd.read_csv(MOCAP / "manifest.csv", dtype=str, keep_default_na=False)
    table[table["file"].isin(files)].to_csv(tmp_path / "few.csv", index=False)
    report = import_bvh(
        MOCAP, tmp_path / "people", manifest=tmp_path / "few.csv", views=(0, 90, 180)
    )
    assert [skipped.file for skipped in report.left_out] == ["amnd/SubjectD1_Cycle2.bvh"]
    assert (report.identities, report.gallery, report.probes) == (3, 9, 3)
    data = Silhouettes.open(tmp_path / "people")
    assert check(data) == []
    assert data.meta["licence"].startswith("the recordings' own; amnd/LICENSE: GNU GENERAL PUBLIC")
