"""The body that turns joint positions into silhouettes, for walkers and motion capture alike.

A pose says where the joints are, a shape how thick everything is, a camera from where it is seen.
Nothing here is drawn by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles
from gaitbench.core.errors import DataError
from gaitbench.data.normalise import columns_from, median_columns
from gaitbench.walkers.raster import fill, paint, scan
from gaitbench.walkers.scene import PARTS, Camera, Solids, label, project

__all__ = [
    "JOINTS",
    "PARTS",
    "Camera",
    "Pose",
    "Rendered",
    "Shape",
    "Solids",
    "body_frames",
    "body_solids",
    "joints",
    "render",
]

Pose = npt.NDArray[np.float64]
"""Shape [t, len(JOINTS), 3] in metres: x in walking direction, y to the left, z up."""

_SIDED = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "heel", "toe")
JOINTS = (
    "pelvis",
    "chest",
    "neck",
    "head",
    *(f"l_{joint}" for joint in _SIDED),
    *(f"r_{joint}" for joint in _SIDED),
)
"""Names of the points of a pose, in order.

pelvis: midway between the hip joints. chest: in the middle of the trunk at the height of the
    breastbone's
lower end. neck: in the middle of the neck's base, between the seventh vertebra and the collar
bones. head: top of the skull (vertex). shoulder, elbow, wrist, hip, knee, ankle: centres of the
joints. hand: tip of the loosely curled fingers. heel: rearmost point of the foot, at the sole. toe:
foremost point of the foot, at the sole.
"""

_INDEX = {joint: i for i, joint in enumerate(JOINTS)}
_CRANIUM = 0.52
"""Half the height of the cranium as a share of the head's breadth."""

_WIDEST = 2
"""The canvas is this many times as wide as a frame, so that a bent body is centred without loss."""


@dataclass(frozen=True)
class Shape:
    """Thickness of the body, clothes included; lengths are the pose's. All in metres.

    Breadths and depths are full extents from side to side and from front to back; the rest are
    radii.

    Args:
        head_height: Chin to vertex.
        head_breadth: Widest, hair included.
        head_depth: Forehead to back of the head.
        neck: Radius.
        shoulder: Radius over the shoulder joint.
        chest_breadth: Without the arms.
        chest_depth: At the level of the chest joint.
        waist_breadth: At the narrowest level.
        waist_depth: At the narrowest level, without the belly.
        hip_breadth: At the widest level.
        hip_depth: Over the buttocks.
        belly: How far the belly stands out in front of the waist.
        upper_arm: Radius in the middle.
        elbow: Radius; the forearm's upper end as well.
        wrist: Radius.
        hand: Radius of the palm.
        thigh: Radius at the upper end.
        knee: Radius.
        calf: Radius at the thickest level.
        ankle: Radius, trouser leg included.
        foot_breadth: Full breadth of the shoe at the ball.
        foot_height: Thickness of the shoe at the heel.
    """

    head_height: float
    head_breadth: float
    head_depth: float
    neck: float
    shoulder: float
    chest_breadth: float
    chest_depth: float
    waist_breadth: float
    waist_depth: float
    hip_breadth: float
    hip_depth: float
    belly: float
    upper_arm: float
    elbow: float
    wrist: float
    hand: float
    thigh: float
    knee: float
    calf: float
    ankle: float
    foot_breadth: float
    foot_height: float

    @classmethod
    def average(cls, height_m: float) -> "Shape":
        """Return the shape of an average lightly clothed adult, scaled to a stature in metres.

        Means of women and men, as shares of stature, rounded. Breadths, depths and girths (radius =
        girth / 2π) from Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel",
        NATICK/TR-15/007, 2014; head height from Drillis and Contini as in Winter, "Biomechanics and
        Motor Control of Human Movement", 4th ed., 2009, fig. 4.1. Limb radii are a few millimetres
        larger, for the clothes, and heads are wider, for ears and hair.
        """
        shares = cls(
            head_height=0.130,
            head_breadth=0.105,
            head_depth=0.124,
            neck=0.0325,
            shoulder=0.034,
            chest_breadth=0.168,
            chest_depth=0.140,
            waist_breadth=0.168,
            waist_depth=0.122,
            hip_breadth=0.206,
            hip_depth=0.140,
            belly=0.006,
            upper_arm=0.030,
            elbow=0.0255,
            wrist=0.017,
            hand=0.0185,
            thigh=0.0555,
            knee=0.0365,
            calf=0.0365,
            ankle=0.025,
            foot_breadth=0.058,
            foot_height=0.040,
        )
        return cls(**{name: share * height_m for name, share in vars(shares).items()})


class _Piece(NamedTuple):
    """One solid of the body, by the names of its points and of the frame of its half axes."""

    part: str
    start: str
    end: str
    start_size: float
    end_size: float
    frame: str = "space"
    half_axes: tuple[float, float, float] = (1.0, 1.0, 1.0)


def _unit(vectors: Doubles) -> Doubles:
    lengths = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    return np.asarray(vectors / np.maximum(lengths, 1e-9))


def _cross(a: Doubles, b: Doubles) -> Doubles:
    """Return cross products of vectors [t, 3]; on short clips far faster than NumPy's."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        out[..., i] = a[..., j] * b[..., k] - a[..., k] * b[..., j]
    return out


def _frame(up: Doubles, left: Doubles) -> Doubles:
    """Return unit columns forward, left, up, [t, 3, 3]; `left` is made square to `up`."""
    up = _unit(up)
    forward = _unit(_cross(left, up))
    return np.stack([forward, _cross(up, forward), up], axis=-1)


def joints(pose: Pose) -> dict[str, Doubles]:
    """Return the joints of a pose by name, [t, 3] each."""
    return {joint: pose[:, i] for joint, i in _INDEX.items()}


def body_frames(at: dict[str, Doubles]) -> dict[str, Doubles]:
    """Return the body's own axes, columns forward, left, up, [t, 3, 3] each.

    Args:
        at: The joints, as from `joints`.

    Returns:
        "pelvis", "chest", "head", "l_foot", "r_foot", and "space" for axes that do not turn.
    """
    hips, shoulders = at["l_hip"] - at["r_hip"], at["l_shoulder"] - at["r_shoulder"]
    frames = {
        "space": np.broadcast_to(np.eye(3), (len(hips), 3, 3)),
        "pelvis": _frame(at["chest"] - at["pelvis"], hips),
        "chest": _frame(at["neck"] - at["chest"], shoulders),
        # A pose holds no point of the face; people look about where hips and shoulders point on
        # average.
        "head": _frame(at["head"] - at["neck"], _unit(hips) + _unit(shoulders)),
    }
    for side in ("l", "r"):
        forward = _unit(at[f"{side}_toe"] - at[f"{side}_heel"])
        left = _unit(_cross(at[f"{side}_ankle"] - at[f"{side}_heel"], forward))
        frames[f"{side}_foot"] = np.stack([forward, left, _cross(forward, left)], axis=-1)
    return frames


def _offset(frame: Doubles, forward: float, left: float, up: float) -> Doubles:
    return np.asarray(frame @ np.array([forward, left, up]))


def _add_trunk_points(at: dict[str, Doubles], frames: dict[str, Doubles], shape: Shape) -> None:
    head, pelvis = frames["head"], frames["pelvis"]
    top = _CRANIUM * shape.head_breadth
    at["cranium"] = at["head"] - _offset(head, 0.0, 0.0, top)
    at["jaw"] = at["head"] + _offset(head, 0.12 * shape.head_depth, 0.0, -0.74 * shape.head_height)
    at["nape"] = at["head"] - _offset(head, 0.06 * shape.head_depth, 0.0, 0.72 * shape.head_height)
    at["seat"] = at["pelvis"] + _offset(pelvis, -0.07 * shape.hip_depth, 0.0, 0.01)
    at["waist"] = at["pelvis"] + 0.62 * (at["chest"] - at["pelvis"])
    at["belly"] = at["waist"] + _offset(pelvis, shape.belly, 0.0, -0.1 * shape.waist_breadth)
    at["ribs"] = at["chest"] + 0.25 * (at["neck"] - at["chest"])
    at["yoke"] = at["chest"] + 0.68 * (at["neck"] - at["chest"])


def _add_limb_points(
    at: dict[str, Doubles], frames: dict[str, Doubles], shape: Shape, side: str
) -> None:
    at[f"{side}_fingers"] = at[f"{side}_hand"] - 0.75 * shape.hand * _unit(
        at[f"{side}_hand"] - at[f"{side}_wrist"]
    )
    foot, pelvis = frames[f"{side}_foot"], frames["pelvis"]
    shank = at[f"{side}_ankle"] - at[f"{side}_knee"]
    # The calf bulges backwards: square to the shank, away from the toes.
    forward, along = foot[:, :, 0], _unit(shank)
    back = -_unit(forward - np.einsum("ti,ti->t", forward, along)[:, None] * along)
    at[f"{side}_calf"] = at[f"{side}_knee"] + 0.28 * shank + 0.25 * shape.calf * back
    thigh = at[f"{side}_knee"] - at[f"{side}_hip"]
    at[f"{side}_glute"] = at[f"{side}_hip"] + _offset(pelvis, -0.32 * shape.thigh, 0.0, 0.0)
    at[f"{side}_ham"] = (
        at[f"{side}_hip"] + 0.35 * thigh - _offset(pelvis, 0.1 * shape.thigh, 0.0, 0.0)
    )
    half = 0.5 * shape.foot_height
    length = at[f"{side}_toe"] - at[f"{side}_heel"]
    at[f"{side}_heel_pad"] = at[f"{side}_heel"] + _offset(foot, half, 0.0, half)
    at[f"{side}_ball"] = at[f"{side}_heel"] + 0.7 * length + _offset(foot, 0.0, 0.0, 0.8 * half)
    at[f"{side}_tip"] = at[f"{side}_toe"] + _offset(foot, -0.55 * half, 0.0, 0.55 * half)


def _trunk_pieces(s: Shape) -> list[_Piece]:
    cranium = (0.5 * s.head_depth, 0.5 * s.head_breadth, _CRANIUM * s.head_breadth)
    hips = (0.5 * s.hip_depth, 0.5 * s.hip_breadth, 0.26 * s.hip_breadth)
    chest = (0.5 * s.chest_depth, 0.5 * s.chest_breadth, 0.3 * s.chest_breadth)
    waist = s.waist_breadth / s.chest_breadth
    belly = (0.5 * s.waist_depth, 0.5 * s.waist_breadth, 0.42 * s.waist_breadth)
    return [
        _Piece("head", "cranium", "cranium", 1.0, 1.0, "head", cranium),
        _Piece("head", "cranium", "jaw", 0.94, 0.62, "head", cranium),
        _Piece("head", "neck", "nape", 1.05 * s.neck, s.neck),
        _Piece("torso", "seat", "waist", 1.0, s.waist_breadth / s.hip_breadth, "pelvis", hips),
        _Piece("torso", "belly", "belly", 1.0, 1.0, "pelvis", belly),
        _Piece("torso", "waist", "ribs", waist, 1.0, "chest", chest),
        _Piece("torso", "ribs", "yoke", 1.0, 0.84, "chest", chest),
    ]


def _limb_pieces(s: Shape, side: str) -> list[_Piece]:
    arm, leg, foot = f"{side}_arm", f"{side}_leg", f"{side}_foot"
    half, height = 0.5 * s.foot_breadth, 0.5 * s.foot_height
    rows = [
        ("torso", "neck", "shoulder", 1.1 * s.neck, 0.8 * s.shoulder),
        (arm, "shoulder", "elbow", s.shoulder, s.elbow),
        (arm, "upper_arm", "elbow", s.upper_arm, s.elbow),
        (arm, "elbow", "wrist", s.elbow, s.wrist),
        (arm, "wrist", "fingers", s.hand, 0.75 * s.hand),
        (leg, "hip", "knee", s.thigh, s.knee),
        (leg, "glute", "ham", 1.05 * s.thigh, 0.84 * s.thigh),
        (leg, "knee", "calf", s.knee, s.calf),
        (leg, "calf", "ankle", s.calf, s.ankle),
        (leg, "ankle", "heel_pad", s.ankle, height),
        (leg, "ankle", "ball", s.ankle, 0.8 * height),
    ]
    pieces = [
        _Piece(part, a if a == "neck" else f"{side}_{a}", f"{side}_{b}", ra, rb)
        for part, a, b, ra, rb in rows
    ]
    sole = (height, half, height)
    pieces.append(_Piece(leg, f"{side}_heel_pad", f"{side}_ball", 1.0, 0.8, foot, sole))
    pieces.append(
        _Piece(leg, f"{side}_ball", f"{side}_tip", 0.8, 0.55, foot, (height, 1.15 * half, height))
    )
    return pieces


def body_solids(pose: Pose, shape: Shape) -> Solids:
    """Return the solids of a body, ready for `gaitbench.walkers.scene.project`.

    Args:
        pose: Shape [t, len(JOINTS), 3], in metres.
        shape: Thickness of everything.
    """
    at = joints(pose)
    frames = body_frames(at)
    _add_trunk_points(at, frames, shape)
    for side in ("l", "r"):
        _add_limb_points(at, frames, shape, side)
        at[f"{side}_upper_arm"] = at[f"{side}_shoulder"] + 0.45 * (
            at[f"{side}_elbow"] - at[f"{side}_shoulder"]
        )
    pieces = [*_trunk_pieces(shape), *_limb_pieces(shape, "l"), *_limb_pieces(shape, "r")]
    points, axes = list(at), list(frames)
    where = np.array([[points.index(p.start), points.index(p.end)] for p in pieces])
    turned = np.stack([frames[name] for name in axes], axis=1)[
        :, [axes.index(p.frame) for p in pieces]
    ]
    return Solids(
        ends=np.stack([at[name] for name in points], axis=1)[:, where],
        sizes=np.array([[p.start_size, p.end_size] for p in pieces]),
        axes=turned * np.array([p.half_axes for p in pieces])[:, None, :],
        labels=np.array([label(p.part) for p in pieces], np.uint8),
    )


@dataclass(frozen=True, eq=False)
class Rendered:
    """A rendered clip.

    Args:
        frames: Shape [t, h, w], {0, 1}.
        parts: Shape [t, h, w], labels of the nearest part (see `PARTS`), non-zero exactly where
            `frames` is; None unless asked for.
    """

    frames: npt.NDArray[np.uint8]
    parts: npt.NDArray[np.uint8] | None = None


def render(
    pose: Pose,
    shape: Shape,
    camera: Camera,
    *,
    height: int = 64,
    width: int = 64,
    extras: Sequence[Solids] = (),
    parts: bool = False,
) -> Rendered:
    """Render silhouettes, normalised as in OpenGait: full height, median column in the middle.

    The camera stands still, so a walk that passes is seen from changing angles, as in a real
    recording. For a camera that goes along, take the travel out of the pose first.

    Args:
        pose: Shape [t, len(JOINTS), 3], in metres, z = 0 on the ground.
        shape: Thickness of the body.
        camera: Aimed at the middle of the pelvis' path.
        height: Rows of a frame; the body fills all of them.
        width: Columns of a frame; what stands out further is cut off.
        extras: Things carried or worn, over the same frames.
        parts: Whether to label the parts too; about five times slower.

    Raises:
        DataError: If the pose has another shape or comes too close to the camera.
    """
    if pose.ndim != 3 or pose.shape[1:] != (len(JOINTS), 3) or not len(pose):
        raise DataError(
            f"A pose has the shape [t ≥ 1, {len(JOINTS)}, 3], one row per joint; got {pose.shape}."
        )
    solids = Solids.joined([body_solids(pose, shape), *extras])
    pelvis = pose[:, _INDEX["pelvis"]]
    outlines, depth = project(solids, camera, 0.5 * (pelvis.min(axis=0) + pelvis.max(axis=0)))
    # The box is known before a pixel is drawn, so everything is drawn once, at its final size.
    top, bottom = outlines.top.min(axis=1), outlines.bottom.max(axis=1)
    scale = height / (bottom - top)
    middle = (outlines.stretch_x * outlines.u[..., 0] + outlines.shear * outlines.v[..., 0]).mean(
        axis=1
    )
    canvas = _WIDEST * width
    placed = outlines.placed(scale, 0.5 * canvas - middle * scale, -top * scale)
    spans = scan(placed, height, canvas)
    drawn = fill(spans, len(pose), height, canvas)
    start = median_columns(drawn) - width // 2
    labelled = paint(spans, solids.labels, depth, len(pose), height, canvas) if parts else None
    return Rendered(
        columns_from(drawn, start, width),
        None if labelled is None else columns_from(labelled, start, width),
    )
