"""How somebody walks: joint angles over the gait cycle, as they vary between people and walks.

Angles are sums of a few harmonics around the curves of normal gait.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles

Complex = npt.NDArray[np.complex128]

SPREAD_OF_GAIT = 1.0
"""Differences between people in how they move: 1 is as published, 0 none."""

VARIATION_WITHIN_PERSON = 0.25
"""Differences between two walks of one person, as a share of those between people."""

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


def joint_angles(gait: Gait, phase: Doubles) -> Doubles:
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
    angles[:, 2] -= flatness(turns) * (hip - knee + ankle)
    return np.asarray(angles)


def flatness(cycles: Doubles) -> Doubles:
    """Return how far the ground has turned a foot flat, in [0, 1], at times given in cycles.

    The sole is down from about 8 to 40 % of the cycle (Perry and Burnfield, 2010).
    """
    at = np.mod(cycles, 1.0)
    down = np.clip((at - 0.01) / 0.08, 0.0, 1.0)
    up = np.clip((0.52 - at) / 0.14, 0.0, 1.0)
    share = np.minimum(down, up)
    return np.asarray(share**2 * (3.0 - 2.0 * share))


def bearing(cycles: Doubles) -> Doubles:
    """Return how far a foot bears the body, in [0, 1], at times given in its own cycles.

    Stance takes the first 60 % or so of the cycle (Perry and Burnfield, 2010).
    """
    at = np.mod(cycles, 1.0)
    leaving, landing = np.clip((0.66 - at) / 0.06, 0.0, 1.0), np.clip((at - 0.96) / 0.04, 0.0, 1.0)
    return np.asarray(np.maximum(leaving, landing))


def lifted(angles: Doubles, cycles: Doubles, more: Doubles) -> Doubles:
    """Return angles with the swinging knee flexed by up to `more` [2], in radians.

    Hip and ankle take half of it each, as in people who step over something.
    """
    at = np.mod(np.stack([cycles, cycles + 0.5]), 1.0)
    rise, fall = np.clip((at - 0.58) / 0.14, 0.0, 1.0), np.clip((0.99 - at) / 0.14, 0.0, 1.0)
    share = np.minimum(rise, fall)
    bend = more[:, None] * share**2 * (3.0 - 2.0 * share)
    out = angles.copy()
    out[:, 0] += 0.5 * bend
    out[:, 1] += bend
    out[:, 2] += 0.5 * bend
    return out
