import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import DataError
from gaitbench.data.check import check
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.mocap.bvh import parse_bvh, read_bvh
from gaitbench.mocap.importer import (
    RULES,
    Entry,
    _beside,
    _natural,
    _without_duplicates,
    import_bvh,
)
from gaitbench.mocap.skeleton import (
    BONES,
    SHORTEST,
    Walk,
    bone_lengths,
    levelled,
    posed,
    with_bone_lengths,
)
from gaitbench.walkers.body import JOINTS, Pose
from tests.places import SHARED

MOCAP = SHARED / "mocap"
needs_mocap = pytest.mark.skipif(
    not MOCAP.is_dir(), reason="the motion capture collection is not beside the repository"
)

# Name, parent and offset in metres (x to the left, y up, z to the front).
SIDE = [
    ("UpLeg", "Hips", (0.09, -0.05, 0.0)),
    ("Leg", "UpLeg", (0.0, -0.42, 0.0)),
    ("Foot", "Leg", (0.0, -0.42, 0.0)),
    ("ToeBase", "Foot", (0.0, -0.05, 0.13)),
    ("Arm", "Spine", (0.18, 0.25, 0.0)),
    ("ForeArm", "Arm", (0.0, -0.30, 0.0)),
    ("Hand", "ForeArm", (0.0, -0.25, 0.0)),
]
MIDDLE = [
    ("Hips", "", (0.0, 0.0, 0.0)),
    ("Spine", "Hips", (0.0, 0.20, 0.0)),
    ("Neck", "Spine", (0.0, 0.28, 0.0)),
    ("Head", "Neck", (0.0, 0.10, 0.0)),
]


def walking(
    *,
    speed: float = 1.2,
    seconds: float = 2.0,
    fps: float = 60.0,
    unit: float = 100.0,
    up: str = "y",
    turned: float = 0.0,
    swing: float = 28.0,
    legs: float = 1.0,
    phase: float = 0.0,
    floor: float = 0.0,
    rising: float = 0.0,
    without: Sequence[str] = (),
) -> str:
    """Text of a BVH file of somebody who walks along +z, turned about the vertical by degrees."""
    # A cyclic permutation of the axes is a rotation, so angles stay what they are.
    shift = {"y": 0, "z": 1, "x": 2}[up]
    axes = [("X", "Y", "Z")[(i + shift) % 3] for i in range(3)]
    time = np.arange(round(seconds * fps)) / fps
    cycle = 2 * np.pi * (time + phase)
    joints = [(n, p, np.array(o)) for n, p, o in MIDDLE]
    for side, sign in (("Left", 1), ("Right", -1)):
        for name, parent, offset in SIDE:
            inner = parent if parent in ("Hips", "Spine") else side + parent
            longer = legs if name in ("Leg", "Foot") else 1.0
            joints.append((side + name, inner, np.array(offset) * (sign, longer, 1)))
    joints = [joint for joint in joints if joint[0] not in without]

    bend = {}
    for side, sign in (("Left", 1), ("Right", -1)):
        bend[f"{side}UpLeg"] = -swing * sign * np.sin(cycle)
        bend[f"{side}Leg"] = 0.5 * swing * (1.2 + sign * np.cos(cycle))
        bend[f"{side}Arm"] = swing * sign * np.sin(cycle)
        bend[f"{side}ForeArm"] = np.full_like(cycle, -15.0)
    root = np.zeros((len(time), 3))
    heading = np.radians(turned)
    root[:, 0] = speed * time * np.sin(heading)
    root[:, 1] = 0.94 * legs + floor + rising * time
    root[:, 2] = speed * time * np.cos(heading)

    columns = [root[:, i] * unit for i in np.roll(np.arange(3), shift)]
    lines = []

    def write(name: str, depth: int) -> None:
        pad = "\t" * depth
        _, _, offset = next(joint for joint in joints if joint[0] == name)
        x, y, z = np.roll(offset, shift) * unit
        lines.append(f"{pad}{'JOINT' if depth else 'ROOT'} {name}\n{pad}{{")
        lines.append(f"{pad}\tOFFSET {x:.6f} {y:.6f} {z:.6f}")
        turn = f"{axes[2]}rotation {axes[0]}rotation {axes[1]}rotation"
        if depth:
            lines.append(f"{pad}\tCHANNELS 3 {turn}")
        else:
            lines.append(f"{pad}\tCHANNELS 6 Xposition Yposition Zposition {turn}")
        still = np.zeros(len(time))
        columns.extend([still, bend.get(name, still), still if depth else still + turned])
        below = [joint[0] for joint in joints if joint[1] == name]
        for child in below:
            write(child, depth + 1)
        if not below:
            x, y, z = np.roll(np.array([0.0, 0.12, 0.0]) * (1 if name == "Head" else 0), shift)
            lines.append(f"{pad}\tEnd Site\n{pad}\t{{\n{pad}\t\tOFFSET {x * unit} {y * unit} ")
            lines[-1] += f"{z * unit}\n{pad}\t}}"
        lines.append(f"{pad}}}")

    write("Hips", 0)
    rows = "\n".join(" ".join(f"{v:.6f}" for v in row) for row in np.stack(columns, axis=1))
    head = f"MOTION\nFrames: {len(time)}\nFrame Time: {1 / fps:.8f}"
    return "\n".join(["HIERARCHY", *lines, head, rows, ""])


def pose_of(text: str) -> Walk:
    return posed(parse_bvh(text, source="walk.bvh"), source="walk.bvh")


def at(pose: Pose, joint: str) -> Pose:
    return pose[:, JOINTS.index(joint)]


# --- poses


def test_a_walk_is_upright_in_metres_and_goes_along_x():
    walk = pose_of(walking())
    assert (walk.unit, walk.up, walk.in_place) == ("cm", "+y", False)
    assert walk.fps == pytest.approx(60)
    assert walk.speed_m_s == pytest.approx(1.2, abs=0.01)
    assert walk.height_m == pytest.approx((0.84 + 0.50) / 0.779, rel=0.02)
    assert len(walk.pose) == 50
    pelvis = at(walk.pose, "pelvis")
    np.testing.assert_allclose(np.diff(pelvis[:, 0]), 1.2 / 25, atol=1e-3)
    np.testing.assert_allclose(pelvis[:, 1], pelvis[0, 1], atol=1e-3)
    assert (at(walk.pose, "l_shoulder")[:, 1] > at(walk.pose, "r_shoulder")[:, 1]).all()
    heights = [at(walk.pose, j)[:, 2].mean() for j in ("l_ankle", "l_knee", "pelvis", "chest")]
    heights += [at(walk.pose, j)[:, 2].mean() for j in ("neck", "head")]
    assert heights == sorted(heights)


def test_knees_bend_forwards_and_feet_point_forwards():
    pose = pose_of(walking()).pose
    for side in "lr":
        hip, knee, ankle = (at(pose, f"{side}_{j}") for j in ("hip", "knee", "ankle"))
        thigh, shank = knee - hip, ankle - knee
        assert (np.cross(thigh, shank)[:, 1] >= 0).all()
        foot = at(pose, f"{side}_toe") - at(pose, f"{side}_heel")
        assert foot[:, 0].mean() > 0.15
        elbow, wrist = at(pose, f"{side}_elbow"), at(pose, f"{side}_wrist")
        assert (np.cross(elbow - at(pose, f"{side}_shoulder"), wrist - elbow)[:, 1] <= 0).all()


@pytest.mark.parametrize(
    "how",
    [
        {"unit": 1.0},
        {"unit": 1000.0},
        {"unit": 1 / 0.0254},
        {"unit": 0.45 / 0.0254},
        {"up": "z"},
        {"up": "x"},
        {"turned": 180.0},
        {"turned": -37.0},
        {"up": "z", "turned": 180.0},
        {"floor": 0.3},
        {"floor": -1.2, "rising": 0.03},
        {"fps": 120.0},
        {"fps": 50.0},
        {"fps": 25.0},
    ],
    ids=str,
)
def test_the_same_walk_however_it_is_recorded(how):
    walk, plain = pose_of(walking(**how)), pose_of(walking())
    start = at(plain.pose, "pelvis")[0] - at(walk.pose, "pelvis")[0]
    # The fitted ground and interpolated angles differ by millimetres.
    np.testing.assert_allclose(walk.pose + start, plain.pose, atol=0.012)


@pytest.mark.parametrize(
    ("unit", "name"),
    [(1.0, "m"), (1000.0, "mm"), (1 / 0.0254, "inch"), (0.45 / 0.0254, "1/0.45 inch")],
)
def test_units_are_reported(unit, name):
    assert pose_of(walking(unit=unit)).unit == name


def test_unknown_unit_is_said_and_legs_get_a_usual_length():
    walk = pose_of(walking(unit=50_000.0))
    assert walk.unit == "unknown, legs scaled to 0.85 m"
    legs = bone_lengths(walk.pose)[
        [BONES.index(("l_hip", "l_knee")), BONES.index(("l_knee", "l_ankle"))]
    ]
    assert legs.sum() == pytest.approx(0.85, rel=1e-3)


def test_upside_down_axis():
    text = walking()
    # Turned by 180° about x: y and z change their signs, and with them rotations about them.
    bvh = parse_bvh(text, source="a")
    joints = tuple(replace(j, offset=(j.offset[0], -j.offset[1], -j.offset[2])) for j in bvh.joints)
    values = bvh.values.copy()
    values[:, 1:3] *= -1
    values[:, 3] *= -1
    values[:, 5] *= -1
    walk = posed(replace(bvh, joints=joints, values=values), source="a")
    assert walk.up == "-y"
    plain = pose_of(text).pose
    shift = at(walk.pose, "pelvis")[0] - at(plain, "pelvis")[0]
    np.testing.assert_allclose(walk.pose, plain + shift, atol=1e-6)


def test_walking_in_place_uses_the_facing():
    walk = pose_of(walking(speed=0.0, turned=120.0))
    assert walk.in_place
    foot = at(walk.pose, "l_toe") - at(walk.pose, "l_heel")
    assert foot[:, 0].mean() > 0.15


def test_a_calibration_pose_in_front_is_taken_off():
    bvh = parse_bvh(walking(), source="a")
    arms_out = bvh.values[:1].copy()
    arms_out[:, 3:] = 0.0
    for joint in bvh.joints:
        if joint.name in ("LeftArm", "RightArm"):
            arms_out[:, joint.first_channel] = 90.0
    walk = posed(replace(bvh, values=np.concatenate([arms_out, bvh.values])), source="a")
    assert walk.began_with_calibration
    plain = pose_of(walking())
    assert not plain.began_with_calibration
    np.testing.assert_array_equal(walk.pose, plain.pose)


def test_curved_paths_stay_curved():
    bvh = parse_bvh(walking(speed=0.0), source="a")
    values = bvh.values.copy()
    angle = np.linspace(-0.6, 0.6, len(values))
    values[:, [0, 2]] = 200 * np.stack([1 - np.cos(angle), np.sin(angle)], axis=1)
    values[:, 5] = np.degrees(angle)
    walk = posed(replace(bvh, values=values), source="a")
    pelvis = at(walk.pose, "pelvis")
    assert np.ptp(pelvis[:, 0]) > 2.0
    assert np.ptp(pelvis[:, 1]) == pytest.approx(2 * (1 - np.cos(0.6)), abs=0.02)


def test_joints_that_are_missing_are_derived():
    full = pose_of(walking())
    bare = ("LeftToeBase", "RightToeBase", "LeftHand", "RightHand", "Neck", "Head")
    walk = pose_of(
        walking(without=("LeftToeBase", "RightToeBase", "LeftHand", "RightHand", "Head"))
    )
    np.testing.assert_allclose(at(walk.pose, "head"), at(full.pose, "head"), atol=0.01)
    for side in "lr":
        np.testing.assert_allclose(
            at(walk.pose, f"{side}_heel"), at(full.pose, f"{side}_heel"), atol=0.06
        )
        assert (at(walk.pose, f"{side}_toe") - at(walk.pose, f"{side}_heel"))[:, 0].mean() > 0.15
        hand = at(walk.pose, f"{side}_hand") - at(walk.pose, f"{side}_elbow")
        assert np.linalg.norm(hand, axis=1).min() > 0.1
    with pytest.raises(DataError, match="no joint is known as neck or head"):
        pose_of(walking(without=bare))


def test_toes_never_sink_into_the_ground():
    pose = pose_of(walking()).pose
    for toe in ("l_toe", "r_toe"):
        assert at(pose, toe)[:, 2].min() >= 0
    heels = np.minimum(at(pose, "l_heel"), at(pose, "r_heel"))[:, 2]
    assert heels.min() > -0.05


def test_levelled_takes_out_a_slope():
    pose = pose_of(walking(seconds=4.0)).pose
    tilted = pose.copy()
    tilted[:, :, 2] += 0.02 * np.arange(len(pose))[:, None] / 25 + 0.4
    np.testing.assert_allclose(levelled(tilted), levelled(pose), atol=1e-9)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"swing": 0.0},
            "walk.bvh: the person stands still: the ankles move 0.00 m .* at least 0.13",
        ),
        ({"swing": 2.0, "speed": 0.0}, "stands still: the ankles move 0.12 m"),
        ({"speed": -1.2}, r"moves against the direction they face \(cosine -1.00\)"),
        ({"seconds": 0.4}, f"10 frames at 25 per second are too few, .* at least {SHORTEST}"),
    ],
    ids=str,
)
def test_what_is_no_walk(how, message):
    with pytest.raises(DataError, match=message):
        pose_of(walking(**how))


def test_left_and_right_exchanged():
    text = walking().replace("Left", "_").replace("Right", "Left").replace("_", "Right")
    with pytest.raises(DataError, match="left and right are exchanged"):
        pose_of(text)


def test_a_person_who_lies_on_no_axis():
    bvh = parse_bvh(walking(), source="a")
    values = bvh.values.copy()
    values[:, 3:6] = 45.0, 40.0, 0.0
    with pytest.raises(DataError, match="a: the person is not upright along any axis"):
        posed(replace(bvh, values=values), source="a")


def test_bone_lengths_are_replaced_and_directions_kept():
    pose, other = pose_of(walking()).pose, pose_of(walking(legs=1.15)).pose
    moved = with_bone_lengths(pose, bone_lengths(other))
    # Toes are bent where the ground is, so a foot's length follows only on average.
    rigid = [i for i, bone in enumerate(BONES) if not bone[1].endswith("toe")]
    np.testing.assert_allclose(bone_lengths(moved)[rigid], bone_lengths(other)[rigid], rtol=1e-9)
    thigh = at(pose, "l_knee") - at(pose, "l_hip")
    turned = at(moved, "l_knee") - at(moved, "l_hip")
    ratio = np.linalg.norm(turned, axis=1) / np.linalg.norm(thigh, axis=1)
    np.testing.assert_allclose(turned, thigh * ratio[:, None], atol=0.002)
    assert np.ptp(at(moved, "pelvis")[:, 0]) == pytest.approx(
        1.15 * np.ptp(at(pose, "pelvis")[:, 0]), rel=1e-6
    )


def test_camera_goes_along():
    pose = pose_of(walking()).pose
    still = _beside(pose)
    np.testing.assert_array_equal(at(still, "pelvis")[:, :2], 0)
    np.testing.assert_allclose(
        at(still, "l_toe") - at(still, "pelvis"), at(pose, "l_toe") - at(pose, "pelvis"), atol=1e-12
    )


@needs_mocap
def test_every_recording_of_the_collection_is_a_walk():
    table = pd.read_csv(MOCAP / "manifest.csv")
    assert len(table) == 88
    for file, speed, duration in table[["file", "speed_m_s", "duration_s"]].to_numpy():
        walk = posed(read_bvh(MOCAP / file), source=file)
        assert (walk.unit, walk.up, walk.in_place) == ("cm", "+y", False)
        assert not walk.began_with_calibration
        assert walk.speed_m_s == pytest.approx(speed, rel=0.15)
        assert len(walk.pose) == pytest.approx(duration * 25, abs=1.5)
        assert 1.5 < walk.height_m < 1.85
        for side in "lr":
            foot = at(walk.pose, f"{side}_toe") - at(walk.pose, f"{side}_heel")
            assert foot[:, 0].mean() > 0.1
            hip, knee, ankle = (at(walk.pose, f"{side}_{j}") for j in ("hip", "knee", "ankle"))
            # Lateral component of the knee's bend; a few degrees of overextension exist.
            assert np.cross(knee - hip, ankle - knee)[:, 1].min() > -0.02
        assert np.abs(walk.pose[:, :, 2].min(axis=1)).max() < 0.08


# --- the import


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


def test_wrong_manifests(tmp_path):
    table = tmp_path / "manifest.csv"
    table.write_text("file,person\na.bvh,1\n")
    with pytest.raises(
        DataError, match="lacks the columns subject, recording; it has file, person"
    ):
        import_bvh(tmp_path, tmp_path / "out")
    table.write_text("")
    with pytest.raises(DataError, match=r"manifest\.csv cannot be read"):
        import_bvh(tmp_path, tmp_path / "out")
    with pytest.raises(DataError, match=r"none\.csv cannot be read"):
        import_bvh(tmp_path, tmp_path / "out", manifest=tmp_path / "none.csv")
    assert not (tmp_path / "out").exists()


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
    a, b, c = Entry("a", "p", "1"), Entry("b", "p", "2", "a"), Entry("c", "p", "3", "b")
    kept, left_out = _without_duplicates([(a, walk), (b, other), (c, third)])
    assert [entry.file for entry, _ in kept] == ["a"]
    assert [skipped.file for skipped in left_out] == ["b", "c"]
    # Where the first is of no use, its duplicate takes its place.
    kept, left_out = _without_duplicates([(b, other)])
    assert ([entry.file for entry, _ in kept], left_out) == (["b"], [])
    twice = [(a, walk), (replace(c, recording="1", duplicate_of=""), third)]
    assert "subject and recording of a" in _without_duplicates(twice)[1][0].reason


def test_natural_order():
    assert sorted(["10", "9", "b2", "b10", ""], key=_natural) == ["", "9", "10", "b2", "b10"]


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
