"""Top and bottom: a share of the height is out of sight, behind a wall or outside of the image."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Range, Span, Step

Fitting = Literal["stretch", "mask", "crop"]
"""What a detector's box does with the part that is left: see `Top`."""


@dataclass(frozen=True)
class _Cut(Occlusion):
    """What top and bottom share; a subclass says which rows remain."""

    amount: Range = (0.4, 0.6)
    fit: Fitting = "stretch"

    amount_of: ClassVar[str] = "share of the frame height"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("fit", ("stretch", "mask", "crop"))

    def rows(self, amount: float, h: int) -> Span:
        """Return the first and one past the last row that remain."""
        raise NotImplementedError

    def steps(self, rng: np.random.Generator, amount: float, t: int, h: int, w: int) -> Step:
        """Keep the remaining rows, or hide the others."""
        first, last = self.rows(amount, h)
        if self.fit == "mask":
            hidden = (0, first) if first else (last, h)
            return Step.hide(t, hidden, (0, w), rows_px=h - (last - first))
        # A detector finds no box in nothing: one row always remains to be stretched.
        first, last = min(first, h - 1), max(last, 1)
        columns = _proportional(amount, w) if self.fit == "crop" else None
        return Step.keep(t, (first, last), columns, rows_px=h - (last - first))


@register("top")
@dataclass(frozen=True)
class Top(_Cut):
    """The upper part is cut off: head and trunk, up to the hips at an amount of one half.

    Args:
        amount: Share of the frame height that is cut off.
        fit: "stretch": the rest is stretched back to the full height, as a detector's box around
            the visible part would. "mask": the rest stays where it is. "crop": as "stretch", and
            the sides are cut by the same share, as a box of fixed proportions would.

    Source: RG-Gait and MimicGait (0.4–0.6, "stretch"); row counts as in their released transform.
    "crop" is what the released Occ-Aware code does with its top and bottom types.
    """

    def rows(self, amount: float, h: int) -> Span:
        """Return the lower rows."""
        return int(amount * h), h


@register("bottom")
@dataclass(frozen=True)
class Bottom(_Cut):
    """The lower part is cut off: the legs, up to the hips at an amount of one half.

    Args:
        amount: Share of the frame height that is cut off.
        fit: As for `Top`.

    Source: As for `Top`.
    """

    def rows(self, amount: float, h: int) -> Span:
        """Return the upper rows."""
        # Not h - int(amount·h): the released transform rounds what is kept here, what is cut at the
        # top.
        return 0, int((1 - amount) * h)


def _proportional(amount: float, w: int) -> Span:
    """Return the columns that a box of fixed proportions keeps, rounded as in Occ-Aware's code."""
    first = int(amount / 2 * w)
    # At an amount near 1 the two roundings could meet; a box has at least one column.
    return first, max(int((1 - amount / 2) * w), first + 1)
