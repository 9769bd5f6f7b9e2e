"""From the joints of a motion capture file to the pose of a walking body.

Units, axes, walking direction and the ground are read from the recording itself.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import DataError
from gaitbench.mocap.bvh import Bvh, ancestors, descendants
from gaitbench.mocap.joint_names import find_joints
from gaitbench.walkers.body import JOINTS, Pose

FPS = 25

SHORTEST = 15
"""Frames at `FPS` below which a recording holds too little of a stride to be recognised by."""

FloatArray = npt.NDArray[np.float64]
_INDEX = {joint: index for index, joint in enumerate(JOINTS)}

# Shares of stature, Drillis and Contini (1966) as in Winter, "Biomechanics and Motor Control of
# Human Movement", 4th ed., 2009, fig. 4.1 (heights of shoulder 0.818, hip 0.530, ankle 0.039,
# length of the foot 0.152); neck, chest and hand where the synthetic walkers have theirs.
_HIP_TO_ANKLE = 0.491
_HIP_TO_SHOULDER = 0.288
_SHOULDER_TO_NECK = 0.040
_NECK_TO_VERTEX = 0.150
_ELBOW_TO_WRIST = 0.146
_WRIST_TO_CURLED_FINGERS = 0.095
_ANKLE_TO_SOLE = 0.039
_ANKLE_TO_HEEL = 0.0365
_ANKLE_TO_TOE = 0.1155
_CHEST_BETWEEN_PELVIS_AND_NECK = 0.60
_HEEL_TO_BALL = 0.7
"""Share of the foot."""
_SHORTEST_BONE = 0.02
"""Share of stature; what is nearer than that is the same point under another name."""

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
    unit, metres = _unit(_leg_length({role: places[:, i] for role, i in roles.items()}))
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
    skeleton = _Skeleton(bvh, roles, places)
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


def _leg_length(at: Mapping[str, FloatArray]) -> float:
    bones = [
        np.linalg.norm(at[f"{side}_{upper}"] - at[f"{side}_{lower}"], axis=1)
        for side in "lr"
        for upper, lower in (("hip", "knee"), ("knee", "ankle"))
    ]
    return float(np.median(np.sum(bones, axis=0)) / 2)


def _up_axis(places: FloatArray, roles: Mapping[str, int], source: str) -> str:
    top = places[:, roles.get("head", roles.get("neck", 0))]
    ankles = (places[:, roles["l_ankle"]] + places[:, roles["r_ankle"]]) / 2
    direction = _normed(np.median(top - ankles, axis=0))
    axis = int(np.argmax(np.abs(direction)))
    # Within 45° of an axis: people who walk bent by more do not exist, tilted or lying ones do.
    if abs(direction[axis]) < np.sqrt(0.5):
        raise DataError(
            f"{source}: the person is not upright along any axis; from the ankles to the head it "
            f"goes ({', '.join(f'{d:.2f}' for d in direction)}). Turn the recording upright."
        )
    return f"{'-' if direction[axis] < 0 else '+'}{'xyz'[axis]}"


def _to_z_up(up: str) -> FloatArray:
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


def _begins_with_calibration(places: FloatArray) -> bool:
    """Return whether the first frame is a pose of its own, as some converters put in front.

    Then the body leaves it in one frame by far more than it ever moves in one frame again.
    """
    if len(places) < 3:
        return False
    body = places - places[:, :1]
    steps = np.linalg.norm(np.diff(body, axis=0), axis=2).mean(axis=1)
    return bool(steps[0] > _LEAP * steps[1:].max())


def _resampled(places: FloatArray, frame_time: float) -> FloatArray:
    """Return positions [t, joints, 3] at `FPS`, interpolated linearly."""
    last = (len(places) - 1) * frame_time
    # The small number keeps the last frame where a rounded frame time would lose it.
    wanted = np.arange(int(np.floor(last * FPS + 1e-3)) + 1) / FPS
    exact = np.minimum(wanted / frame_time, len(places) - 1)
    first = np.minimum(exact.astype(np.int64), max(len(places) - 2, 0))
    share = (exact - first)[:, None, None]
    after = np.minimum(first + 1, len(places) - 1)
    return np.asarray((1 - share) * places[first] + share * places[after])


def _heading(at: Mapping[str, FloatArray], source: str) -> tuple[FloatArray, float, bool]:
    """Return the walking direction [2], the speed in m/s and whether the person walks in place."""
    leg = _leg_length(at)
    apart = at["l_ankle"] - at["r_ankle"]
    excursion = float(np.ptp(apart, axis=0).max())
    if excursion < _STILL_SHARE * leg:
        raise DataError(
            f"{source}: the person stands still: the ankles move {excursion:.2f} m against each "
            f"other, a walk on legs of {leg:.2f} m needs at least {_STILL_SHARE * leg:.2f} m. "
            "Leave it out."
        )
    pelvis = ((at["l_hip"] + at["r_hip"]) / 2)[:, :2]
    left = _normed((at["l_hip"] - at["r_hip"])[:, :2])
    facing = np.stack([left[:, 1], -left[:, 0]], axis=1)
    time = (np.arange(len(pelvis)) - (len(pelvis) - 1) / 2) / FPS
    # A fitted line, since first and last frame catch the pelvis anywhere in its sway.
    velocity = time @ pelvis / max(float(time @ time), 1e-9)
    speed = float(np.linalg.norm(velocity))
    if speed * len(pelvis) / FPS < _IN_PLACE_M:
        return _normed(facing.mean(axis=0)), speed, True
    steps = np.diff(pelvis, axis=0)
    # Summed over steps, so that it holds on curved paths too.
    agreement = float(np.sum(steps * facing[1:]) / np.linalg.norm(steps, axis=1).sum())
    if agreement < 0:
        raise DataError(
            f"{source}: the person moves against the direction they face (cosine {agreement:.2f}): "
            "they walk backwards, or left and right are exchanged in the joint names. Leave it out."
        )
    return _normed(velocity), speed, False


def _turned_to_x(forward: FloatArray) -> FloatArray:
    cos, sin = forward
    return np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _normed(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9))


class _Skeleton:
    """Finds the points of a pose among the joints of a file, in metres, z up, walking along x.

    Files differ most in what they call neck, head, hand and foot. So these are put where they are
    in people, in the direction that the file gives them; shoulders, elbows, wrists, hips, knees
    and ankles are taken as they are.
    """

    def __init__(self, bvh: Bvh, roles: Mapping[str, int], places: FloatArray) -> None:
        self.joints, self.roles, self.places = bvh.joints, roles, places
        self.at = {role: places[:, index] for role, index in roles.items()}
        self.pelvis = (self.at["l_hip"] + self.at["r_hip"]) / 2
        self.shoulders = (self.at["l_shoulder"] + self.at["r_shoulder"]) / 2
        trunk = float(np.median(np.linalg.norm(self.shoulders - self.pelvis, axis=1)))
        self.height = (_leg_length(self.at) + trunk) / (_HIP_TO_ANKLE + _HIP_TO_SHOULDER)

    def pose(self) -> Pose:
        trunk = _normed(self.shoulders - self.pelvis)
        points = {"pelvis": self.pelvis}
        points["neck"] = self.shoulders + _SHOULDER_TO_NECK * self.height * trunk
        points["chest"] = self._chest(points["neck"])
        points["head"] = points["neck"] + _NECK_TO_VERTEX * self.height * self._head_direction(
            points["neck"], trunk
        )
        for side in "lr":
            for part in ("shoulder", "elbow", "hip", "knee", "ankle"):
                points[f"{side}_{part}"] = self.at[f"{side}_{part}"]
            points[f"{side}_wrist"], points[f"{side}_hand"] = self._wrist_and_hand(side)
            points[f"{side}_heel"], points[f"{side}_toe"] = self._heel_and_toe(side)
        return np.stack([points[joint] for joint in JOINTS], axis=1)

    def _chest(self, neck: FloatArray) -> FloatArray:
        """Return the chest on the bent line through the file's spine joints."""
        axis = neck - self.pelvis
        knots, heights = [self.pelvis], [0.0]
        for index in reversed(ancestors(self.joints, self.roles["l_shoulder"])):
            place = self.places[:, index]
            height = float(
                np.median(np.sum((place - self.pelvis) * axis, axis=1) / np.sum(axis**2, axis=1))
            )
            # A collar bone or the root itself is no part of that line.
            if index in ancestors(self.joints, self.roles["r_shoulder"]) and (
                heights[-1] + 0.1 < height < 0.9
            ):
                knots.append(place)
                heights.append(height)
        knots.append(neck)
        heights.append(1.0)
        above = int(np.searchsorted(heights, _CHEST_BETWEEN_PELVIS_AND_NECK))
        low, high = heights[above - 1], heights[above]
        share = (_CHEST_BETWEEN_PELVIS_AND_NECK - low) / (high - low)
        return np.asarray((1 - share) * knots[above - 1] + share * knots[above])

    def _head_direction(self, neck: FloatArray, trunk: FloatArray) -> FloatArray:
        base = self.roles.get("head", self.roles.get("neck", 0))
        arms = {
            index
            for role in ("l_shoulder", "r_shoulder")
            for index in (
                self.roles[role],
                *ancestors(self.joints, self.roles[role]),
                *descendants(self.joints, self.roles[role]),
            )
        }
        # Faces have joints too; the highest is the crown or its end site.
        above = [index for index in (base, *descendants(self.joints, base)) if index not in arms]
        if above:
            top = max(above, key=lambda index: float(self.places[:, index, 2].mean()))
            reach = self.places[:, top] - neck
            if float(np.median(np.sum(reach * trunk, axis=1))) > 0.03 * self.height:
                return _normed(reach)
        return trunk

    def _wrist_and_hand(self, side: str) -> tuple[FloatArray, FloatArray]:
        elbow = self.at[f"{side}_elbow"]
        below = descendants(self.joints, self.roles[f"{side}_elbow"])
        wrist = self.roles.get(f"{side}_wrist")
        straight = _normed(elbow - self.at[f"{side}_shoulder"])
        forearm = self._reach(
            elbow, below if wrist is None else [wrist], _ELBOW_TO_WRIST * self.height * straight
        )
        place = elbow + forearm
        fingers = [] if wrist is None else descendants(self.joints, wrist)
        # The tip of the longest finger, not of the thumb, which often comes first.
        fingers.sort(key=lambda i: -float(np.linalg.norm(self.places[:, i] - place, axis=1).mean()))
        hand = self._reach(place, fingers, forearm)
        return place, place + _WRIST_TO_CURLED_FINGERS * self.height * _normed(hand)

    def _reach(
        self, start: FloatArray, candidates: Iterable[int], fallback: FloatArray
    ) -> FloatArray:
        """Return the way from `start` to the first candidate that is a bone's length away."""
        for index in candidates:
            way = self.places[:, index] - start
            if float(np.median(np.linalg.norm(way, axis=1))) > _SHORTEST_BONE * self.height:
                return np.asarray(way)
        return fallback

    def _heel_and_toe(self, side: str) -> tuple[FloatArray, FloatArray]:
        """Return heel and toe of a rigid foot that is flat when the ankle is lowest.

        How far the file's foot bone slopes in a standing person differs from skeleton to skeleton,
        so the slope is measured in mid-stance, where the sole lies on the ground.
        """
        ankle = self.at[f"{side}_ankle"]
        shank = _normed(ankle - self.at[f"{side}_knee"])
        along = self._foot_direction(side, shank)
        down = _normed(shank - np.sum(shank * along, axis=1, keepdims=True) * along)
        lift = ankle[:, 2] - _line(np.minimum(self.at["l_ankle"], self.at["r_ankle"])[:, 2])
        flat = lift <= np.quantile(lift, 0.25)
        slope = np.clip(np.arcsin(-np.median(along[flat, 2])), 0.0, np.pi / 4)
        forward = np.cos(slope) * along - np.sin(slope) * down
        sole = np.sin(slope) * along + np.cos(slope) * down
        below = ankle + _ANKLE_TO_SOLE * self.height * sole
        heel = below - _ANKLE_TO_HEEL * self.height * forward
        return heel, below + _ANKLE_TO_TOE * self.height * forward

    def _foot_direction(self, side: str, shank: FloatArray) -> FloatArray:
        ankle = self.roles[f"{side}_ankle"]
        toe = self.roles.get(f"{side}_toe")
        # A leg that ends at the ankle gets a foot square to it, towards where the hips face.
        square = np.cross(self.at["l_hip"] - self.at["r_hip"], -shank)
        below = descendants(self.joints, ankle)
        candidates = below if toe is None else [toe, *below]
        return _normed(self._reach(self.places[:, ankle], candidates, square))


def _line(heights: FloatArray) -> FloatArray:
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
    level[:, :, 2] -= _line(np.minimum(heels, balls).min(axis=1))[:, None]
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


def bone_lengths(pose: Pose) -> FloatArray:
    """Return the lengths of `BONES` in metres: medians over time, the same for both sides."""
    lengths = np.median([np.linalg.norm(_bone(pose, *bone), axis=1) for bone in BONES], axis=1)
    trunk, sides = np.split(lengths, [len(_TRUNK_BONES)])
    return np.concatenate([trunk, np.tile(sides.reshape(2, -1).mean(axis=0), 2)])


def _bone(pose: Pose, upper: str, lower: str) -> FloatArray:
    return pose[:, _INDEX[lower]] - pose[:, _INDEX[upper]]


def with_bone_lengths(pose: Pose, lengths: FloatArray) -> Pose:
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
