"""From rows of scores to sums per identity, of which every number of a table and its interval are made.

In a pooled search every probe counts the same. In one by view, every cell (a probe view met with a
gallery view) counts the same, and in a cell every probe; every search counts the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gaitbench.core.arrays import Bools, Doubles, Integers, pd, rows_where
from gaitbench.core.errors import ProtocolError
from gaitbench.data.rules import Rules
from gaitbench.evaluation.gallery_influence import influence_column, pairs_column
from gaitbench.evaluation.metrics.base import Metric, NoMate
from gaitbench.statistics.identity_sums import IdentitySums


@dataclass(frozen=True, eq=False)
class CountedRows:
    """Rows of scores and where each is averaged.

    Args:
        rows: Of `score_probes`, of some searches.
        no_mate: What becomes of probes without a mate, see `NoMate`.
        has_mate: Shape (rows,).
        identities: Shape (rows,): codes from 0, in the order of the names.
        cells: Shape (rows,): codes from 0.
        places: Of each cell: position of the search, probe view, gallery view ("" where views are pooled).
    """

    rows: pd.DataFrame
    no_mate: NoMate
    has_mate: Bools
    identities: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]
    places: tuple[tuple[int, str, str], ...]

    @classmethod
    def of(
        cls,
        scores: pd.DataFrame,
        rules: Rules,
        *,
        no_mate: NoMate = "drop",
        searches: Sequence[str] | None = None,
    ) -> CountedRows:
        """Return the rows of some searches.

        Args:
            scores: Rows of `score_probes`.
            rules: That they were made with.
            no_mate: See `NoMate`.
            searches: Names; the headline searches by default.

        Raises:
            ProtocolError: If the scores lack a search, or in one of them no probe has a mate.
        """
        names = searches or [search.name for search in rules.searches if search.headline]
        rows = (
            scores if set(scores["search"].unique()) == set(names) else _of_searches(scores, names)
        )
        search = pd.Categorical(rows["search"], categories=list(names)).codes
        gallery_view = rows["gallery_view"].astype(str).to_numpy()
        view = np.where(gallery_view != "", rows["view"].astype(str).to_numpy(), "")
        if (gallery_view == "").all():
            # One cell per search: spares sorting all places.
            cells = search.astype(np.int64)
            places = tuple((position, "", "") for position in range(len(names)))
        else:
            index = pd.MultiIndex.from_arrays([search, view, gallery_view])
            codes, triples = pd.factorize(index, sort=True)
            cells = codes.astype(np.int64)
            places = tuple((int(s), str(v), str(g)) for s, v, g in triples)
        identities, _ = pd.factorize(rows["identity"].astype(str), sort=True)
        counted = cls(
            rows,
            no_mate,
            (rows["mates"] > 0).to_numpy(),
            identities.astype(np.int64),
            cells,
            places,
        )
        counted.check_mates(names)
        return counted

    def check_mates(self, names: Sequence[str]) -> None:
        """Check that in every search some probe has a mate.

        Raises:
            ProtocolError: If in one nobody has.
        """
        searches = {self.places[cell][0] for cell in np.unique(self.cells[self.has_mate])}
        for position, name in enumerate(names):
            if position not in searches:
                n_probes = self.rows.loc[self.rows["search"] == name, "probe"].nunique()
                raise ProtocolError(
                    f"None of {n_probes} probes of search {name!r} has a mate in its gallery, so there is "
                    "nothing to average. Compare probes and gallery of the same identities."
                )

    @property
    def _searches(self) -> npt.NDArray[np.int64]:
        return np.array([search for search, _, _ in self.places], np.int64)

    def _counted(self, metric: Metric) -> Bools:
        """Return which rows count: those with a mate, or all of a cell in which some probe has one."""
        if not metric.counts_without_mate(self.no_mate):
            return self.has_mate
        cell_has_mate: Bools = np.zeros(len(self.places), np.bool_)
        cell_has_mate[self.cells[self.has_mate]] = True
        return cell_has_mate[self.cells]

    def _sums(self, values: Doubles, counted: Bools, influence: str = "") -> IdentitySums:
        return IdentitySums.of_rows(
            values,
            counted,
            self.identities,
            self.cells,
            self._searches,
            n_identities=int(self.identities.max()) + 1,
            as_gallery=self._held(influence_column(influence)),
            in_pairs=self._held(pairs_column(influence)),
        )

    def _held(self, column: str) -> Doubles | None:
        return self.rows[column].to_numpy(np.float64) if column in self.rows else None

    def sums(self, metric: Metric) -> IdentitySums:
        """Return what every identity adds to a metric, as probe and, where scores hold it, as gallery.

        Cells in which nothing counts are left out.

        Raises:
            PluginError: If the metric of a plug-in fails.
            ProtocolError: If it is not a finite number where it counts.
        """
        return self._sums(metric.values(self.rows), self._counted(metric), metric.influence)

    def value(self, metric: Metric) -> float:
        """Return the metric: the one number of a table; NaN where it is undefined for what counts."""
        values, counted = metric.values(self.rows), self._counted(metric)
        if np.isnan(values[counted]).any():
            return float("nan")
        return float(self._sums(values, counted).metric())

    def chance(self, metric: Metric) -> float | None:
        """Return what a random ranking would give the probes that the metric counts; None if unknown."""
        expected = metric.chances(self.rows)
        return (
            None
            if expected is None
            else float(self._sums(expected, self._counted(metric)).metric())
        )

    def by_search(self, metric: Metric) -> list[float]:
        """Return the metric of each search by itself; NaN where it is undefined for what counts."""
        counted = self._counted(metric)
        values, cells = metric.values(self.rows)[counted], self.cells[counted]
        counts = np.bincount(cells, minlength=len(self.places))
        totals = np.bincount(cells, weights=values, minlength=len(self.places))
        compared = counts > 0
        means, searches = totals[compared] / counts[compared], self._searches[compared]
        n_cells = np.bincount(searches)
        return [float(total) for total in np.bincount(searches, weights=means) / n_cells]

    def by_cell(self, metric: Metric) -> dict[tuple[str, str], float]:
        """Return a metric of one search by probe view and gallery view, cell by cell."""
        counted = self._counted(metric)
        values = metric.values(self.rows)[counted]
        cells, n_cells = self.cells[counted], len(self.places)
        counts = np.bincount(cells, minlength=n_cells)
        sums = np.bincount(cells, weights=values, minlength=n_cells)
        return {
            (view, gallery_view): float(total / count)
            for (_, view, gallery_view), total, count in zip(self.places, sums, counts, strict=True)
            if count
        }

    @property
    def counts(self) -> dict[str, float]:
        """Numbers of probes (each counted once), of those without a mate, and gallery entries per probe."""
        rows, mates, entries = self._by_search_and_probe
        return {
            "n_probes": float(rows.shape[1]),
            "n_without_mate": float(((rows > 0) & (mates == 0)).any(axis=0).sum()),
            "n_gallery": float(entries.mean()),
        }

    @property
    def counts_by_search(self) -> list[dict[str, float]]:
        """The same numbers of each search by itself."""
        return [
            {
                "n_probes": float((rows > 0).sum()),
                "n_without_mate": float(((rows > 0) & (mates == 0)).sum()),
                "n_gallery": float(entries),
            }
            for rows, mates, entries in zip(*self._by_search_and_probe, strict=True)
        ]

    @cached_property
    def _by_search_and_probe(self) -> tuple[Integers, Integers | Doubles, Doubles]:
        """Rows and mates, (searches, probes) each, and gallery entries per row, (searches,)."""
        probes, positions = np.unique(self.rows["probe"].to_numpy(), return_inverse=True)
        search = self._searches[self.cells]
        shape = (int(search.max()) + 1, len(probes))
        place = np.ravel_multi_index((search, positions), shape)
        rows = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
        mates = np.bincount(place, self.rows["mates"].to_numpy(), shape[0] * shape[1])
        entries = np.bincount(search, self.rows["gallery"].to_numpy()) / np.bincount(search)
        return rows, mates.reshape(shape), entries


def _of_searches(scores: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    absent = [name for name in names if name not in set(scores["search"])]
    if absent:
        searches = ", ".join(sorted(set(scores["search"])))
        raise ProtocolError(
            f"The scores hold no search {absent[0]!r}, but {searches}: they were made with other rules. "
            "Remove them from the store to make them again."
        )
    return rows_where(scores, scores["search"].isin(list(names)).to_numpy())


def view_matrix(counted: CountedRows, metric: Metric) -> pd.DataFrame:
    """Return a metric for every cell of a search by view.

    Args:
        counted: Rows of one search by view.
        metric: Of every cell.

    Returns:
        Probe views as rows and gallery views as columns, both sorted; NaN where nothing was compared.
        Evaluators that round each cell before averaging are reproduced by rounding this.

    Source: OpenGait's single_view_gallery_evaluation, without its rounding to two decimals.
    """
    matrix = pd.Series(counted.by_cell(metric), dtype=float).unstack()
    return matrix.reindex(
        index=sorted(counted.rows["view"].astype(str).unique()),
        columns=sorted(counted.rows["gallery_view"].astype(str).unique()),
    ).rename_axis(index="probe_view", columns="gallery_view")


def probe_views(counted: CountedRows, metric: Metric) -> dict[str, float]:
    """Return a metric for every probe view of one search by view, sorted: the mean over gallery views.

    A view whose probes have no mate is left out.
    """
    by_view: dict[str, list[float]] = {}
    for (view, _), value in sorted(counted.by_cell(metric).items()):
        by_view.setdefault(view, []).append(value)
    return {view: float(np.mean(values)) for view, values in by_view.items()}
