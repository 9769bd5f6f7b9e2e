"""From the joints of a motion capture file to the pose of a walking body.

Units, axes, walking direction and the ground are read from the recording itself.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import DataError
from gaitbench.mocap.bones import levelled
from gaitbench.mocap.bvh import Bvh
from gaitbench.mocap.joint_names import find_joints
from gaitbench.mocap.pose_points import PosePoints, leg_length, normed
from gaitbench.walkers.body import Pose

FPS = 25

SHORTEST = 15
"""Frames at `FPS` below which a recording holds too little of a stride to be recognised by."""

# Units in which legs of 0.6 to 1.1 m get numbers that no other unit here gives them. The last is
# that of the ASF/AMC files of Carnegie Mellon University, which most conversions of them keep.
_UNITS = {
    "m": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "inch": 0.0254,
    "foot": 0.3048,
    "1/0.45 inch": 0.0254 / 0.45,
}
_LEG_RANGE_M = (0.6, 1.1)
_LEG_M = 0.85
_STILL_SHARE = 0.15
"""Ankles that move less than this share of the leg against each other stand."""
_IN_PLACE_M = 0.5
_LEAP = 4.0


@dataclass(frozen=True, eq=False)
class Walk:
    """A recorded walk, ready to be rendered.

    Args:
        pose: Shape [t, len(JOINTS), 3] at `FPS`, see `body.Pose`.
        height_m: Stature that legs and trunk suggest.
        fps: Frames per second of the recording.
        unit: What one unit of the file is taken for.
        up: The file's axis that points up, such as "+y".
        in_place: Whether the walker stays where they are, as on a treadmill.
        speed_m_s: Horizontal speed over the ground.
        began_with_calibration: Whether a first frame in a calibration pose was taken off.
        motion_hash: Hash of all motion values; the same for the same recording under two names.
    """

    pose: Pose
    height_m: float
    fps: float
    unit: str
    up: str
    in_place: bool
    speed_m_s: float
    began_with_calibration: bool
    motion_hash: str


def posed(bvh: Bvh, *, source: str) -> Walk:
    """Return the walk of a motion capture file: metres, z up, walking along x, `FPS`.

    Axes, unit and direction are read from the skeleton itself, because files do not name them. One
    constant rotation turns the whole file, so a curved path stays curved.

    Args:
        bvh: The file.
        source: What to call it in messages.

    Raises:
        DataError: If joints are not known by name, the recording is shorter than `SHORTEST`, or
            the person does not stand upright, does not walk, or walks backwards.
    """
    roles = find_joints(bvh.joints, source=source)
    places = bvh.positions()
    up = _up_axis(places, roles, source)
    places = places @ _to_z_up(up).T
    unit, metres = _unit(leg_length({role: places[:, i] for role, i in roles.items()}))
    calibration = _begins_with_calibration(places)
    places = _resampled(places[int(calibration) :] * metres, bvh.frame_time)
    if len(places) < SHORTEST:
        raise DataError(
            f"{source}: {len(places)} frames at {FPS} per second are too few, a recording needs at "
            f"least {SHORTEST}. Leave it out."
        )
    at = {role: places[:, index] for role, index in roles.items()}
    forward, speed, in_place = _heading(at, source)
    places = places @ _turned_to_x(forward).T
    skeleton = PosePoints(bvh, roles, places)
    return Walk(
        pose=levelled(skeleton.pose()),
        height_m=skeleton.height,
        fps=1 / bvh.frame_time,
        unit=unit,
        up=up,
        in_place=in_place,
        speed_m_s=speed,
        began_with_calibration=calibration,
        motion_hash=hashlib.sha256(np.ascontiguousarray(bvh.values).tobytes()).hexdigest(),
    )


def _up_axis(places: Doubles, roles: Mapping[str, int], source: str) -> str:
    top = places[:, roles.get("head", roles.get("neck", 0))]
    ankles = (places[:, roles["l_ankle"]] + places[:, roles["r_ankle"]]) / 2
    direction = normed(np.median(top - ankles, axis=0))
    axis = int(np.argmax(np.abs(direction)))
    # Within 45° of an axis: people who walk bent by more do not exist, tilted or lying ones do.
    if abs(direction[axis]) < np.sqrt(0.5):
        raise DataError(
            f"{source}: the person is not upright along any axis; from the ankles to the head it "
            f"goes ({', '.join(f'{d:.2f}' for d in direction)}). Turn the recording upright."
        )
    return f"{'-' if direction[axis] < 0 else '+'}{'xyz'[axis]}"


def _to_z_up(up: str) -> Doubles:
    """Return the proper rotation that brings an axis such as "-y" to +z."""
    turn = np.roll(np.eye(3), "xyz".index(up[1]) + 1, axis=1)
    return turn if up[0] == "+" else np.diag([1.0, -1.0, -1.0]) @ turn


def _unit(leg: float) -> tuple[str, float]:
    """Return the name of the file's unit and its length in metres."""
    low, high = _LEG_RANGE_M
    for name, metres in _UNITS.items():
        if low <= leg * metres <= high:
            return name, metres
    return f"unknown, legs scaled to {_LEG_M:g} m", _LEG_M / max(leg, 1e-9)


def _begins_with_calibration(places: Doubles) -> bool:
    """Return whether the first frame is a pose of its own, as some converters put in front.

    Then the body leaves it in one frame by far more than it ever moves in one frame again.
    """
    if len(places) < 3:
        return False
    body = places - places[:, :1]
    steps = np.linalg.norm(np.diff(body, axis=0), axis=2).mean(axis=1)
    return bool(steps[0] > _LEAP * steps[1:].max())


def _resampled(places: Doubles, frame_time: float) -> Doubles:
    """Return positions [t, joints, 3] at `FPS`, interpolated linearly."""
    last = (len(places) - 1) * frame_time
    # The small number keeps the last frame where a rounded frame time would lose it.
    times = np.arange(int(np.floor(last * FPS + 1e-3)) + 1) / FPS
    exact = np.minimum(times / frame_time, len(places) - 1)
    first = np.minimum(exact.astype(np.int64), max(len(places) - 2, 0))
    share = (exact - first)[:, None, None]
    after = np.minimum(first + 1, len(places) - 1)
    return np.asarray((1 - share) * places[first] + share * places[after])


def _heading(at: Mapping[str, Doubles], source: str) -> tuple[Doubles, float, bool]:
    """Return the walking direction [2], the speed in m/s and whether the person walks in place."""
    leg = leg_length(at)
    apart = at["l_ankle"] - at["r_ankle"]
    excursion = float(np.ptp(apart, axis=0).max())
    if excursion < _STILL_SHARE * leg:
        raise DataError(
            f"{source}: the person stands still: the ankles move {excursion:.2f} m against each "
            f"other, a walk on legs of {leg:.2f} m needs at least {_STILL_SHARE * leg:.2f} m. "
            "Leave it out."
        )
    pelvis = ((at["l_hip"] + at["r_hip"]) / 2)[:, :2]
    left = normed((at["l_hip"] - at["r_hip"])[:, :2])
    facing = np.stack([left[:, 1], -left[:, 0]], axis=1)
    time = (np.arange(len(pelvis)) - (len(pelvis) - 1) / 2) / FPS
    # A fitted line, since first and last frame catch the pelvis anywhere in its sway.
    velocity = time @ pelvis / max(float(time @ time), 1e-9)
    speed = float(np.linalg.norm(velocity))
    if speed * len(pelvis) / FPS < _IN_PLACE_M:
        return normed(facing.mean(axis=0)), speed, True
    steps = np.diff(pelvis, axis=0)
    # Summed over steps, so that it holds on curved paths too.
    agreement = float(np.sum(steps * facing[1:]) / np.linalg.norm(steps, axis=1).sum())
    if agreement < 0:
        raise DataError(
            f"{source}: the person moves against the direction they face (cosine {agreement:.2f}): "
            "they walk backwards, or left and right are exchanged in the joint names. Leave it out."
        )
    return normed(velocity), speed, False


def _turned_to_x(forward: Doubles) -> Doubles:
    cos, sin = forward
    return np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
