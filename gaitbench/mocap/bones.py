"""The bones of a pose and the ground below it: measured, exchanged, levelled."""

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.walkers.body import JOINTS, Pose

_INDEX = {joint: index for index, joint in enumerate(JOINTS)}
_HEEL_TO_BALL = 0.7
"""Share of the foot."""


def line_in_time(heights: Doubles) -> Doubles:
    """Return the straight line in time through heights [t]."""
    time = np.arange(len(heights)) - (len(heights) - 1) / 2
    slope = float(time @ heights) / max(float(time @ time), 1e-9)
    return np.asarray(np.median(heights - slope * time) + slope * time)


def levelled(pose: Pose) -> Pose:
    """Return a pose with the ground at 0, and toes that bend instead of sinking into it.

    The ground is a line in time through each frame's lowest sole: recordings rise or sink by
    centimetres along the walk when the floor was not level with the cameras' axes.
    """
    heels = pose[:, [_INDEX["l_heel"], _INDEX["r_heel"]], 2]
    toes = pose[:, [_INDEX["l_toe"], _INDEX["r_toe"]], 2]
    # Not the toe itself: a rigid foot's dips below the ground when it pushes off from its ball.
    balls = heels + _HEEL_TO_BALL * (toes - heels)
    level = pose.copy()
    level[:, :, 2] -= line_in_time(np.minimum(heels, balls).min(axis=1))[:, None]
    for toe in (_INDEX["l_toe"], _INDEX["r_toe"]):
        level[:, toe, 2] = np.maximum(level[:, toe, 2], 0.0)
    return level


# Bones as pairs (upper, lower), upper ends first: the rest of the body hangs on them.
_TRUNK_BONES = (("pelvis", "chest"), ("chest", "neck"), ("neck", "head"))
_SIDE_BONES = (
    ("neck", "{}_shoulder"),
    ("{}_shoulder", "{}_elbow"),
    ("{}_elbow", "{}_wrist"),
    ("{}_wrist", "{}_hand"),
    ("pelvis", "{}_hip"),
    ("{}_hip", "{}_knee"),
    ("{}_knee", "{}_ankle"),
    ("{}_ankle", "{}_heel"),
    ("{}_ankle", "{}_toe"),
)
BONES = _TRUNK_BONES + tuple(
    (upper.format(side), lower.format(side)) for side in "lr" for upper, lower in _SIDE_BONES
)
_LEG = (BONES.index(("l_hip", "l_knee")), BONES.index(("l_knee", "l_ankle")))


def bone_lengths(pose: Pose) -> Doubles:
    """Return the lengths of `BONES` in metres: medians over time, the same for both sides."""
    lengths = np.median([np.linalg.norm(_bone(pose, *bone), axis=1) for bone in BONES], axis=1)
    trunk, sides = np.split(lengths, [len(_TRUNK_BONES)])
    return np.concatenate([trunk, np.tile(sides.reshape(2, -1).mean(axis=0), 2)])


def _bone(pose: Pose, upper: str, lower: str) -> Doubles:
    return pose[:, _INDEX[lower]] - pose[:, _INDEX[upper]]


def with_bone_lengths(pose: Pose, lengths: Doubles) -> Pose:
    """Return the same motion on another skeleton: directions kept, travel scaled with the legs.

    Args:
        pose: Shape [t, len(JOINTS), 3].
        lengths: As from `bone_lengths`.
    """
    moved = pose.copy()
    own = bone_lengths(pose)
    moved[:, _INDEX["pelvis"]] *= sum(lengths[i] for i in _LEG) / sum(own[i] for i in _LEG)
    for (upper, lower), length in zip(BONES, lengths, strict=True):
        bone = _bone(pose, upper, lower)
        # Scaled, not set: what little a bone changes (raised shoulders) belongs to the motion.
        share = length / max(float(np.median(np.linalg.norm(bone, axis=1))), 1e-9)
        moved[:, _INDEX[lower]] = moved[:, _INDEX[upper]] + share * bone
    return levelled(moved)
