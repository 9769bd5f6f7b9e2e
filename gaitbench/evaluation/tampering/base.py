"""What a tampering is: it changes test clips, their random streams, or what a frozen detector is shown.

Training and trained weights never know of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.core.plugin_errors import calling, returned
from gaitbench.core.registry import Registry
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.training.stage import Networks, Stage

if TYPE_CHECKING:
    from gaitbench.training.batches import Batch

UNTOUCHED = "none"
"""Name of the test as it is."""

DETECTOR = "detector"
"""Name of the input that a detector is."""


class Tampering:
    """A change of a test; each method that is not overridden changes nothing."""

    name: ClassVar[str]
    title: ClassVar[str]
    """As printed in the sanity panel."""

    about: ClassVar[str]
    """What is changed, and what a sound method shows; without a full stop."""

    place: ClassVar[int] = 50
    """Where its row stands in the panel: the smallest first."""

    begins_group: ClassVar[bool] = False
    """Whether a line separates its row from the one above."""

    leaves_chance: ClassVar[bool] = False
    """Whether a method that reads the body alone must not be above chance."""

    shows_stray: ClassVar[bool] = False
    """Whether `networks` needs the same clips under draws of their own."""

    version: ClassVar[int] = 1
    """Raised when the same test gives other scores than before."""

    def concerns(self, stage: Stage) -> bool:
        """Whether a stage has what is tampered with."""
        return True

    def frames(
        self, whole: npt.NDArray[np.uint8], data: Silhouettes, sequences: Sequence[str], seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return clips [n, t, h, w] of these sequences, before anything is hidden."""
        return whole

    def draw_names(self, rows: pd.DataFrame) -> list[str]:
        """Return what names the random stream of each clip's draw: its sequence, unless clips share one.

        Args:
            rows: Of the data set's table.
        """
        return [str(name) for name in rows["sequence"]]

    def networks(
        self, stage: Stage, networks: Networks, batch: "Batch", stray: "Batch | None"
    ) -> Networks:
        """Return the frozen networks that a stage builds on.

        Args:
            stage: Uses the networks.
            networks: By name.
            batch: The clips that will be embedded.
            stray: The same clips under other draws, where `shows_stray`.
        """
        return networks

    def tampered_frames(
        self, whole: npt.NDArray[np.uint8], data: Silhouettes, sequences: Sequence[str], seed: int
    ) -> npt.NDArray[np.uint8]:
        """Return `frames`, checked.

        Raises:
            PluginError: If a plug-in's `frames` raises, or changes shape or type.
        """
        with calling(self, "frames"):
            frames = self.frames(whole, data, sequences, seed)
        shape = "×".join(map(str, whole.shape))
        is_right = getattr(frames, "shape", None) == whole.shape and frames.dtype == whole.dtype
        expected = f"clips of the shape {shape} and type {whole.dtype}"
        returned(self, "frames", frames if is_right else None, np.ndarray, expected)
        return frames


tamperings: Registry[Tampering] = Registry(
    "tampering", Tampering, homes=("gaitbench.evaluation.tampering",)
)


def get_tampering(name: str) -> Tampering:
    """Return the tampering registered under `name`; for "none" one that changes nothing."""
    return Tampering() if name == UNTOUCHED else tamperings.get(name)()


def all_tamperings() -> list[Tampering]:
    """Return every tampering, in the order of the panel."""
    return sorted((kind() for _, kind in tamperings.items()), key=lambda tampering: tampering.place)
