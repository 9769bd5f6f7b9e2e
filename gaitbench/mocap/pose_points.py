"""Where the points of a pose lie among the joints of a motion capture file."""

from collections.abc import Iterable, Mapping

import numpy as np

from gaitbench.core.arrays import Doubles
from gaitbench.mocap.bones import line_in_time
from gaitbench.mocap.bvh import Bvh, ancestors, descendants
from gaitbench.walkers.body import JOINTS, Pose

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
_SHORTEST_BONE = 0.02
"""Share of stature; what is nearer than that is the same point under another name."""


class PosePoints:
    """Finds the points of a pose among the joints of a file, in metres, z up, walking along x.

    Files differ most in what they call neck, head, hand and foot. So these are put where they are
    in people, in the direction that the file gives them; shoulders, elbows, wrists, hips, knees
    and ankles are taken as they are.

    Args:
        bvh: The file.
        roles: Index of the joint that has each role, see `joint_names.find_joints`.
        places: Shape [t, joints, 3].
    """

    def __init__(self, bvh: Bvh, roles: Mapping[str, int], places: Doubles) -> None:
        self.joints, self.roles, self.places = bvh.joints, roles, places
        self.at = {role: places[:, index] for role, index in roles.items()}
        self.pelvis = (self.at["l_hip"] + self.at["r_hip"]) / 2
        self.shoulders = (self.at["l_shoulder"] + self.at["r_shoulder"]) / 2
        trunk = float(np.median(np.linalg.norm(self.shoulders - self.pelvis, axis=1)))
        self.height = (leg_length(self.at) + trunk) / (_HIP_TO_ANKLE + _HIP_TO_SHOULDER)

    def pose(self) -> Pose:
        """Return all points of the body, shape [t, len(JOINTS), 3]."""
        trunk = normed(self.shoulders - self.pelvis)
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

    def _chest(self, neck: Doubles) -> Doubles:
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

    def _head_direction(self, neck: Doubles, trunk: Doubles) -> Doubles:
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
                return normed(reach)
        return trunk

    def _wrist_and_hand(self, side: str) -> tuple[Doubles, Doubles]:
        elbow = self.at[f"{side}_elbow"]
        below = descendants(self.joints, self.roles[f"{side}_elbow"])
        wrist = self.roles.get(f"{side}_wrist")
        straight = normed(elbow - self.at[f"{side}_shoulder"])
        forearm = self._reach(
            elbow, below if wrist is None else [wrist], _ELBOW_TO_WRIST * self.height * straight
        )
        place = elbow + forearm
        fingers = [] if wrist is None else descendants(self.joints, wrist)
        # The tip of the longest finger, not of the thumb, which often comes first.
        fingers.sort(key=lambda i: -float(np.linalg.norm(self.places[:, i] - place, axis=1).mean()))
        hand = self._reach(place, fingers, forearm)
        return place, place + _WRIST_TO_CURLED_FINGERS * self.height * normed(hand)

    def _reach(self, start: Doubles, candidates: Iterable[int], fallback: Doubles) -> Doubles:
        """Return the way from `start` to the first candidate that is a bone's length away."""
        for index in candidates:
            way = self.places[:, index] - start
            if float(np.median(np.linalg.norm(way, axis=1))) > _SHORTEST_BONE * self.height:
                return np.asarray(way)
        return fallback

    def _heel_and_toe(self, side: str) -> tuple[Doubles, Doubles]:
        """Return heel and toe of a rigid foot that is flat when the ankle is lowest.

        How far the file's foot bone slopes in a standing person differs from skeleton to skeleton,
        so the slope is measured in mid-stance, where the sole lies on the ground.
        """
        ankle = self.at[f"{side}_ankle"]
        shank = normed(ankle - self.at[f"{side}_knee"])
        along = self._foot_direction(side, shank)
        down = normed(shank - np.sum(shank * along, axis=1, keepdims=True) * along)
        lift = ankle[:, 2] - line_in_time(np.minimum(self.at["l_ankle"], self.at["r_ankle"])[:, 2])
        flat = lift <= np.quantile(lift, 0.25)
        slope = np.clip(np.arcsin(-np.median(along[flat, 2])), 0.0, np.pi / 4)
        forward = np.cos(slope) * along - np.sin(slope) * down
        sole = np.sin(slope) * along + np.cos(slope) * down
        below = ankle + _ANKLE_TO_SOLE * self.height * sole
        heel = below - _ANKLE_TO_HEEL * self.height * forward
        return heel, below + _ANKLE_TO_TOE * self.height * forward

    def _foot_direction(self, side: str, shank: Doubles) -> Doubles:
        ankle = self.roles[f"{side}_ankle"]
        toe = self.roles.get(f"{side}_toe")
        # A leg that ends at the ankle gets a foot square to it, towards where the hips face.
        square = np.cross(self.at["l_hip"] - self.at["r_hip"], -shank)
        below = descendants(self.joints, ankle)
        candidates = below if toe is None else [toe, *below]
        return normed(self._reach(self.places[:, ankle], candidates, square))


def leg_length(at: Mapping[str, Doubles]) -> float:
    """Return the length of a leg, from the positions [t, 3] of the joints by their roles."""
    bones = [
        np.linalg.norm(at[f"{side}_{upper}"] - at[f"{side}_{lower}"], axis=1)
        for side in "lr"
        for upper, lower in (("hip", "knee"), ("knee", "ankle"))
    ]
    return float(np.median(np.sum(bones, axis=0)) / 2)


def normed(vectors: Doubles) -> Doubles:
    """Return vectors [..., n] scaled to length 1."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9))
