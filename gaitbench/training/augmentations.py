"""Augmentations of training clips as typed options: what is drawn for a clip, and how it is drawn.

Nothing here touches pixels; `gaitbench.training.augment` applies what is drawn. A clip's geometry is
one matrix, whatever moves it, so its frames are sampled only once.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

Matrix = npt.NDArray[np.float64]
Box = tuple[int, int, int, int]

INSET_PX = 10
"""OpenGait's perspective moves a corner inwards by less than this many pixels of a 64-pixel frame."""

OPENGAIT_SIDE = 64
"""Height and width of OpenGait's frames before their sides are cut, in pixels."""

ERASE_TRIES = 100
"""A box that is as wide or as high as the frame is drawn again, so many times; then none is erased."""


@dataclass(frozen=True, eq=False)
class DrawnAugmentation:
    """What happens to one clip: the same to all its frames.

    Args:
        matrix: Shape [3, 3]: pixel (x, y, 1) of the old frame to the new one, homogeneous; None where
            nothing moves. Pixels are at whole numbers.
        box: (top, left, bottom, right) of the pixels that are erased after that; None for none.
    """

    matrix: Matrix | None = None
    box: Box | None = None

    @property
    def nothing(self) -> bool:
        """Whether the clip stays as it is."""
        return self.matrix is None and self.box is None


class Flip(BaseModel):
    """Mirrors a clip.

    Args:
        name: "flip".
        probability: Of being applied to a clip.

    Source: OpenGait, RandomHorizontalFlip.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["flip"] = "flip"
    probability: float = Field(ge=0, le=1)

    def draw(self, rng: np.random.Generator, height: int, width: int) -> DrawnAugmentation:
        """Return the mirroring; there is nothing to choose."""
        return DrawnAugmentation(np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]]))


class Rotate(BaseModel):
    """Turns a clip about the middle of its frames.

    Args:
        name: "rotate".
        probability: Of being applied to a clip.
        degrees: Largest angle, drawn uniformly to both sides.

    Source: OpenGait, RandomRotate, 10 degrees; its centre has rows and columns exchanged, so it turns
    64×44 frames about a point 10 pixels beside and 10 above their middle.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["rotate"] = "rotate"
    probability: float = Field(ge=0, le=1)
    degrees: float = Field(default=10, ge=0, le=180)

    def draw(self, rng: np.random.Generator, height: int, width: int) -> DrawnAugmentation:
        """Draw the angle."""
        return DrawnAugmentation(rotation(rng.uniform(-self.degrees, self.degrees), height, width))


class Perspective(BaseModel):
    """Widens a clip to a quadrangle whose upper and lower corners have moved inwards.

    Args:
        name: "perspective".
        probability: Of being applied to a clip.
        inset: How far a corner moves, a share of the frame height: drawn in whole pixels of a frame of 64
            from 0 to below this share on the left, from 1 pixel to this share on the right.

    Source: OpenGait, RandomPerspective: corners move by 0 … 9 (left) and 1 … 10 (right) of 64 pixels,
    before the sides of the square frame are cut. Frames that are cut already are treated as the middle
    of the square that they were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["perspective"] = "perspective"
    probability: float = Field(ge=0, le=1)
    inset: float = Field(default=INSET_PX / OPENGAIT_SIDE, ge=0, lt=0.5)

    def draw(self, rng: np.random.Generator, height: int, width: int) -> DrawnAugmentation:
        """Draw the four corners, in the order upper left, upper right, lower left, lower right."""
        most = round(self.inset * OPENGAIT_SIDE)
        if most == 0:
            return DrawnAugmentation()
        pixel = height / OPENGAIT_SIDE
        left, right = (rng.integers(0, most, 2) * pixel for _ in range(2))
        # Left and right corners are drawn alike; the right ones count from one pixel inside.
        upper, lower = (left[0], right[0] + pixel), (left[1], right[1] + pixel)
        return DrawnAugmentation(perspective(upper, lower, height, width))


class Erase(BaseModel):
    """Erases one box from all frames of a clip.

    Args:
        name: "erase".
        probability: Of being applied to a clip.
        area: Smallest and largest share of the frame's area.
        aspect: Smallest ratio of height to width; the largest is one over it.

    Source: OpenGait, RandomErasing: 0.05 … 0.2 of the area, ratio 0.3 … 1 / 0.3.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["erase"] = "erase"
    probability: float = Field(ge=0, le=1)
    area: tuple[float, float] = (0.05, 0.2)
    aspect: float = Field(default=0.3, gt=0, le=1)

    def draw(self, rng: np.random.Generator, height: int, width: int) -> DrawnAugmentation:
        """Draw size and place of the box."""
        for _ in range(ERASE_TRIES):
            pixels = rng.uniform(*self.area) * height * width
            ratio = rng.uniform(self.aspect, 1 / self.aspect)
            rows, columns = round(math.sqrt(pixels * ratio)), round(math.sqrt(pixels / ratio))
            if rows < height and columns < width:
                top = int(rng.integers(0, height - rows + 1))
                left = int(rng.integers(0, width - columns + 1))
                return DrawnAugmentation(box=(top, left, top + rows, left + columns))
        return DrawnAugmentation()


Augmentation = Annotated[Flip | Rotate | Perspective | Erase, Field(discriminator="name")]


def draw_augmentation(
    augment: tuple[Augmentation, ...], rng: np.random.Generator, height: int, width: int
) -> DrawnAugmentation:
    """Draw what happens to one clip.

    Args:
        augment: In the order of application; a box is erased last.
        rng: The clip's own.
        height: Of its frames, in pixels.
        width: As height.
    """
    matrix: Matrix | None = None
    box: Box | None = None
    for augmentation in augment:
        if rng.random() >= augmentation.probability:
            continue
        drawn = augmentation.draw(rng, height, width)
        if drawn.matrix is not None:
            matrix = drawn.matrix if matrix is None else drawn.matrix @ matrix
        box = drawn.box if drawn.box is not None else box
    return DrawnAugmentation(matrix, box)


def rotation(degrees: float, height: int, width: int) -> Matrix:
    """Return the rotation about the middle of a frame, counter-clockwise as one sees it."""
    # Rows count downwards, so the signs differ from the usual matrix.
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = (width - 1) / 2, (height - 1) / 2
    return np.array(
        [[cos, sin, x - cos * x - sin * y], [-sin, cos, y + sin * x - cos * y], [0, 0, 1]]
    )


def perspective(
    upper: tuple[float, float], lower: tuple[float, float], height: int, width: int
) -> Matrix:
    """Return the map that widens a quadrangle to the whole frame.

    Args:
        upper: By how many pixels its left and right upper corners lie inside the square frame.
        lower: The same for the lower corners.
        height: Of the frame in pixels, and of the square that it is the middle of.
        width: Of the frame in pixels.
    """
    side = float(height)
    cut = (side - width) / 2
    corners = [
        (upper[0], 0.0),
        (side - upper[1], 0.0),
        (side - lower[1], side),
        (lower[0], side),
    ]
    square = homography(corners, [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)])
    shift = np.array([[1.0, 0, cut], [0, 1, 0], [0, 0, 1]])
    back = np.array([[1.0, 0, -cut], [0, 1, 0], [0, 0, 1]])
    moved: Matrix = back @ square @ shift
    return moved


def homography(old: list[tuple[float, float]], new: list[tuple[float, float]]) -> Matrix:
    """Return the projective map of four points (x, y) to four others."""
    rows, values = [], []
    for (x, y), (u, v) in zip(old, new, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(values, np.float64))
    return np.append(solved, 1.0).reshape(3, 3)
