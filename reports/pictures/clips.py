"""Clips as they were tested: read from the data set and hidden again by the same draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import seen_data
from gaitbench.evaluation.clips import clips_at_test
from gaitbench.evaluation.severity import hiding
from gaitbench.experiment.cells import Evaluation

Side = Literal["probe", "gallery"]


@dataclass(frozen=True, eq=False)
class TestedClips:
    """The clips of a report's evaluations.

    Args:
        folders: Of the data sets, by fingerprint.
        evaluations: By key.
    """

    __test__ = False  # its name begins like those that pytest collects

    folders: Mapping[str, Path]
    evaluations: Mapping[str, Evaluation]

    def available(self, key: str) -> bool:
        """Whether the evaluation's data set is still there."""
        evaluation = self.evaluations.get(key)
        folder = None if evaluation is None else self.folders.get(evaluation.data.fingerprint)
        return folder is not None and (folder / "meta.json").is_file()

    def data(self, key: str) -> Silhouettes:
        """Return the data set that an evaluation tests on, in frames of the size that networks see."""
        tested = self.evaluations[key].data
        return seen_data(
            self.folders[tested.fingerprint], tested.height, tested.width, "silhouettes"
        )

    def clip(self, key: str, side: Side, row: int) -> npt.NDArray[np.uint8]:
        """Return a clip as the network saw it, shape [t, h, w], 1 where half of a pixel is body.

        Args:
            key: Of the evaluation.
            side: Which of the two splits of the test.
            row: Of the split, from 0, as scores number probes and nearest gallery entries.
        """
        evaluation, data = self.evaluations[key], self.data(key)
        mix = evaluation.probe if side == "probe" else evaluation.gallery
        if evaluation.hidden is not None:
            mix = hiding(mix, evaluation.hidden, data, evaluation.frames)
        sequence = data.split(f"test.{side}")[row : row + 1]
        length = min(int(data.table["frames"].iloc[int(sequence[0])]), evaluation.frames)
        batch = clips_at_test(data, sequence, mix, length, evaluation.seed, evaluation.draw)
        clip: npt.NDArray[np.uint8] = (batch.clips[0] >= 0.5).numpy().astype(np.uint8)
        return clip

    def identity(self, key: str, side: Side, row: int) -> str:
        """Return who walks in a clip."""
        return str(self._sequence(key, side, row)["identity"])

    def name(self, key: str, side: Side, row: int) -> str:
        """Return identity, condition and view of a clip, for captions."""
        sequence = self._sequence(key, side, row)
        return f"{sequence['identity']}, {sequence['condition']}, {sequence['view']}"

    def _sequence(self, key: str, side: Side, row: int) -> "pd.Series[Any]":
        data = self.data(key)
        return data.table.iloc[int(data.split(f"test.{side}")[row])]
