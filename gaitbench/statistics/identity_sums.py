"""From one row per probe to sums per identity: all that resampling and permuting identities needs.

A metric is a mean over the probes of a cell, then over the cells of a search, then over the searches.
With the sums of every identity in every cell, that number for any choice of identities is a ratio of
two matrix products, and the probes are never looked at again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Doubles, Integers
from gaitbench.core.errors import ProtocolError


@dataclass(frozen=True, eq=False)
class IdentitySums:
    """What every identity adds to a metric.

    Args:
        sums: Shape (..., identities, cells): the sum of the metric over the identity's counted probes, and
            what it adds as gallery, which is 0 over all identities. Leading axes are whatever is evaluated
            on the same probes: conditions, seeds, draws.
        counts: Shape (identities, cells): the number of those probes. Every cell has at least one.
        searches: Shape (cells,): the search that each cell belongs to, as codes from 0.
        in_pairs: Shape of `sums`: what of it each identity does together with every other one, with random
            signs: half of the sum of squares would otherwise be counted twice. None if unknown.
    """

    sums: Doubles
    counts: Doubles
    searches: npt.NDArray[np.int64]
    in_pairs: Doubles | None = None

    @classmethod
    def of_rows(
        cls,
        values: npt.NDArray[np.generic],
        counted: Bools,
        identities: Integers,
        cells: Integers,
        cell_searches: Integers,
        *,
        n_identities: int | None = None,
        as_gallery: Doubles | None = None,
        in_pairs: Doubles | None = None,
    ) -> "IdentitySums":
        """Add up the rows of every identity in every cell.

        Which rows count follows from the rule for probes without a mate: "drop" counts rows with a mate;
        "miss" counts all rows of cells in which some probe has a mate, with the value 0 where there is
        none. Cells in which nothing counts are left out.

        Args:
            values: Shape (..., rows); not read where a row does not count.
            counted: Shape (rows,).
            identities: Shape (rows,), codes from 0.
            cells: Shape (rows,), codes from 0: a pooled search is one cell, in a search by view each
                pair of views is one.
            cell_searches: Shape (cells,): the search of each cell, codes from 0. Every search counts the
                same, and in it every cell.
            n_identities: How many identities the codes number, so that several metrics share one
                resampling even where the last identity counts in some of them only.
            as_gallery: Shape (rows,), read of all rows: their sum over an identity in a cell is what the
                sum of the metric over the cell would change without the identity's gallery entries.
            in_pairs: Shape (rows,), likewise: their sum over an identity in a cell, see `in_pairs` above.

        Raises:
            ProtocolError: If lengths differ, nothing counts, or a counted value is not finite.
        """
        _check_rows(values, counted, identities, cells)
        size = int(identities.max()) + 1 if n_identities is None else n_identities
        shape = (size, len(cell_searches))
        place = np.ravel_multi_index((identities[counted], cells[counted]), shape)
        read = values[..., counted].astype(np.float64)
        flat = read.reshape(-1, read.shape[-1])
        if not np.isfinite(flat).all():
            row = np.flatnonzero(counted)[np.argwhere(~np.isfinite(flat))[0, 1]]
            raise ProtocolError(
                f"Row {row} counts, but its value is not a finite number. Do not count it, or give a "
                "probe without a mate the value 0."
            )
        n_places = shape[0] * shape[1]
        sums = [np.bincount(place, weights=row_values, minlength=n_places) for row_values in flat]
        counts = np.bincount(place, minlength=n_places).reshape(shape).astype(np.float64)
        has_rows = counts.any(axis=0)
        by_identity = np.reshape(sums, (*values.shape[:-1], *shape))

        def total(column: Doubles) -> Doubles:
            every = np.ravel_multi_index((identities, cells), shape)
            return np.bincount(every, column, n_places).reshape(shape).astype(np.float64)

        if as_gallery is not None:
            without = total(as_gallery)
            # Another person would stand there instead, and take as much on average.
            by_identity = by_identity - (without - without.mean(axis=0))
        return cls(
            by_identity[..., has_rows],
            counts[:, has_rows],
            np.asarray(cell_searches, np.int64)[has_rows],
            None
            if in_pairs is None
            else np.broadcast_to(total(in_pairs), by_identity.shape)[..., has_rows],
        )

    @classmethod
    def together(
        cls, every: Sequence["IdentitySums"], *, same_probes: bool = True
    ) -> "IdentitySums":
        """Return several evaluations of the same people as one, stacked along a first axis.

        Args:
            every: Without leading axes.
            same_probes: Whether all must count the same probes. If not, counts that differ are replaced by
                their mean, and sums by what has the same metric and, to first order, the same effect of
                every identity: a cell's mean times the mean count, and the identity's deviation from it in
                proportion.

        Raises:
            ProtocolError: If they count other probes, or probes of other cells.
        """
        first = every[0]
        counts = np.stack([s.counts for s in every if s.counts.shape == first.counts.shape])
        searches = all(np.array_equal(s.searches, first.searches) for s in every)
        if len(counts) < len(every) or not searches:
            raise ProtocolError("its evaluations do not count the same probes")
        sums = np.stack([s.sums for s in every])
        known = [s.in_pairs for s in every if s.in_pairs is not None]
        in_pairs = np.stack(known) if len(known) == len(every) else None
        if (counts == first.counts).all():
            return cls(sums, first.counts, first.searches, in_pairs)
        if same_probes:
            raise ProtocolError("its evaluations do not count the same probes")
        common, in_cell = counts.mean(axis=0), counts.sum(axis=1, keepdims=True)
        mean = sums.sum(axis=1, keepdims=True) / in_cell
        scale = common.sum(axis=0) / in_cell
        put = mean * common + (sums - mean * counts) * scale
        return cls(put, common, first.searches, None if in_pairs is None else in_pairs * scale)

    @property
    def n_identities(self) -> int:
        """Number of identities, those included that count nowhere."""
        return len(self.counts)

    @property
    def weights(self) -> Doubles:
        """Shape (cells,): the share of each cell in the metric; they add up to 1."""
        cells_of_search = np.bincount(self.searches)
        n_searches = np.count_nonzero(cells_of_search)
        weights: Doubles = 1 / (n_searches * cells_of_search[self.searches])
        return weights

    def mean(self, axis: int) -> "IdentitySums":
        """Return the mean over a leading axis of `sums`, for example over the draws of each seed."""
        if not 0 <= axis < self.sums.ndim - 2:
            raise ProtocolError(
                f"Axis {axis} is not one of the {self.sums.ndim - 2} leading axes of sums with the "
                f"shape {self.sums.shape}; the last two are identities and cells."
            )
        return self._changed(lambda sums: sums.mean(axis=axis))

    def reshaped(self, *leading: int) -> "IdentitySums":
        """Return the same with other leading axes."""
        return self._changed(lambda sums: sums.reshape(*leading, *sums.shape[-2:]))

    def _changed(self, change: Callable[[Doubles], Doubles]) -> "IdentitySums":
        in_pairs = None if self.in_pairs is None else change(self.in_pairs)
        return IdentitySums(change(self.sums), self.counts, self.searches, in_pairs)

    def metric(self) -> Doubles:
        """Return the metric, shape (...)."""
        return mean_over_cells(self.sums.sum(axis=-2), self.counts.sum(axis=0), self.searches)

    def contributions(self) -> Doubles:
        """Return every identity's share of the metric, shape (..., identities); they add up to it."""
        contributions: Doubles = self.sums @ (self.weights / self.counts.sum(axis=0))
        return contributions

    def pair_effects(self) -> Doubles:
        """Return what each identity does to the metric together with every other one, with random signs.

        Shape (..., identities); half of the sum of squares is the variance of the metric that samples of
        identities have from pairs. 0 where that is unknown.
        """
        if self.in_pairs is None:
            return np.zeros(self.sums.shape[:-1])
        effects: Doubles = self.in_pairs @ (self.weights / self.counts.sum(axis=0))
        return effects

    def influence(self) -> Doubles:
        """Return the linear effect of every identity on the metric, shape (..., identities).

        This is its contribution less that of equally many average probes. The sum over the identities
        is 0; the sum of squares is the variance of the metric over samples of identities, with that of
        pairs counted twice.
        """
        per_probe = self.weights / self.counts.sum(axis=0)
        means = self.sums.sum(axis=-2) * per_probe
        expected = (means / self.counts.sum(axis=0)) @ self.counts.T
        influence: Doubles = self.contributions() - expected
        return influence


def mean_over_cells(sums: Doubles, counts: Doubles, searches: npt.NDArray[np.int64]) -> Doubles:
    """Return the mean over the probes of each cell, then over cells, then over searches.

    A cell without probes is left out of its search, and a search without cells out of the mean.

    Args:
        sums: Shape (..., cells).
        counts: Broadcast against `sums`.
        searches: Shape (cells,).

    Returns:
        Shape (...); NaN where every cell is empty.
    """
    has_probes = counts > 0
    means = np.divide(
        sums,
        counts,
        out=np.zeros(np.broadcast_shapes(sums.shape, counts.shape)),
        where=np.broadcast_to(has_probes, np.broadcast_shapes(sums.shape, counts.shape)),
    )
    in_search = (searches[:, None] == np.unique(searches)).astype(np.float64)
    n_cells = has_probes @ in_search
    by_search = (means @ in_search) / np.maximum(n_cells, 1)
    n_searches = np.count_nonzero(n_cells, axis=-1)
    total = by_search.sum(axis=-1)
    mean: Doubles = np.where(n_searches > 0, total / np.maximum(n_searches, 1), np.nan)
    return mean


def _check_rows(
    values: npt.NDArray[np.generic], counted: Bools, identities: Integers, cells: Integers
) -> None:
    lengths = {values.shape[-1], len(counted), len(identities), len(cells)}
    if len(lengths) != 1:
        raise ProtocolError(
            f"{values.shape[-1]} values, {len(counted)} marks of what counts, {len(identities)} "
            f"identities and {len(cells)} cells: there must be one of each per row."
        )
    if not counted.any():
        raise ProtocolError(
            f"None of {len(counted)} rows counts, so there is nothing to average. Compare probes and "
            "gallery of the same identities."
        )
