"""What every identity does as gallery: how far metrics would change if others were not compared with it.

Whoever is tested stands in the gallery too, and with other people the probes would meet other impostors. To
first order, what a person adds there is minus this change, less the mean over people (docs/statistics.md).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Doubles, Floats
from gaitbench.evaluation.verification import Pairs, tar_column

RANKS = (1, 5, 10, 20)
RANKED = (*(f"rank_{k}" for k in RANKS), "ap", "inp")
"""What follows from the order of a probe's gallery; the order of `changes_of_probe`."""

Codes64 = npt.NDArray[np.int64]


def influence_column(quantity: str) -> str:
    """Return the name of the column of scores that holds it, of "rank_1", "ap" or "tar_far_0.01"."""
    return f"as_gallery_{quantity}"


def no_influence(n_rows: int, far: Sequence[float]) -> dict[str, Doubles]:
    """Return the columns of `GalleryInfluence.columns`, all NaN: where nothing was added up."""
    quantities = (*RANKED, *map(tar_column, far))
    return {influence_column(q): np.full(n_rows, np.nan) for q in quantities}


def changes_of_probe(
    mates: Floats, impostors: Floats, identities: Codes64
) -> tuple[Codes64, Doubles]:
    """Return how far a probe's values would change without the entries of one identity, for each.

    Args:
        mates: Distances of its mates, sorted, at least one.
        impostors: Distances of its impostors, in any order; at a mate's distance they come before it.
        identities: Of the impostors.

    Returns:
        The identities without whom something may change, shape (n,), and the changes of `RANKED`, shape
        (len(RANKED), n), none below 0.
    """
    is_near = impostors <= mates[-1]
    present, local = np.unique(identities[is_near], return_inverse=True)
    n, n_mates = len(present), len(mates)
    before = np.searchsorted(mates, impostors[is_near], side="left")
    counts = np.bincount(local * n_mates + before, minlength=n * n_mates).reshape(n, n_mates)
    # Entries of each identity in front of each mate.
    counts = counts.cumsum(axis=1)
    place = np.arange(1, n_mates + 1)
    ranks = place + counts.sum(axis=0)
    without = ranks - counts
    changes = [(without[:, 0] <= k).astype(np.float64) - float(ranks[0] <= k) for k in RANKS]
    changes.append((place / without).mean(axis=1) - (place / ranks).mean())
    changes.append(n_mates / without[:, -1] - n_mates / ranks[-1])
    return present, np.array(changes)


class GalleryInfluence:
    """Adds up what every identity does as gallery, in every cell of a search.

    Args:
        n_cells: Of the search: one, or one per probe view and gallery view.
        n_identities: Of probes and gallery together.
    """

    def __init__(self, n_cells: int, n_identities: int) -> None:
        self._totals = {q: np.zeros((n_cells, n_identities)) for q in RANKED}

    def add(
        self,
        distances: Floats,
        probe_ids: Codes64,
        gallery_ids: Codes64,
        valid: Bools,
        cells: Codes64,
    ) -> None:
        """Take probes against the entries that are ranked for them.

        Args:
            distances: Shape (n_probes, n_gallery).
            probe_ids: Shape (n_probes,).
            gallery_ids: Shape (n_gallery,).
            valid: Shape (n_probes, n_gallery); False excludes a pair.
            cells: Shape (n_probes,).
        """
        for i, cell in enumerate(cells):
            genuine = valid[i] & (gallery_ids == probe_ids[i])
            if not genuine.any():
                continue
            impostor = valid[i] & ~genuine
            identities, changes = changes_of_probe(
                np.sort(distances[i, genuine]), distances[i, impostor], gallery_ids[impostor]
            )
            for quantity, change in zip(RANKED, changes, strict=True):
                self._totals[quantity][cell, identities] += change

    def add_verification(
        self, pairs: Pairs, mates: Codes64, cells: Codes64, far: Sequence[float]
    ) -> None:
        """Take all pairs of the search: without an identity, the threshold is another one.

        Args:
            pairs: Of all rows.
            mates: Shape (rows,): number of genuine pairs of each.
            cells: Shape (rows,).
            far: False accept rates.
        """
        n_cells, n_identities = self._totals[RANKED[0]].shape
        shares = np.divide(1.0, mates, out=np.zeros(len(mates)), where=mates > 0)
        for rate in far:
            changes = np.zeros((n_cells, n_identities))
            for identity, rows, sign in pairs.changes_without(n_identities, rate):
                total = np.bincount(cells[rows], weights=shares[rows], minlength=n_cells)
                changes[:, identity] = sign * total
            self._totals[tar_column(rate)] = changes

    def columns(self, cells: Codes64, identities: Codes64) -> dict[str, Doubles]:
        """Return columns for rows of scores: an identity's change, an equal share for each of its rows.

        An identity without a row in a cell is left out: it is a fixed part of the gallery.

        Args:
            cells: Shape (rows,).
            identities: Shape (rows,).
        """
        shape = self._totals[RANKED[0]].shape
        place = np.ravel_multi_index((cells, identities), shape)
        rows = np.bincount(place, minlength=shape[0] * shape[1])
        return {
            influence_column(quantity): total.ravel()[place] / rows[place]
            for quantity, total in self._totals.items()
        }
