"""What a tampering is: it changes test clips, their random streams, or what a frozen detector is shown.

Training and trained weights never know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import pd
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
        self, stage: Stage, networks: Networks, batch: Batch, stray: Batch | None
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
        fits = isinstance(frames, np.ndarray) and (frames.shape, frames.dtype) == (
            whole.shape,
            whole.dtype,
        )
        expected = f"clips of shape {shape} and type {whole.dtype}"
        returned(self, "frames", frames, np.ndarray, expected, fits=fits)
        return frames

    def is_concerned(self, stage: Stage) -> bool:
        """Return `concerns`, checked.

        Raises:
            PluginError: If a plug-in's `concerns` raises, or returns something else.
        """
        with calling(self, "concerns"):
            concerned = self.concerns(stage)
        returned(self, "concerns", concerned, (bool, np.bool_), "True or False")
        return bool(concerned)

    def names_of_draws(self, rows: pd.DataFrame) -> list[str]:
        """Return `draw_names`, checked.

        Raises:
            PluginError: If a plug-in's `draw_names` raises, or returns something else.
        """
        with calling(self, "draw_names"):
            names = self.draw_names(rows)
        expected = f"a list of {len(rows)} names, one per clip"
        returned(self, "draw_names", names, list, expected)
        fits = len(names) == len(rows) and all(isinstance(name, str) for name in names)
        returned(self, "draw_names", names, list, expected, fits=fits)
        return names

    def tampered_networks(
        self, stage: Stage, networks: Networks, batch: Batch, stray: Batch | None
    ) -> Networks:
        """Return `networks`, checked.

        Raises:
            PluginError: If a plug-in's `networks` raises, or returns something else.
        """
        with calling(self, "networks"):
            tampered = self.networks(stage, networks, batch, stray)
        expected = f"the networks by their names: {', '.join(networks) or 'none'}"
        returned(self, "networks", tampered, Mapping, expected)
        returned(self, "networks", tampered, Mapping, expected, fits=set(tampered) == set(networks))
        return tampered


tamperings: Registry[Tampering] = Registry(
    "tampering", Tampering, homes=("gaitbench.evaluation.tampering",)
)


def get_tampering(name: str) -> Tampering:
    """Return the tampering registered under `name`; for "none" one that changes nothing."""
    return Tampering() if name == UNTOUCHED else tamperings.make(name)


def all_tamperings() -> list[Tampering]:
    """Return every tampering, in the order of the panel."""
    return sorted(map(tamperings.make, tamperings.names()), key=lambda each: each.place)
