"""What every identity does as gallery: how far metrics would change if others were not compared with it.

Whoever is tested stands in the gallery too, and with other people the probes would meet other impostors.
To first order, what a person adds there is minus this change, less the mean over people. Of it, what two
people do together would count for both: random signs of pairs keep how much that is. docs/statistics.md
derives both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Doubles
from gaitbench.core.random_streams import stream
from gaitbench.evaluation.ranking import MateOrder
from gaitbench.evaluation.verification import Pairs, tar_column

RANKS = (1, 5, 10, 20)
RANKED = (*(f"rank_{k}" for k in RANKS), "ap", "inp")
"""What follows from the order of a probe's gallery; the order of `changes_without`."""

Codes64 = npt.NDArray[np.int64]


def influence_column(quantity: str) -> str:
    """Return the name of the column of scores that holds it, of "rank_1", "ap" or "tar_far_0.01"."""
    return f"as_gallery_{quantity}"


def pairs_column(quantity: str) -> str:
    """Return the name of the column of scores that holds what pairs of people do, with random signs."""
    return f"in_pairs_{quantity}"


def no_influence(n_rows: int, far: Sequence[float]) -> dict[str, Doubles]:
    """Return the columns of `GalleryInfluence.columns`, all NaN: where nothing was added up."""
    quantities = (*RANKED, *map(tar_column, far))
    columns = [name(q) for q in quantities for name in (influence_column, pairs_column)]
    return {column: np.full(n_rows, np.nan) for column in columns}


def pair_signs(first: Codes64, second: Codes64, n_identities: int) -> Doubles:
    """Return 1 or -1 for pairs of identities, the same in both orders; of one person they are independent.

    Args:
        first: Codes of identities.
        second: Likewise, broadcast against `first`.
        n_identities: Number of codes.
    """
    chosen: Doubles = _signs(n_identities)[(first + second) % n_identities]
    return chosen


@lru_cache(maxsize=16)
def _signs(n: int) -> Doubles:
    return stream(0, "signs of pairs of people", n).choice([-1.0, 1.0], n)


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


@dataclass(frozen=True, eq=False)
class _Sums:
    """Of one quantity in every cell of a search, shape (cells, identities) each.

    Args:
        without: Over all probes: how far they change without the entries of each identity.
        of_tested: The same over the probes and the entries of each identity together, of those tested.
        signed: As `of_tested`, each pair of people with its sign.
    """

    without: Doubles
    of_tested: Doubles
    signed: Doubles

    @classmethod
    def none(cls, n_cells: int, n_identities: int) -> "_Sums":
        return cls(*np.zeros((3, n_cells, n_identities)))

    def add(
        self, cells: Codes64, own: Codes64, other: Codes64, changes: Doubles, tested: Bools
    ) -> None:
        """Take the changes (n,) of probes of the identities `own` without the entries of `other`."""
        size = self.without.shape[1]
        as_gallery = cells * size + other
        _add(self.without, as_gallery, changes)
        # Who is never probed is a fixed part of the gallery.
        counts = tested[other] & (own != other)
        as_probe, as_gallery = cells[counts] * size + own[counts], as_gallery[counts]
        changes = changes[counts]
        signed = changes * pair_signs(own[counts], other[counts], size)
        for total, values in ((self.of_tested, changes), (self.signed, signed)):
            _add(total, as_probe, values)
            _add(total, as_gallery, values)

    def in_pairs(self, people: Codes64, signs: Doubles) -> Doubles:
        """Return what each identity does together with every other one, with random signs.

        With H(i, j) what either of two people does as gallery of the other, that is the sum over j of
        ε(i, j) (H(i, j) − a(i) − a(j)), where a fits all H of the cell best: what one does to everybody is
        not between two.

        Args:
            people: Those tested, (n,).
            signs: Of their pairs, (n, n), with a diagonal of 0.
        """
        n, found = len(people), np.zeros_like(self.signed)
        if n < 3:
            return found
        totals = self.of_tested[:, people]
        alone = (totals - totals.sum(axis=1, keepdims=True) / (2 * (n - 1))) / (n - 2)
        found[:, people] = self.signed[:, people] - alone * signs.sum(axis=0) - alone @ signs
        return found


def _add(total: Doubles, place: Codes64, values: Doubles) -> None:
    total += np.bincount(place, weights=values, minlength=total.size).reshape(total.shape)


class GalleryInfluence:
    """Adds up what every identity does as gallery, in every cell of a search.

    Args:
        n_cells: Of the search: one, or one per probe view and gallery view.
        tested: Shape (identities,): which of those of probes and gallery are probed in the search.
    """

    def __init__(self, n_cells: int, tested: Bools) -> None:
        self._tested = tested
        self._shape = (n_cells, len(tested))
        self._sums = {quantity: _Sums.none(*self._shape) for quantity in RANKED}

    def add(
        self, order: MateOrder, gallery_ids: Codes64, probe_ids: Codes64, cells: Codes64
    ) -> None:
        """Take probes against the entries that are ranked for them.

        Args:
            order: Of the probes' mates among these entries.
            gallery_ids: Identities of the entries.
            probe_ids: Shape (n_probes,).
            cells: Shape (n_probes,).
        """
        probes, identities, changes = changes_without(
            order, gallery_ids[order.columns], self._shape[1]
        )
        for quantity, change in zip(RANKED, changes, strict=True):
            moved = np.flatnonzero(change)
            row = probes[moved]
            self._sums[quantity].add(
                cells[row], probe_ids[row], identities[moved], change[moved], self._tested
            )

    def add_verification(
        self,
        pairs: Pairs,
        mates: Codes64,
        probe_ids: Codes64,
        cells: Codes64,
        far: Sequence[float],
    ) -> None:
        """Take all pairs of the search: without an identity, the threshold is another one.

        Args:
            pairs: Of all rows.
            mates: Shape (rows,): number of genuine pairs of each.
            probe_ids: Shape (rows,).
            cells: Shape (rows,).
            far: False accept rates.
        """
        shares = np.divide(1.0, mates, out=np.zeros(len(mates)), where=mates > 0)
        for rate in far:
            sums = self._sums[tar_column(rate)] = _Sums.none(*self._shape)
            changed = list(pairs.changes_without(self._shape[1], rate))
            if not changed:
                continue
            rows = np.concatenate([rows for _, rows, _ in changed])
            n_rows = [len(rows) for _, rows, _ in changed]
            other = np.repeat([identity for identity, _, _ in changed], n_rows)
            signs = np.repeat([sign for _, _, sign in changed], n_rows)
            sums.add(cells[rows], probe_ids[rows], other, signs * shares[rows], self._tested)

    def columns(self, cells: Codes64, identities: Codes64) -> dict[str, Doubles]:
        """Return columns for rows of scores: what an identity does, an equal share for each of its rows.

        An identity without a row in a cell is left out: it is a fixed part of the gallery.

        Args:
            cells: Shape (rows,).
            identities: Shape (rows,).
        """
        place = np.ravel_multi_index((cells, identities), self._shape)
        rows = np.bincount(place, minlength=self._shape[0] * self._shape[1])[place]
        people = np.flatnonzero(self._tested)
        signs = pair_signs(people[:, None], people, self._shape[1])
        np.fill_diagonal(signs, 0.0)
        columns = {}
        for quantity, sums in self._sums.items():
            columns[influence_column(quantity)] = sums.without.ravel()[place] / rows
            columns[pairs_column(quantity)] = sums.in_pairs(people, signs).ravel()[place] / rows
        return columns
