"""Made-up recordings of somebody who walks, in every way that files record it."""

from collections.abc import Sequence

import numpy as np
import pytest

from gaitbench.mocap.bvh import parse_bvh
from gaitbench.mocap.skeleton import Walk, posed
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
