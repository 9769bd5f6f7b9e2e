"""Tamperings with what hides the clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import pd
from gaitbench.core.registry import register
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.tampering.base import Tampering


@register("outline")
class Outline(Tampering):
    """Every body fills its frame, so that only what hides it has a shape."""

    title = "Outline alone"
    about = (
        "the body fills its frame, so that only what hides it has a shape: no more than chance. A cut that "
        "is stretched back leaves the frame full, so it shows nothing here"
    )
    place, leaves_chance = 2, True

    def frames(
        self, whole: npt.NDArray[np.uint8], data: Silhouettes, sequences: Sequence[str], seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return clips that are body all over."""
        return np.ones_like(whole)


@register("tied-outline")
class TiedOutline(Outline):
    """Outlines, and all clips of one identity share one draw."""

    title = "Outline, tied to identity"
    about = (
        "the same, and all clips of one identity share one draw: what is above chance is read from the "
        "occluder, not from the body"
    )
    place, leaves_chance = 3, False

    def draw_names(self, rows: pd.DataFrame) -> list[str]:
        """Return one name per identity."""
        return [f"all clips of {identity}" for identity in rows["identity"]]


@register("one-draw")
class OneDraw(Tampering):
    """All clips, probes and gallery, share one draw."""

    title = "One draw for all"
    about = "probes and gallery are hidden alike: what is above the first row is lost to unlike occlusions"
    place, begins_group = 4, True

    def draw_names(self, rows: pd.DataFrame) -> list[str]:
        """Return one name for all."""
        return ["all clips"] * len(rows)
