"""From the joints of a file to a pose."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gaitbench.core.errors import DataError
from gaitbench.mocap.bones import BONES, bone_lengths
from gaitbench.mocap.bvh import parse_bvh, read_bvh
from gaitbench.mocap.skeleton import SHORTEST, posed
from tests.mocap.made_up_walks import MOCAP, at, needs_mocap, pose_of, walking


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
