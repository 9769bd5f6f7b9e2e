"""Patch and pole: something moves past the walker: a cart, a car or, to a moving camera, a post."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Parameters, Range, Step

Motion = Literal["random", "released-code"]
"""How the object moves: see `Patch`."""

# Speeds are given for frames this wide, the width in the papers.
REFERENCE_WIDTH = 64
# The paper's patch is 0.4–0.6 wide and its pole 0.2–0.4.
POLE_IS_NARROWER = 0.2


@dataclass(frozen=True)
class _Moving(Occlusion):
    """What patch, pole and dynamic share: their speed and how they move."""

    speed: Range = (0.5, 1.0)
    motion: Motion = "random"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("motion", ("random", "released-code"))
        self._speed("speed")

    def _move(
        self, rng: np.random.Generator, width_px: int, t: int, w: int
    ) -> tuple[npt.NDArray[np.int64], Parameters]:
        """Return the object's left edge in each frame and what was drawn."""
        if self.motion == "random":
            low, high = (value * w / REFERENCE_WIDTH for value in self.speed)
            return pass_by(rng, (low, high), width_px, t, w)
        speed = rng.uniform(*self.speed)
        return (np.arange(t) * speed).astype(np.int64), {"speed_px": speed, "direction": 1}


@register("patch")
@dataclass(frozen=True)
class Patch(_Moving):
    """A low rectangle that stands on the frame's lower edge moves past.

    Args:
        amount: Width as a share of the frame width, and height as a share of the frame height; the
            two are drawn separately, and the drawn amount reported is the width.
        speed: Range in pixels per frame, for frames 64 wide; other widths in proportion.
        motion: "random": see `pass_by`. "released-code": from the left edge to the right, beginning
            with the first frame and gone for good once it has left, at the given speed whatever the
            width of the frame.

    Source: RG-Gait, dynamic occlusion (0.4–0.6, 0.5–1.0 pixels per frame). The released code uses
    sizes of 0.3–0.5 and its own motion (see `released.py`).
    """

    amount: Range = (0.4, 0.6)

    amount_of: ClassVar[str] = "share of the frame width and height"

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide the rectangle where it is in each frame."""
        height = rng.uniform(*self.amount)
        width_px, height_px = int(amount * w), int(height * h)
        left, drawn = self._move(rng, width_px, t, w)
        return _rectangle(left, width_px, (h - height_px, h), {"height": height, **drawn})


@register("pole")
@dataclass(frozen=True)
class Pole(_Moving):
    """A pole as high as the frame moves past.

    Args:
        amount: Width as a share of the frame width.
        speed: As for `Patch`.
        motion: As for `Patch`.

    Source: RG-Gait, dynamic occlusion (0.2–0.4, 0.5–1.0 pixels per frame).
    """

    amount: Range = (0.2, 0.4)

    amount_of: ClassVar[str] = "share of the frame width"

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide the pole where it is in each frame."""
        width_px = int(amount * w)
        left, drawn = self._move(rng, width_px, t, w)
        return _rectangle(left, width_px, (0, h), drawn)


@register("dynamic")
@dataclass(frozen=True)
class Dynamic(_Moving):
    """A patch or a pole, with equal chance.

    Args:
        amount: The patch's size, as for `Patch`; a pole is narrower by 0.2 of the frame width, and
            has no width below an amount of 0.2.
        speed: As for `Patch`.
        motion: As for `Patch`.

    Source: RG-Gait, dynamic occlusion.
    """

    amount: Range = (0.4, 0.6)

    amount_of: ClassVar[str] = "share of the frame width and height (a pole is 0.2 narrower)"

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Hide one of the two."""
        if rng.random() < 0.5:
            step = Patch(self.amount, self.speed, self.motion).steps(rng, amount, t, h, w)
            shape = "patch"
        else:
            width = max(0.0, amount - POLE_IS_NARROWER)
            step = Pole((width, width), self.speed, self.motion).steps(rng, width, t, h, w)
            shape = "pole"
        return replace(step, parameters={"shape": shape, **step.parameters})


def pass_by(
    rng: np.random.Generator, speed: Range, width_px: int, t: int, w: int
) -> tuple[npt.NDArray[np.int64], Parameters]:
    """Draw how an object passes the frame, and return its left edge in each frame, [t], in pixels.

    The direction has equal chances, and the first position is uniform among all that overlap the
    frame. Once the object has left, the next one enters on the other side. So the positions follow
    the same law in each frame, and a clip's law does not depend on its length.

    Args:
        rng: The only source of chance.
        speed: Range in pixels per frame.
        width_px: Width of the object.
        t: Frames.
        w: Width of the frame.
    """
    # From the first to the last pixel that can be covered; at least 1, for an object of no width.
    positions = max(1, w + width_px - 1)
    drawn_speed = rng.uniform(*speed)
    direction = 1 if rng.random() < 0.5 else -1
    start = rng.uniform(0, positions)
    travelled = np.arange(t) * (direction * drawn_speed)
    left = 1 - width_px + np.floor((start + travelled) % positions).astype(np.int64)
    return left, {"speed_px": drawn_speed, "direction": direction, "start": start / positions}


def _rectangle(
    left: npt.NDArray[np.int64], width_px: int, rows: tuple[int, int], parameters: Parameters
) -> Step:
    """Return the step that hides these rows of a moving span of columns."""
    boxes = np.empty((len(left), 1, 4), np.int64)
    boxes[:, 0, :2] = rows
    boxes[:, 0, 2] = left
    boxes[:, 0, 3] = left + width_px
    return Step(boxes=boxes, parameters=parameters)
