"""What every identity does as gallery: how far metrics would change if others were not compared with it.

Whoever is tested stands in the gallery too, and with other people the probes would meet other impostors. To
first order, what a person adds there is minus this change, less the mean over people (docs/statistics.md).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Doubles
from gaitbench.evaluation.ranking import MateOrder
from gaitbench.evaluation.verification import Pairs, tar_column

RANKS = (1, 5, 10, 20)
RANKED = (*(f"rank_{k}" for k in RANKS), "ap", "inp")
"""What follows from the order of a probe's gallery; the order of `changes_without`."""

Codes64 = npt.NDArray[np.int64]


def influence_column(quantity: str) -> str:
    """Return the name of the column of scores that holds it, of "rank_1", "ap" or "tar_far_0.01"."""
    return f"as_gallery_{quantity}"


def no_influence(n_rows: int, far: Sequence[float]) -> dict[str, Doubles]:
    """Return the columns of `GalleryInfluence.columns`, all NaN: where nothing was added up."""
    quantities = (*RANKED, *map(tar_column, far))
    return {influence_column(q): np.full(n_rows, np.nan) for q in quantities}


def changes_without(
    order: MateOrder, identities: Codes64, n_identities: int
) -> tuple[Codes64, Codes64, Doubles]:
    """Return how far the values of probes would change without the entries of one identity, for each.

    Args:
        order: Of the probes' mates.
        identities: Shape (q,): of the impostors that it holds, codes from 0.
        n_identities: Number of codes.

    Returns:
        Probe and identity of every pair in which something may change, (pairs,) each, in rising order; the
        changes of `RANKED`, (len(RANKED), pairs), none below 0.
    """
    n, k = order.mates.shape
    place = order.rows * n_identities + identities
    is_near = np.zeros(n * n_identities, np.bool_)
    is_near[place] = True
    pairs = np.flatnonzero(is_near)
    number = np.empty(n * n_identities, np.int64)
    number[pairs] = np.arange(len(pairs))
    probes, near = np.divmod(pairs, n_identities)
    # Entries of each identity in front of each mate.
    counts = np.bincount(number[place] * k + order.mates_before, minlength=len(pairs) * k)
    ranks = order.ranks[probes]
    without = ranks - counts.reshape(-1, k).cumsum(axis=1)
    (first, ap, inp), (new_first, new_ap, new_inp) = (
        order.of_ranks(r, probes) for r in (ranks, without)
    )
    changes = [(new_first <= rank).astype(np.float64) - (first <= rank) for rank in RANKS]
    return probes, near, np.array([*changes, new_ap - ap, new_inp - inp])


class GalleryInfluence:
    """Adds up what every identity does as gallery, in every cell of a search.

    Args:
        n_cells: Of the search: one, or one per probe view and gallery view.
        n_identities: Of probes and gallery together.
    """

    def __init__(self, n_cells: int, n_identities: int) -> None:
        self._totals = {q: np.zeros((n_cells, n_identities)) for q in RANKED}

    def add(self, order: MateOrder, gallery_ids: Codes64, cells: Codes64) -> None:
        """Take probes against the entries that are ranked for them.

        Args:
            order: Of the probes' mates among these entries.
            gallery_ids: Identities of the entries.
            cells: Shape (n_probes,).
        """
        n_cells, n_identities = self._totals[RANKED[0]].shape
        probes, identities, changes = changes_without(
            order, gallery_ids[order.columns], n_identities
        )
        place = cells[probes] * n_identities + identities
        for quantity, change in zip(RANKED, changes, strict=True):
            total = np.bincount(place, weights=change, minlength=n_cells * n_identities)
            self._totals[quantity] += total.reshape(n_cells, n_identities)

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
