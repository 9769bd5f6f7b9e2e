"""How a walker moves: joint angles over the gait cycle, and the pose that follows from them.

Angles are sums of a few harmonics around the curves of normal gait. The pelvis is then put where
the foot on the ground demands, so feet stay planted and speed, bounce and step length follow from
the angles.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gaitbench.data.anthropometry import Lengths
from gaitbench.data.body import JOINTS, Pose

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

SPREAD_OF_GAIT = 1.0
"""Differences between people in how they move: 1 is as published, 0 none."""

VARIATION_WITHIN_PERSON = 0.33
"""Differences between two walks of one person, as a share of those between people."""

FRAMES_PER_SECOND = 25
_OVERSAMPLING = 4
"""Feet are followed at this many times the frame rate: a stance phase lasts only some 15 frames."""

HARMONICS = 6
"""A silhouette shows nothing of a gait curve above its sixth harmonic (Winter, 2009, ch. 3)."""

_NORMAL_CURVES: dict[str, dict[int, float]] = {
    # The thigh against the vertical, not against the pelvis: hip flexion less the pelvis' forward
    # tilt.
    "hip": {
        0: 24, 5: 23, 10: 20, 20: 11, 30: 2, 40: -8, 50: -15, 55: -15.5, 60: -11, 65: -3, 70: 6,
        75: 15, 80: 22, 85: 26, 90: 27, 95: 25.5,
    },
    "knee": {
        0: 5, 5: 10, 10: 15, 15: 18, 20: 17, 30: 11, 40: 7, 45: 8, 50: 12, 55: 20, 60: 33, 65: 47,
        70: 57, 73: 59, 75: 58, 80: 48, 85: 32, 90: 15, 95: 5,
    },
    "ankle": {
        0: 0, 5: -4, 8: -5, 15: 0, 20: 3, 30: 6, 40: 9, 45: 10, 50: 8, 55: 0, 60: -13, 63: -17,
        67: -15, 70: -10, 75: -3, 80: 0, 85: 1, 90: 1, 95: 1,
    },
    "shoulder": {0: -28, 12: -25, 25: -12, 38: 3, 50: 9, 62: 5, 75: -8, 88: -23},
    "elbow": {0: 12, 12: 13, 25: 19, 38: 28, 50: 33, 62: 29, 75: 20, 88: 13},
}  # fmt: skip
"""Flexion (dorsiflexion for the ankle) in degrees, by percent of the cycle from contact to contact.

Read off the normal curves in Winter, "The Biomechanics and Motor Control of Human Gait", 2nd ed.,
1991, and Perry and Burnfield, "Gait Analysis", 2nd ed., 2010; arms from Murray, Sepic and Barnard,
"Patterns of Sagittal Rotation of the Upper Limbs in Walking", Physical Therapy 47, 1967."""

CURVES = tuple(_NORMAL_CURVES)

_CURVE_SD_DEG: dict[str, tuple[float, ...]] = {
    "hip": (3.5, 2.2, 1.2, 0.6, 0.3, 0.2, 0.1),
    "knee": (3.5, 2.4, 2.0, 1.0, 0.6, 0.3, 0.2),
    "ankle": (2.5, 1.5, 1.4, 0.9, 0.6, 0.3, 0.2),
    "shoulder": (4.5, 1.5, 0.8, 0.3, 0.0, 0.0, 0.0),
    "elbow": (8.0, 2.0, 1.0, 0.4, 0.0, 0.0, 0.0),
}
"""Standard deviation between people of each harmonic, in degrees; 0 is the mean angle.

Together they give the
bands of 4° to 7° around the mean curves in Winter (1991) and Kadaba et al., "Repeatability of
Kinematic, Kinetic, and Electromyographic Data in Normal Adult Gait", J. Orthopaedic Research 7,
1989."""

_ASYMMETRY = 0.3
"""Difference between the two sides of one person, as a share of that between people."""

_MANNER: dict[str, tuple[float, float]] = {
    "cadence": (1.90, 0.11),
    "stride": (1.0, 0.07),
    "arm_swing": (0.0, 0.33),
    "lean": (3.0, 2.5),
    "stoop": (9.0, 5.0),
    "head": (6.0, 5.0),
    "abduction": (8.0, 2.5),
    "elbow_inward": (4.0, 5.0),
    "toe_out": (7.0, 5.0),
    "adduction": (2.6, 1.0),
    "pelvis_turn": (4.5, 1.8),
    "pelvis_drop": (3.5, 1.3),
    "trunk_turn": (5.0, 2.0),
    "trunk_sway": (1.5, 1.2),
    "sway_m": (0.020, 0.006),
    "shoulder_forward_m": (0.005, 0.012),
}
"""Mean and standard deviation between people of everything that is one number.

Cadence in steps per second; `arm_swing` is the logarithm of the factor on the swing of shoulder and
elbow; `_m` are metres; all else but `stride` (a factor) is in degrees. Cadence, toe-out, pelvis and
trunk from Perry and Burnfield (2010), Murray, Drought and Kory, "Walking Patterns of Normal Men",
J. Bone and Joint Surgery 46A, 1964, and Winter (1991); posture (lean, stoop, head) from the same
curves' offsets, rounded."""


@dataclass(frozen=True, eq=False)
class Gait:
    """How somebody walks.

    Args:
        curves: Shape [2 (left, right), len(CURVES), 1 + HARMONICS], complex harmonics in degrees.
        manner: Everything that is one number, by the names of `_MANNER`.
    """

    curves: Complex
    manner: dict[str, float]


def _harmonics(points: dict[int, float]) -> Complex:
    """Return harmonics 0 to HARMONICS of a curve, percent of the cycle to degrees."""
    grid = np.interp(np.arange(100), [*points, 100], [*points.values(), points[0]])
    spectrum = np.fft.rfft(grid)[: HARMONICS + 1] / 50.0
    spectrum[0] /= 2.0
    return spectrum


NORMAL = np.stack([_harmonics(points) for points in _NORMAL_CURVES.values()])
"""Shape [len(CURVES), 1 + HARMONICS], harmonics of normal gait in degrees."""

_CURVE_SD = np.array(list(_CURVE_SD_DEG.values()))


def _draw_deviation(rng: np.random.Generator, scale: float) -> tuple[Complex, dict[str, float]]:
    shape = (3, len(CURVES), 1 + HARMONICS)
    z = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    z[:, :, 0] = z[:, :, 0].real
    # Half of a wave's variance goes to each of its two components; a mean has only one.
    z[:, :, 1:] *= np.sqrt(0.5)
    common, left, right = scale * z * _CURVE_SD
    curves = np.stack([common + _ASYMMETRY * left, common + _ASYMMETRY * right])
    # Knees hardly bend backwards: a personal offset moves the curve up more easily than down.
    knee = CURVES.index("knee")
    curves[:, knee, 0] = np.maximum(curves[:, knee, 0].real, -3.0)
    manner = scale * rng.standard_normal(len(_MANNER))
    return curves, {
        name: float(z * sd) for z, (name, (_, sd)) in zip(manner, _MANNER.items(), strict=True)
    }


def draw_gait(rng: np.random.Generator, spread: float | None = None) -> Gait:
    """Draw how one person walks in general; `spread` replaces `SPREAD_OF_GAIT`."""
    curves, manner = _draw_deviation(rng, SPREAD_OF_GAIT if spread is None else spread)
    means = {name: mean + manner[name] for name, (mean, _) in _MANNER.items()}
    return Gait(NORMAL + curves, means)


def vary(gait: Gait, rng: np.random.Generator, variation: float | None = None) -> Gait:
    """Return how the person walks this time; `variation` replaces `VARIATION_WITHIN_PERSON`."""
    curves, manner = _draw_deviation(
        rng, VARIATION_WITHIN_PERSON if variation is None else variation
    )  # A walk that is faster has longer and quicker steps in equal parts (Winter, 1991).
    speed = rng.normal(0.0, 0.05)
    manner["cadence"] += 0.5 * speed * gait.manner["cadence"]
    manner["stride"] += 0.5 * speed
    return Gait(gait.curves + curves, {n: v + manner[n] for n, v in gait.manner.items()})


def hindered(gait: Gait, *, side: int, swing: float) -> Gait:
    """Return the gait with the arm of one side (0 left, 1 right) swinging `swing` times as much."""
    curves = gait.curves.copy()
    curves[side, 3:5, 1:] *= swing
    return replace(gait, curves=curves)


def _angles(gait: Gait, phase: Floats) -> Floats:
    """Return angles [2, len(CURVES), t] in radians; `phase` [t] is the left side's, in cycles."""
    turns = np.stack([phase, phase + 0.5])
    waves = np.exp(2j * np.pi * np.arange(1 + HARMONICS)[:, None] * turns[:, None, :])
    factor = np.full((len(CURVES), 1), gait.manner["stride"])
    factor[3:5] = np.exp(gait.manner["arm_swing"])
    curves = gait.curves.copy()
    curves[:, :, 1:] *= factor
    angles = np.deg2rad(np.einsum("sck,skt->sct", curves, waves).real)
    # Whatever hip and knee do, the ground turns the foot that carries the body flat.
    hip, knee, ankle = angles[:, 0], angles[:, 1], angles[:, 2]
    angles[:, 2] -= _flatness(turns) * (hip - knee + ankle)
    return np.asarray(angles)


def _flatness(cycles: Floats) -> Floats:
    """Return how far the ground has turned a foot flat, in [0, 1], at times given in cycles.

    The sole is down from about 8 to 40 % of the cycle (Perry and Burnfield, 2010).
    """
    at = np.mod(cycles, 1.0)
    down = np.clip((at - 0.01) / 0.08, 0.0, 1.0)
    up = np.clip((0.52 - at) / 0.14, 0.0, 1.0)
    share = np.minimum(down, up)
    return np.asarray(share**2 * (3.0 - 2.0 * share))


def _turned(vectors: Floats, axis: int, angle: Floats | float) -> Floats:
    """Return vectors [t, 3] turned about an axis (0 x, 1 y, 2 z) by `angle` in radians."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    cos, sin = np.cos(angle), np.sin(angle)
    out = vectors.copy()
    out[:, a] = cos * vectors[:, a] - sin * vectors[:, b]
    out[:, b] = sin * vectors[:, a] + cos * vectors[:, b]
    return out


def _along(length: float, angle: Floats, t: int) -> Floats:
    """Return vectors [t, 3] that hang down, swung forward by `angle` in radians."""
    out = np.zeros((t, 3))
    out[:, 0], out[:, 2] = length * np.sin(angle), -length * np.cos(angle)
    return out


def _fixed(t: int, x: float, y: float, z: float) -> Floats:
    return np.broadcast_to(np.array([x, y, z]), (t, 3)).copy()


def _add_leg(
    at: dict[str, Floats], side: str, angles: Floats, gait: Gait, lengths: Lengths, inward: Floats
) -> None:
    """Add knee, ankle and foot; `inward` [t] is the leg's lean to the middle, in radians."""
    t, sign = angles.shape[1], 1.0 if side == "l" else -1.0
    hip, knee, ankle = angles[:3]
    toe_out = np.deg2rad(gait.manner["toe_out"]) * sign
    pitch = hip - knee + ankle
    shank = hip - knee

    def placed(vectors: Floats, yaw: float) -> Floats:
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
    at: dict[str, Floats], side: str, angles: Floats, gait: Gait, lengths: Lengths, yaw: Floats
) -> None:
    t, sign = angles.shape[1], 1.0 if side == "l" else -1.0
    shoulder, elbow = angles[3], np.maximum(angles[4], 0.05)
    out = sign * np.deg2rad(gait.manner["abduction"])
    inward = -sign * np.deg2rad(gait.manner["elbow_inward"])

    def placed(vectors: Floats, turn: float) -> Floats:
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


def _add_trunk(at: dict[str, Floats], phase: Floats, gait: Gait, lengths: Lengths) -> Floats:
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


_CONTACTS = ("l_heel", "l_ball", "l_toe", "r_heel", "r_ball", "r_toe")


def _planted(at: dict[str, Floats], seconds: float) -> Floats:
    """Return the pelvis' path [t, 3] that keeps the feet at rest while they are on the ground."""
    contacts = np.stack([at[name] for name in _CONTACTS])
    lowest = contacts[:, :, 2].min(axis=0)
    # Soft weights hand the load over between contacts as soles and soft ground do, without a jerk.
    weight = np.exp((lowest - contacts[:, :, 2]) / 0.008)
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
    angles = _angles(gait, cycles)
    at: dict[str, Floats] = {}
    yaw = _add_trunk(at, cycles, gait, lengths)
    # The body sways over the foot that stands, and the legs' lean takes the sway out of the feet.
    sway = gait.manner["sway_m"] * np.cos(2 * np.pi * cycles - 0.5 * np.pi)
    adduction = np.deg2rad(gait.manner["adduction"])
    for index, (side, sign) in enumerate((("l", 1.0), ("r", -1.0))):
        _add_leg(at, side, angles[index], gait, lengths, adduction + sign * sway / lengths.leg)
        _add_arm(at, side, angles[index], gait, lengths, yaw)
    path = _planted(at, seconds)
    path[:, 1] = sway
    pose = np.stack([at[joint] for joint in JOINTS], axis=1) + path[:, None]
    return np.asarray(pose[::_OVERSAMPLING])
