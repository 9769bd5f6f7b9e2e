"""What walkers' bodies measure: lengths and thickness, drawn as they vary between people."""

from dataclasses import dataclass, replace

import numpy as np

from gaitbench.walkers.body import Shape

SPREAD_OF_PROPORTIONS = 1.0
"""Differences between people in lengths, girths and clothes: 1 is as published, 0 none."""

_WOMAN_M, _MAN_M, _STATURE_SD_M = 1.63, 1.76, 0.065
"""Mean stature and its standard deviation within a sex (Gordon et al. 2014, rounded)."""


@dataclass(frozen=True)
class Lengths:
    """Distances between joints, in metres.

    Args:
        thigh: Hip to knee.
        shank: Knee to ankle.
        ankle_height: Ankle above the sole.
        foot: Heel to toe.
        hip_half: Middle of the pelvis to a hip joint.
        lower_trunk: Pelvis to chest.
        upper_trunk: Chest to neck.
        head: Neck to vertex.
        shoulder_half: Middle of the trunk to a shoulder joint.
        shoulder_drop: Shoulder joint below the neck.
        upper_arm: Shoulder to elbow.
        forearm: Elbow to wrist.
        hand: Wrist to the tip of the curled fingers.
    """

    thigh: float
    shank: float
    ankle_height: float
    foot: float
    hip_half: float
    lower_trunk: float
    upper_trunk: float
    head: float
    shoulder_half: float
    shoulder_drop: float
    upper_arm: float
    forearm: float
    hand: float

    @property
    def leg(self) -> float:
        """Height of the hip joint above the ground with a straight leg, in metres."""
        return self.thigh + self.shank + self.ankle_height

    @property
    def stature(self) -> float:
        """Height when standing upright, in metres."""
        return self.leg + self.lower_trunk + self.upper_trunk + self.head


@dataclass(frozen=True)
class Physique:
    """The body of one person.

    Args:
        lengths: Distances between joints.
        shape: Thickness, with the person's usual clothes.
        manhood: 0 for the build of the average woman, 1 for that of the average man.
    """

    lengths: Lengths
    shape: Shape
    manhood: float


def _mean_lengths(manhood: float) -> Lengths:
    """Return mean lengths as shares of stature.

    Drillis and Contini's shares as reproduced in Winter, "Biomechanics and Motor Control of Human
    Movement", 4th ed., 2009, fig. 4.1. Joint centres of shoulders and hips lie inside of the
    measured breadths; women's shoulders are narrower and men's hips (Gordon et al. 2014).
    """
    return Lengths(
        thigh=0.245,
        shank=0.246,
        ankle_height=0.039,
        foot=0.152 + 0.004 * (manhood - 0.5),
        hip_half=0.052 - 0.003 * (manhood - 0.5),
        lower_trunk=0.190,
        upper_trunk=0.125,
        head=0.155,
        shoulder_half=0.103 + 0.009 * (manhood - 0.5),
        shoulder_drop=0.040,
        upper_arm=0.178,
        forearm=0.146,
        hand=0.095,
    )


def _draw_lengths(rng: np.random.Generator, manhood: float, spread: float) -> Lengths:
    """Draw lengths in metres.

    Within a sex, leg length and sitting height trade off (the share of sitting height has a
    standard deviation of about 1.5 points of 52), and single segments vary by 2 to 5 % (Gordon et
    al. 2014, from the coefficients of variation of the measures and their correlations with
    stature).
    """
    z = rng.standard_normal(13) * spread
    sex = 0.5 + spread * (manhood - 0.5)
    stature = _WOMAN_M + (_MAN_M - _WOMAN_M) * sex + _STATURE_SD_M * z[0]
    mean = _mean_lengths(manhood)
    leg, arm = 0.028 * z[1], 0.025 * z[2]
    drawn = Lengths(
        thigh=mean.thigh * np.exp(leg + 0.018 * z[3]),
        shank=mean.shank * np.exp(leg - 0.018 * z[3]),
        ankle_height=mean.ankle_height * np.exp(0.04 * z[4]),
        foot=mean.foot * np.exp(0.035 * z[5]),
        hip_half=mean.hip_half * np.exp(0.05 * z[6]),
        lower_trunk=mean.lower_trunk * np.exp(-leg + 0.02 * z[7]),
        upper_trunk=mean.upper_trunk * np.exp(-leg - 0.02 * z[7]),
        head=mean.head * np.exp(0.035 * z[8]),
        shoulder_half=mean.shoulder_half * np.exp(0.045 * z[9]),
        shoulder_drop=mean.shoulder_drop * np.exp(0.2 * z[10]),
        upper_arm=mean.upper_arm * np.exp(arm + 0.02 * z[11]),
        forearm=mean.forearm * np.exp(arm - 0.02 * z[11]),
        hand=mean.hand * np.exp(0.04 * z[12]),
    )
    # Longer legs at the same stature mean a shorter trunk, whatever the rounding of the draws
    # above.
    scale = stature / drawn.stature
    return Lengths(**{name: float(value * scale) for name, value in vars(drawn).items()})


_WEIGHT_POWER = {
    "head_height": 0.0,
    "head_breadth": 0.1,
    "head_depth": 0.05,
    "neck": 0.35,
    "shoulder": 0.4,
    "chest_breadth": 0.5,
    "chest_depth": 0.7,
    "waist_breadth": 0.8,
    "waist_depth": 1.0,
    "hip_breadth": 0.5,
    "hip_depth": 0.6,
    "belly": 2.5,
    "upper_arm": 0.6,
    "elbow": 0.35,
    "wrist": 0.2,
    "hand": 0.15,
    "thigh": 0.55,
    "knee": 0.35,
    "calf": 0.4,
    "ankle": 0.25,
    "foot_breadth": 0.15,
    "foot_height": 0.0,
}
"""Exponents of thickness over body-mass index at equal stature.

A cylinder's is 0.5, fat gathers at the waist, bony places change little. Judged from the girths by
weight class in Gordon et al. 2014."""

_MAN_OVER_WOMAN = {
    "neck": 1.16,
    "shoulder": 1.08,
    "chest_breadth": 1.07,
    "waist_breadth": 1.05,
    "waist_depth": 1.04,
    "hip_breadth": 0.93,
    "hip_depth": 0.96,
    "upper_arm": 1.07,
    "elbow": 1.07,
    "wrist": 1.08,
    "hand": 1.08,
    "thigh": 0.95,
    "knee": 0.99,
    "foot_breadth": 1.04,
}
"""Thickness at equal stature, men's over women's (Gordon et al. 2014, rounded); 1 if not named."""

_LOOSENESS_M = {
    "chest_breadth": 0.6,
    "chest_depth": 0.6,
    "waist_breadth": 1.2,
    "waist_depth": 1.2,
    "hip_breadth": 0.5,
    "hip_depth": 0.5,
    "upper_arm": 0.4,
    "elbow": 0.4,
    "thigh": 0.3,
    "knee": 0.6,
    "calf": 0.5,
    "ankle": 0.8,
}
"""How much of a garment's looseness shows where: cloth hangs from wide places over narrow ones."""


def _draw_shape(rng: np.random.Generator, stature: float, manhood: float, spread: float) -> Shape:
    mean = Shape.average(stature)
    names = tuple(vars(mean))
    # Body-mass index: median 24.5 with a log-standard deviation of 0.14 (Gordon et al. 2014).
    log_bmi = 0.14 * spread * rng.standard_normal()
    residual = 0.045 * spread * rng.standard_normal(len(names))
    top, trousers = 0.035 * spread * rng.random(2)
    hair = 0.02 * spread * (2.0 - manhood) * rng.random()
    drawn = {}
    for name, own in zip(names, residual, strict=True):
        sex = (manhood - 0.5) * np.log(_MAN_OVER_WOMAN.get(name, 1.0))
        thickness = getattr(mean, name) * np.exp(sex + _WEIGHT_POWER[name] * log_bmi + own)
        cloth = trousers if name in ("thigh", "knee", "calf", "ankle") else top
        drawn[name] = float(thickness + cloth * _LOOSENESS_M.get(name, 0.0))
    shape = Shape(**drawn)
    return replace(
        shape,
        head_breadth=shape.head_breadth + float(hair),
        head_depth=shape.head_depth + float(hair),
    )


def draw_physique(rng: np.random.Generator, spread: float | None = None) -> Physique:
    """Draw one person's body.

    Args:
        rng: The person's own stream.
        spread: Replaces `SPREAD_OF_PROPORTIONS`.
    """
    spread = SPREAD_OF_PROPORTIONS if spread is None else spread
    # Most people are built like one sex or the other, some in between.
    manhood = float(rng.beta(0.6, 0.6))
    lengths = _draw_lengths(rng, manhood, spread)
    return Physique(lengths, _draw_shape(rng, lengths.stature, manhood, spread), manhood)


def clothed(shape: Shape, looseness_m: float) -> Shape:
    """Return a shape in an outer garment for the upper body that stands off by `looseness_m`."""
    grown = {
        name: getattr(shape, name) + share * looseness_m
        for name, share in {
            "neck": 0.5,
            "shoulder": 0.7,
            "chest_breadth": 1.6,
            "chest_depth": 1.8,
            "waist_breadth": 3.0,
            "waist_depth": 2.6,
            "hip_breadth": 1.4,
            "hip_depth": 1.6,
            "upper_arm": 0.8,
            "elbow": 0.9,
            "wrist": 0.8,
        }.items()
    }
    return replace(shape, **grown)
