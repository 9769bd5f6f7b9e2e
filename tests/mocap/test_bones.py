"""Bones measured and exchanged, and the ground below them."""

import numpy as np
import pytest

from gaitbench.mocap.bones import BONES, bone_lengths, levelled, with_bone_lengths
from tests.mocap.made_up_walks import at, pose_of, walking


def test_levelled_takes_out_a_slope():
    pose = pose_of(walking(seconds=4.0)).pose
    tilted = pose.copy()
    tilted[:, :, 2] += 0.02 * np.arange(len(pose))[:, None] / 25 + 0.4
    np.testing.assert_allclose(levelled(tilted), levelled(pose), atol=1e-9)


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
