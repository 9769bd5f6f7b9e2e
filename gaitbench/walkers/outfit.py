"""What a walker carries and wears over the usual clothes: bags and coats.

As in CASIA-B (Yu, Tan and Tan, ICPR 2006), a walk is normal (nm), with a bag (bg) or in a coat
(cl).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from gaitbench.walkers.anthropometry import clothed
from gaitbench.walkers.body import Pose, Shape, body_frames, joints
from gaitbench.walkers.gait import Gait, hindered
from gaitbench.walkers.scene import Solids, capsule, swept

CONDITIONS = ("nm", "bg", "cl")


@dataclass(frozen=True)
class Outfit(ABC):
    """Something carried or worn, with nothing left to chance."""

    def walked(self, gait: Gait) -> Gait:
        """Return how the walker moves with it."""
        return gait

    def filled(self, shape: Shape) -> Shape:
        """Return how thick the body is in it."""
        return shape

    @abstractmethod
    def solids(self, pose: Pose, shape: Shape) -> list[Solids]:
        """Return what it adds to the body."""


@dataclass(frozen=True)
class Plain(Outfit):
    """Nothing but the usual clothes."""

    def solids(self, pose: Pose, shape: Shape) -> list[Solids]:
        """Return nothing."""
        return []


@dataclass(frozen=True)
class Backpack(Outfit):
    """A bag on the back.

    Args:
        depth_m: From the back outwards.
        breadth_m: From side to side.
        low: How far it hangs below the chest joint, as a share of the trunk between chest and neck.
    """

    depth_m: float
    breadth_m: float
    low: float

    def solids(self, pose: Pose, shape: Shape) -> list[Solids]:
        """Return the bag."""
        at = joints(pose)
        frame = body_frames(at)["chest"]
        behind = 0.5 * shape.chest_depth + 0.35 * self.depth_m
        up = at["neck"] - at["chest"]
        back = at["chest"] - behind * frame[:, :, 0]
        half = np.array([0.5 * self.depth_m, 0.5 * self.breadth_m, 0.09])
        top, bottom = back + 0.45 * up, back - self.low * up
        return [swept(top, bottom, frame * half, 0.85, 1.0, part="carried")]


@dataclass(frozen=True)
class ShoulderBag(Outfit):
    """A bag at one hip on a strap over a shoulder.

    Args:
        side: "l" or "r".
        across: Whether the strap goes over the other shoulder.
        length_m: From front to back.
        height_m: Of the bag.
        depth_m: From the hip outwards.
        low_m: Centre below the pelvis.
        back_m: Centre behind the pelvis.
    """

    side: str
    across: bool
    length_m: float
    height_m: float
    depth_m: float
    low_m: float
    back_m: float

    def solids(self, pose: Pose, shape: Shape) -> list[Solids]:
        """Return the bag and its strap."""
        at = joints(pose)
        frame = body_frames(at)["pelvis"]
        out = 1.0 if self.side == "l" else -1.0
        offset = np.array(
            [-self.back_m, out * (0.5 * shape.hip_breadth + 0.4 * self.depth_m), -self.low_m]
        )
        centre = at["pelvis"] + frame @ offset
        half = np.array([0.5 * self.length_m, 0.5 * self.depth_m, 0.3 * self.height_m])
        rise = 0.2 * self.height_m * frame[:, :, 2]
        over = {"l": "r", "r": "l"}[self.side] if self.across else self.side
        shoulder = 0.6 * at[f"{over}_shoulder"] + 0.4 * at["neck"]
        return [
            swept(centre + rise, centre - rise, frame * half, 0.92, 1.0, part="carried"),
            capsule(shoulder, centre + rise, 0.022, 0.018, part="carried"),
        ]


@dataclass(frozen=True)
class HandBag(Outfit):
    """A bag that hangs from one hand; the arm swings less.

    Args:
        side: "l" or "r".
        length_m: From front to back.
        height_m: Of the bag.
        depth_m: From side to side.
        strap_m: Between the hand and the top of the bag.
        swing: Factor on the arm's swing.
    """

    side: str
    length_m: float
    height_m: float
    depth_m: float
    strap_m: float
    swing: float

    def walked(self, gait: Gait) -> Gait:
        """Return the gait with the carrying arm quieter."""
        return hindered(gait, side=0 if self.side == "l" else 1, swing=self.swing)

    def solids(self, pose: Pose, shape: Shape) -> list[Solids]:
        """Return the bag and its handle."""
        at = joints(pose)
        hand = at[f"{self.side}_hand"]
        # A bag that is long for its owner is held clear of the ground.
        room = np.maximum(hand[:, 2].min() - 0.08, 0.2)
        height = min(self.height_m, room - self.strap_m)
        top = hand - np.array([0.0, 0.0, self.strap_m + 0.25 * height])
        bottom = hand - np.array([0.0, 0.0, self.strap_m + 0.7 * height])
        half = np.array([0.5 * self.length_m, 0.5 * self.depth_m, 0.3 * height])
        axes = body_frames(at)["space"] * half
        return [
            swept(top, bottom, axes, 0.85, 1.0, part="carried"),
            capsule(hand, top, 0.02, 0.02, part="carried"),
        ]


@dataclass(frozen=True)
class Coat(Outfit):
    """An outer garment.

    Args:
        length: How far the hem reaches down: 0 at the hip joint, 1 at the knee, 2 at the ankle.
        looseness_m: How far it stands off.
        flare: Size of the hem over that of the hips.
    """

    length: float
    looseness_m: float
    flare: float

    def filled(self, shape: Shape) -> Shape:
        """Return the shape with sleeves, shoulders and trunk thicker."""
        return clothed(shape, self.looseness_m)

    def solids(self, pose: Pose, shape: Shape) -> list[Solids]:
        """Return the skirts: one around each leg, and one between them."""
        at = joints(pose)
        frame = body_frames(at)["pelvis"]
        hems, solids = [], []
        for side in ("l", "r"):
            hip, knee, ankle = (at[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
            above, below = min(self.length, 1.0), max(self.length - 1.0, 0.0)
            # Cloth hangs: below the knee it follows the shank only in part.
            hem = hip + above * (knee - hip) + below * (0.5 * (ankle - knee) + 0.5 * (knee - hip))
            stop = shape.knee + 0.5 * (1.0 - min(self.length, 1.0)) * (shape.thigh - shape.knee)
            radius = stop + self.looseness_m + 0.01
            solids.append(
                capsule(hip, hem, shape.thigh + 0.5 * self.looseness_m, radius, part="worn")
            )
            hems.append(hem)
        half = np.array([0.5 * shape.hip_depth, 0.46 * shape.hip_breadth, 0.06])
        middle = swept(
            at["pelvis"], 0.5 * (hems[0] + hems[1]), frame * half, 1.0, self.flare, part="worn"
        )
        return [*solids, middle]


def _draw_bag(rng: np.random.Generator) -> Outfit:
    side = ("l", "r")[int(rng.integers(2))]
    kind = int(rng.integers(3))
    size = rng.uniform(0.0, 1.0, 4)
    if kind == 0:
        return Backpack(0.12 + 0.08 * size[0], 0.28 + 0.08 * size[1], 0.3 + 0.5 * size[2])
    if kind == 1:
        return ShoulderBag(
            side,
            across=bool(rng.integers(2)),
            length_m=0.22 + 0.12 * size[0],
            height_m=0.18 + 0.12 * size[1],
            depth_m=0.08 + 0.06 * size[2],
            low_m=-0.05 + 0.15 * size[3],
            back_m=float(rng.uniform(0.0, 0.10)),
        )
    return HandBag(
        side,
        length_m=0.22 + 0.12 * size[0],
        height_m=0.18 + 0.12 * size[1],
        depth_m=0.08 + 0.06 * size[2],
        strap_m=0.04 + 0.10 * size[3],
        swing=float(rng.uniform(0.2, 0.6)),
    )


def draw_outfit(rng: np.random.Generator, condition: str) -> Outfit:
    """Draw what is carried or worn under a condition of `CONDITIONS`."""
    if condition == "bg":
        return _draw_bag(rng)
    if condition == "cl":
        return Coat(
            length=float(rng.uniform(0.3, 0.7)),
            looseness_m=float(rng.uniform(0.01, 0.025)),
            flare=float(rng.uniform(1.0, 1.15)),
        )
    return Plain()
