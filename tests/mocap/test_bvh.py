import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import DataError
from gaitbench.mocap.bvh import axis_rotation, descendants, parse_bvh, read_bvh
from tests.places import SHARED

TEXT = """HIERARCHY
ROOT Hips
{
  OFFSET 100 200 300
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Leg
  {
    OFFSET 0 -2 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 -3 1
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 0 0 0 0 0 0
4 5 6 10 20 30 40 50 60
"""


def reference_positions(order: str, hips: list[float], leg: list[float]) -> tuple[Doubles, Doubles]:
    """Leg and end site of `TEXT` for one frame, with scipy's rotations."""
    root = Rotation.from_euler(order, hips[3:], degrees=True)
    knee = Rotation.from_euler(order, leg, degrees=True)
    start = np.array(hips[:3]) + root.apply([0, -2, 0])
    return start, start + (root * knee).apply([0, -3, 1])


def test_parts_of_a_file():
    bvh = parse_bvh(TEXT, source="walk.bvh")
    assert [joint.name for joint in bvh.joints] == ["Hips", "Leg", "Leg end"]
    assert [joint.parent for joint in bvh.joints] == [-1, 0, 1]
    assert [joint.is_end for joint in bvh.joints] == [False, False, True]
    assert bvh.values.shape == (2, 9)
    assert bvh.frame_time == 0.04
    assert descendants(bvh.joints, 0) == [1, 2]


@pytest.mark.parametrize("order", ["".join(p) for p in itertools.permutations("XYZ")])
def test_any_order_of_rotations(order):
    channels = " ".join(f"{axis}rotation" for axis in order)
    text = TEXT.replace("Zrotation Xrotation Yrotation", channels)
    places = parse_bvh(text, source="walk.bvh").positions()
    leg, end = reference_positions(order, [4, 5, 6, 10, 20, 30], [40, 50, 60])
    np.testing.assert_allclose(places[1], np.stack([[4.0, 5.0, 6.0], leg, end]), atol=1e-12)


def test_position_channels_in_another_order_and_after_rotations():
    text = TEXT.replace(
        "Xposition Yposition Zposition Zrotation Xrotation Yrotation",
        "Yrotation Zrotation Xrotation Zposition Xposition Yposition",
    ).replace("4 5 6 10 20 30 40", "0 0 0 6 4 5 40")
    np.testing.assert_allclose(parse_bvh(text, source="walk.bvh").positions()[1, 0], [4, 5, 6])


def test_root_offset_is_ignored():
    moved = TEXT.replace("OFFSET 100 200 300", "OFFSET 0 0 0")
    np.testing.assert_array_equal(
        parse_bvh(TEXT, source="a").positions(), parse_bvh(moved, source="b").positions()
    )


def test_root_without_position_channels_stays_at_zero():
    text = TEXT.replace("6 Xposition Yposition Zposition", "3").replace("1 2 3 0", "0")
    text = text.replace("4 5 6 10", "10")
    np.testing.assert_array_equal(parse_bvh(text, source="a").positions()[:, 0], np.zeros((2, 3)))


def test_position_channels_replace_the_offset_of_a_joint():
    text = TEXT.replace(
        "    CHANNELS 3 Zrotation", "    CHANNELS 6 Xposition Yposition Zposition Zrotation"
    )
    text = text.replace("1 2 3 0 0 0 0 0 0", "1 2 3 0 0 0 7 8 9 0 0 0")
    text = text.replace("10 20 30 40", "10 20 30 7 8 9 40")
    np.testing.assert_allclose(parse_bvh(text, source="a").positions()[0, 1], [8, 10, 12])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("  ", "\t").replace("Frames: 2", "Frames:\t2"),
        lambda text: text.replace("\n  {", " {").replace("\n{", "{"),
        lambda text: text.replace("4 5 6 10", "4 5 6\n10"),
        lambda text: text.replace("\n1 2", " \n\n1 2") + "\n\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("rotation", "ROTATION").replace("ROOT", "root"),
    ],
    ids=["CRLF", "tabs", "braces", "line breaks", "empty lines", "byte order mark", "capitals"],
)
def test_ways_of_writing_the_same(change, tmp_path):
    path = tmp_path / "walk.bvh"
    path.write_bytes(change(TEXT).encode())
    np.testing.assert_array_equal(
        read_bvh(path).positions(), parse_bvh(TEXT, source="a").positions()
    )


def test_names_with_spaces_and_bytes_that_are_no_utf8(tmp_path):
    path = tmp_path / "walk.bvh"
    path.write_bytes(TEXT.replace("JOINT Leg", "JOINT Bip01 L Thigh \xe9").encode("latin-1"))
    assert read_bvh(path).joints[1].name.startswith("Bip01 L Thigh")


def test_several_roots():
    second = TEXT[TEXT.index("ROOT") : TEXT.index("MOTION")].replace("Hips", "Prop")
    text = TEXT.replace("MOTION", second + "MOTION")
    text = text.replace("0 0 0 0 0 0\n", "0 0 0 0 0 0 7 8 9 0 0 0 0 0 0\n")
    text = text.replace("40 50 60", "40 50 60 0 0 0 0 0 0 0 0 0")
    np.testing.assert_array_equal(parse_bvh(text, source="a").positions()[0, 3], [7, 8, 9])


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (TEXT, "", "walk.bvh is empty"),
        (TEXT, " \n\r\n", "walk.bvh is empty"),
        (TEXT[TEXT.index("MOTION") :], "", "no MOTION part.* after 15 lines"),
        (TEXT[: TEXT.index("MOTION")], "", "does not start with HIERARCHY"),
        ("HIERARCHY", "<html>", "does not start with HIERARCHY"),
        (" 30 40 50 60\n", "\n", "cut short: .* 2 frames of 9 values, 18 in all, but it has 14"),
        ("Frames: 2", "Frames: 1", "holds too much: .* 9 in all, but it has 18"),
        ("Frames: 2", "Frames: 0", "Frames is 0"),
        ("Frames: 2", "Frames: two", "line 17: 'two' is not a number"),
        ("Frames: 2\n", "", "line 17 should be 'Frames: …', but is 'Frame Time: 0.04'"),
        (TEXT[TEXT.index("Frame Time") :], "", "its end should be 'Frame Time: …'"),
        ("Time: 0.04", "Time: 0", "Frame Time is 0 s"),
        ("Time: 0.04", "Time: -0.04", "Frame Time is -0.04 s"),
        ("Time: 0.04", "Time: nan", "line 18: 'nan' is not a number"),
        ("10 20 30", "10 20,5 30", "line 20: '20,5' is not a number"),
        ("10 20 30", "10 inf 30", "line 20: 'inf' is not a number"),
        ("OFFSET 0 -2 0", "OFFSET 0 x 0", "line 8: 'x' is not a number"),
        (
            "3 Zrotation",
            "3 Wrotation",
            "line 9: the joint 'Leg' has an unknown channel 'Wrotation'",
        ),
        ("CHANNELS 3", "CHANNELS 7", "line 9: the joint 'Leg' announces 7 channels"),
        ("OFFSET 0 -2 0", "", "the joint 'Leg' has no OFFSET"),
        ("    }\n  }\n}\n", "    }\n", "line 13: the joint 'Leg' is never closed"),
        ("  }\n}\n", "  }\n}\n}\n", "line 16: a '}' closes nothing"),
        ("ROOT", "JOINT", "JOINT Hips stands outside a joint"),
        ("JOINT", "ROOT", "ROOT Leg stands inside a joint"),
        ("    End Site", "    Something", "line 10: 'Something' stands where"),
        ("{\n      OFFSET 0 -3 1\n    }\n  }\n}\n", "", "the hierarchy is cut short"),
    ],
)
def test_errors(before, after, message):
    assert TEXT.count(before) >= 1
    with pytest.raises(DataError, match=f"(?s){message}"):
        parse_bvh(TEXT.replace(before, after, 1), source="walk.bvh")


def test_hierarchy_without_channels():
    text = TEXT.replace(
        "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation", "CHANNELS 0"
    ).replace("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 0")
    with pytest.raises(DataError, match="no joint has channels"):
        parse_bvh(text, source="walk.bvh")


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"none\.bvh cannot be read: No such file"):
        read_bvh(tmp_path / "none.bvh")
    with pytest.raises(DataError, match="cannot be read"):
        read_bvh(tmp_path)


def test_axis_rotation_is_right_handed():
    for axis in range(3):
        turned = axis_rotation(axis, np.array([90.0]))[0] @ np.eye(3)[(axis + 1) % 3]
        np.testing.assert_allclose(turned, np.eye(3)[(axis + 2) % 3], atol=1e-12)


def test_bones_keep_their_length_in_real_recordings():
    mocap = SHARED / "mocap"
    if not mocap.is_dir():
        pytest.skip("the motion capture collection is not beside the repository")
    for file in ("amnd/SubjectA1_Cycle1.bvh", "cmu/07_01.bvh"):
        bvh = read_bvh(mocap / file)
        places = bvh.positions()
        for index, joint in enumerate(bvh.joints):
            if joint.parent >= 0:
                bones = np.linalg.norm(places[:, index] - places[:, joint.parent], axis=1)
                np.testing.assert_allclose(bones, np.linalg.norm(joint.offset), atol=1e-9)
