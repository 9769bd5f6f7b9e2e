"""Crowd: other people cross between the camera and the walker."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gaitbench.core.random_streams import stream
from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Range, Step
from gaitbench.occlusions.moving import pass_by
from gaitbench.walkers.anthropometry import draw_physique
from gaitbench.walkers.body import Camera, render
from gaitbench.walkers.gait import draw_gait
from gaitbench.walkers.kinematics import FRAMES_PER_SECOND, walk

Masks = npt.NDArray[np.bool_]

PEOPLE = 6
"""People in the crowd; they are in no data set, since they have random streams of their own."""

RENDERED_HEIGHT = 128
"""Twice the height in the papers, so that reducing leaves clean edges."""

REFERENCE_HEIGHT = 64
"""Speeds are given for frames this high; a walker fills the height, which so sets the scale."""


@register("crowd")
@dataclass(frozen=True)
class Crowd(Occlusion):
    """Somebody walks across in front, seen from the side; what their silhouette covers is hidden.

    Who it is, the point in their gait cycle, direction, speed and start are drawn; they pass as
    described at `gaitbench.occlusions.moving.pass_by`, one after another in long clips.

    Args:
        amount: Height of the person in front as a share of the frame height; they stand on the
            lower edge.
        speed: Range in pixels per frame, for frames 64 high, relative to the walker, who is kept in
            the middle of the frame. Two people meeting at 1.3 m/s each, filmed 25 times a second,
            pass each other at about 4; the lower end is somebody slightly faster in the same
            direction.

    Source: none; the ranges are this toolkit's choice.
    """

    amount: Range = (0.7, 1.0)
    speed: Range = (0.5, 4.0)

    amount_of: ClassVar[str] = "share of the frame height (of the person in front)"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._speed("speed")

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide what the person in front covers."""
        person, begin = int(rng.integers(PEOPLE)), rng.random()
        low, high = (value * h / REFERENCE_HEIGHT for value in self.speed)
        shapes = _person(person, int(amount * h))
        cycle, height_px, width_px = shapes.shape
        left, drawn = pass_by(rng, (low, high), width_px, t, w)
        if drawn["direction"] == 1:
            shapes = shapes[:, :, ::-1]
        mask = np.zeros((t, h, w), np.bool_)
        for i, edge in enumerate(left.tolist()):
            first, last = max(edge, 0), min(edge + width_px, w)
            shape = shapes[(int(begin * cycle) + i) % cycle, :, first - edge : last - edge]
            mask[i, h - height_px :, first:last] = shape
        return Step(mask=mask, parameters={"person": person, "phase": begin, **drawn})


@cache
def _rendered(person: int) -> Masks:
    """Return one gait cycle of a person walking to the left, cut to their width: [cycle, h, w]."""
    rng = stream(0, "occlusions", "crowd", person)
    physique, gait = draw_physique(rng), draw_gait(rng)
    # Cadence counts steps, and a cycle has two.
    cycle = round(2 * FRAMES_PER_SECOND / gait.manner["cadence"])
    pose = walk(gait, physique.lengths, cycle, phase=0.0)
    # Without the travel, every frame is an exact side view.
    pose[:, :, 0] -= pose[:, :1, 0]
    frames = render(
        pose, physique.shape, Camera(90.0), height=RENDERED_HEIGHT, width=RENDERED_HEIGHT
    ).frames
    used = np.flatnonzero(frames.any((0, 1)))
    return frames[:, :, used[0] : used[-1] + 1] > 0


@lru_cache(maxsize=256)
def _person(person: int, height_px: int) -> Masks:
    """Return the person scaled to a height with the nearest pixels, [cycle, height_px, width]."""
    shapes = _rendered(person)
    width_px = round(shapes.shape[2] * height_px / RENDERED_HEIGHT)
    rows = (np.arange(height_px) * 2 + 1) * shapes.shape[1] // max(2 * height_px, 1)
    columns = (np.arange(width_px) * 2 + 1) * shapes.shape[2] // max(2 * width_px, 1)
    return shapes[:, rows][:, :, columns]
