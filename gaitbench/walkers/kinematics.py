"""The pose that follows from somebody's joint angles.

The pelvis is put where the foot on the ground demands, so feet stay planted, and speed, bounce and
step length follow from the angles.
"""

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.walkers.anthropometry import Lengths
from gaitbench.walkers.body import JOINTS, Pose
from gaitbench.walkers.gait import Gait, bearing, joint_angles, lifted

FRAMES_PER_SECOND = 25
_OVERSAMPLING = 4
"""Feet are followed at this many times the frame rate: a stance phase lasts only some 15 frames."""


def _turned(vectors: Doubles, axis: int, angle: Doubles | float) -> Doubles:
    """Return vectors [t, 3] turned about an axis (0 x, 1 y, 2 z) by `angle` in radians."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    cos, sin = np.cos(angle), np.sin(angle)
    out = vectors.copy()
    out[:, a] = cos * vectors[:, a] - sin * vectors[:, b]
    out[:, b] = sin * vectors[:, a] + cos * vectors[:, b]
    return out


def _along(length: float, angle: Doubles, t: int) -> Doubles:
    """Return vectors [t, 3] that hang down, swung forward by `angle` in radians."""
    out = np.zeros((t, 3))
    out[:, 0], out[:, 2] = length * np.sin(angle), -length * np.cos(angle)
    return out


def _fixed(t: int, x: float, y: float, z: float) -> Doubles:
    return np.broadcast_to(np.array([x, y, z]), (t, 3)).copy()


def _add_leg(
    at: dict[str, Doubles],
    side: str,
    angles: Doubles,
    gait: Gait,
    lengths: Lengths,
    inward: Doubles,
) -> None:
    """Add knee, ankle and foot; `inward` [t] is the leg's lean to the middle, in radians."""
    t, sign = angles.shape[1], 1.0 if side == "l" else -1.0
    hip, knee, ankle = angles[:3]
    toe_out = np.deg2rad(gait.manner["toe_out"]) * sign
    pitch = hip - knee + ankle
    shank = hip - knee

    def placed(vectors: Doubles, yaw: float) -> Doubles:
        return _turned(_turned(vectors, 2, yaw), 0, -sign * inward)

    at[f"{side}_knee"] = at[f"{side}_hip"] + placed(_along(lengths.thigh, hip, t), 0.3 * toe_out)
    at[f"{side}_ankle"] = at[f"{side}_knee"] + placed(
        _along(lengths.shank, shank, t), 0.5 * toe_out
    )
    heel = _turned(_fixed(t, -0.24 * lengths.foot, 0.0, -lengths.ankle_height), 1, -pitch)
    ball = _turned(_fixed(t, 0.48 * lengths.foot, 0.0, -lengths.ankle_height), 1, -pitch)
    # Behind the lifted heel the toes stay nearly flat.
    toes = _turned(
        _fixed(t, 0.28 * lengths.foot, 0.0, 0.0), 1, -np.where(pitch < 0, 0.35 * pitch, pitch)
    )  # The sole stays level from side to side, so the foot takes no part in the leg's lean.
    at[f"{side}_heel"] = at[f"{side}_ankle"] + _turned(heel, 2, toe_out)
    at[f"{side}_ball"] = at[f"{side}_ankle"] + _turned(ball, 2, toe_out)
    at[f"{side}_toe"] = at[f"{side}_ball"] + _turned(toes, 2, toe_out)


def _add_arm(
    at: dict[str, Doubles], side: str, angles: Doubles, gait: Gait, lengths: Lengths, yaw: Doubles
) -> None:
    t, sign = angles.shape[1], 1.0 if side == "l" else -1.0
    shoulder, elbow = angles[3], np.maximum(angles[4], 0.05)
    out = sign * np.deg2rad(gait.manner["abduction"])
    inward = -sign * np.deg2rad(gait.manner["elbow_inward"])

    def placed(vectors: Doubles, turn: float) -> Doubles:
        return _turned(_turned(_turned(vectors, 2, turn), 0, out), 2, yaw)

    at[f"{side}_elbow"] = at[f"{side}_shoulder"] + placed(
        _along(lengths.upper_arm, shoulder, t), 0.0
    )
    at[f"{side}_wrist"] = at[f"{side}_elbow"] + placed(
        _along(lengths.forearm, shoulder + elbow, t), 2.0 * inward
    )
    at[f"{side}_hand"] = at[f"{side}_wrist"] + placed(
        _along(lengths.hand, shoulder + elbow + 0.1, t), 2.0 * inward
    )


def _add_trunk(at: dict[str, Doubles], phase: Doubles, gait: Gait, lengths: Lengths) -> Doubles:
    """Add the trunk to a pelvis at the origin and return the chest's yaw [t], in radians."""
    manner, t, turn = gait.manner, len(phase), 2 * np.pi * phase
    degrees = {name: np.deg2rad(value) for name, value in manner.items()}
    # At its contact the leading leg's hip is forward, and the shoulder above it is back.
    pelvis_yaw = -degrees["pelvis_turn"] * np.cos(turn)
    chest_yaw = degrees["trunk_turn"] * np.cos(turn)
    # The pelvis drops on the side that swings, most in early single support.
    drop = -degrees["pelvis_drop"] * np.cos(turn - 0.6 * np.pi)
    roll = degrees["trunk_sway"] * np.cos(turn - 0.5 * np.pi)
    lean = degrees["lean"] + np.deg2rad(0.8) * np.cos(2 * turn)
    at["pelvis"] = np.zeros((t, 3))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        hip = _turned(_fixed(t, 0.0, sign * lengths.hip_half, 0.0), 0, drop)
        at[f"{side}_hip"] = _turned(hip, 2, pelvis_yaw)
    at["chest"] = _turned(_turned(_fixed(t, 0.0, 0.0, lengths.lower_trunk), 1, lean), 0, -roll)
    upper = lean + degrees["stoop"]
    up = _turned(_turned(_fixed(t, 0.0, 0.0, lengths.upper_trunk), 1, upper), 0, -roll)
    at["neck"] = at["chest"] + up
    for side, sign in (("l", 1.0), ("r", -1.0)):
        arm = _fixed(
            t, manner["shoulder_forward_m"], sign * lengths.shoulder_half, -lengths.shoulder_drop
        )
        at[f"{side}_shoulder"] = at["neck"] + _turned(
            _turned(_turned(arm, 1, upper), 0, -roll), 2, chest_yaw
        )
    nod = 0.4 * lean + degrees["head"] + np.deg2rad(0.8) * np.cos(2 * turn + 0.5)
    at["head"] = at["neck"] + _turned(_fixed(t, 0.0, 0.0, lengths.head), 1, nod)
    return np.asarray(chest_yaw)


_CONTACTS = ("heel", "ball", "toe")

CLEARANCE_M = 0.012
"""Least height of a swinging foot over the ground: Winter (1991) finds 1.3 cm on average."""

_LIFT_M_PER_RADIAN = 0.17
"""Rise of the foot with the flexion that `lifted` adds, at mid-swing and lengths of an adult."""


def _soles(at: dict[str, Doubles]) -> Doubles:
    """Return the points that touch the ground, [2 (left, right), len(_CONTACTS), t, 3]."""
    return np.stack([[at[f"{side}_{name}"] for name in _CONTACTS] for side in ("l", "r")])


def _shortfall(at: dict[str, Doubles], cycles: Doubles) -> Doubles:
    """Return by how much each foot's swing is too low at its worst, [2], in metres."""
    lowest = _soles(at)[..., 2].min(axis=1)
    own = np.mod(np.stack([cycles, cycles + 0.5]), 1.0)
    middle = (own > 0.70) & (own < 0.90)
    missing = CLEARANCE_M - (lowest - lowest[::-1])
    return np.asarray(np.where(middle, missing, 0.0).max(axis=1).clip(0.0))


def _planted(at: dict[str, Doubles], cycles: Doubles, seconds: float) -> Doubles:
    """Return the pelvis' path [t, 3] that keeps the feet at rest while they are on the ground."""
    soles = _soles(at)
    contacts = soles.reshape(-1, *soles.shape[2:])
    lowest = contacts[:, :, 2].min(axis=0)
    # Soft weights hand the load over between contacts as soles and soft ground do, without a jerk;
    # a foot in mid-swing never carries, however low it is.
    weight = np.exp((lowest - contacts[:, :, 2]) / 0.008)
    weight *= np.repeat(bearing(np.stack([cycles, cycles + 0.5])), len(_CONTACTS), axis=0) + 1e-4
    weight /= weight.sum(axis=0)
    height = -(weight * contacts[:, :, 2]).sum(axis=0)
    moved = -np.diff(contacts[:, :, 0], axis=1)
    advance = (0.5 * (weight[:, 1:] + weight[:, :-1]) * moved).sum(axis=0)
    path = np.zeros((contacts.shape[1], 3))
    path[1:, 0] = np.cumsum(advance)
    path[:, 2] = height
    # The trunk's mass does not follow the ankle's small jerks.
    width = max(1, round(0.08 / seconds))
    for axis in (0, 2):
        ends = (width // 2, width - 1 - width // 2)
        padded = np.pad(path[:, axis], ends, mode="reflect", reflect_type="odd")
        path[:, axis] = np.convolve(padded, np.full(width, 1.0 / width), mode="valid")
    return path


def _sway(gait: Gait, cycles: Doubles) -> Doubles:
    """Return how far the body leans over the foot that stands, to the left, [t], in metres."""
    return np.asarray(gait.manner["sway_m"] * np.cos(2 * np.pi * cycles - 0.5 * np.pi))


def _limbs_and_trunk(
    angles: Doubles, cycles: Doubles, gait: Gait, lengths: Lengths
) -> dict[str, Doubles]:
    """Return all joints by name, [t, 3] each, around a pelvis at the origin."""
    at: dict[str, Doubles] = {}
    yaw = _add_trunk(at, cycles, gait, lengths)
    # The legs' lean takes the body's sway out of the feet.
    sway = _sway(gait, cycles)
    adduction = np.deg2rad(gait.manner["adduction"])
    for index, (side, sign) in enumerate((("l", 1.0), ("r", -1.0))):
        _add_leg(at, side, angles[index], gait, lengths, adduction + sign * sway / lengths.leg)
        _add_arm(at, side, angles[index], gait, lengths, yaw)
    return at


def walk(gait: Gait, lengths: Lengths, frames: int, *, phase: float, drift: float = 0.0) -> Pose:
    """Return the pose of a walk along x.

    Args:
        gait: How it is walked.
        lengths: Of the walker's body.
        frames: Number of frames, at `FRAMES_PER_SECOND`.
        phase: Where in the gait cycle the walk starts, in cycles; 0 is the left foot's contact.
        drift: Relative change of the cadence per second.
    """
    seconds = 1.0 / (FRAMES_PER_SECOND * _OVERSAMPLING)
    time = np.arange(frames * _OVERSAMPLING) * seconds
    cycles = phase + 0.5 * gait.manner["cadence"] * (time + 0.5 * drift * time**2)
    angles = joint_angles(gait, cycles)
    at = _limbs_and_trunk(angles, cycles, gait, lengths)
    # Some drawn manners would drag a foot; like anybody, their owners lift it just enough.
    for _ in range(3):
        short = _shortfall(at, cycles)
        if not short.any():
            break
        angles = lifted(angles, cycles, short / _LIFT_M_PER_RADIAN)
        at = _limbs_and_trunk(angles, cycles, gait, lengths)
    path = _planted(at, cycles, seconds)
    path[:, 1] = _sway(gait, cycles)
    pose = np.stack([at[joint] for joint in JOINTS], axis=1) + path[:, None]
    return np.asarray(pose[::_OVERSAMPLING])
