"""Verification over more pairs than fit into memory: only those that a threshold depends on are kept."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gaitbench.evaluation.metrics import Bools, accepted_share, far_threshold


@dataclass(eq=False)
class Pairs:
    """Distances for verification: all genuine pairs and the nearest impostor pairs.

    Args:
        keep: How many impostor pairs: `allowed_impostors` of the largest rate and all pairs, plus one.
    """

    keep: int
    n_impostors: int = 0
    _nearest: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    _genuine: list[npt.NDArray[np.float32]] = field(default_factory=list)
    _rows: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def add(
        self,
        distances: npt.NDArray[np.float32],
        genuine: Bools,
        impostor: Bools,
        *,
        first_row: int,
    ) -> None:
        """Take a block of pairs, [n, m], whose first row belongs to row `first_row` of the scores."""
        self._genuine.append(distances[genuine])
        self._rows.append(np.nonzero(genuine)[0] + first_row)
        others = distances[impostor]
        self.n_impostors += len(others)
        nearest = np.concatenate([self._nearest, others])
        if len(nearest) > self.keep:
            nearest = np.partition(nearest, self.keep - 1)[: self.keep]
        self._nearest = nearest

    def accepted_share(self, mates: npt.NDArray[np.int64], far: float) -> npt.NDArray[np.float64]:
        """Return the share of each row's genuine pairs that are accepted at this false accept rate."""
        threshold = far_threshold(self._nearest, self.n_impostors, far)
        return accepted_share(
            np.concatenate(self._genuine), np.concatenate(self._rows), mates, threshold
        )
