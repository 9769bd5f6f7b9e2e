"""The setting audit: every method trained and tested under each setting, and crossed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.results.estimates import Comparison, estimate, mark_ties
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.names import listed
from gaitbench.results.per_seed import measured, seeds_of, summarise
from gaitbench.results.places import HOLISTIC, Place, places, table_names, titles, values_of, where
from gaitbench.results.table import Better, Cell, Column, Missing, Row, Table, Unit
from gaitbench.statistics.agreement import kendall_tau
from gaitbench.statistics.intervals import Unavailable, ends

METRIC = "rank_1"
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Audit:
    """The audit's evaluations on one test set with one backbone.

    Args:
        results: They are from.
        name: Of its tables.
        place: Where they were trained and tested.
        cells: All of them, whole clips included.
    """

    results: Results
    name: str
    place: Place
    cells: pd.DataFrame

    @property
    def settings(self) -> list[str]:
        """Names of the settings, in their order."""
        return values_of(self.cells[self.cells["test"] != HOLISTIC], "setting")

    @property
    def crossed(self) -> pd.DataFrame:
        """The evaluations of methods that trained on occluded clips, on occluded clips."""
        return self.cells[(self.cells["trained"] != "") & (self.cells["test"] != HOLISTIC)]

    @property
    def methods(self) -> dict[str, str]:
        """Names and titles of those methods."""
        return titles(self.crossed)

    def evaluations(self, method: str, trained: str, setting: str) -> pd.DataFrame:
        """Return the evaluations of a method under a pair of settings."""
        return where(self.crossed, method=method, trained=trained, setting=setting)

    @cached_property
    def grid(self) -> Doubles | None:
        """Rank-1, shape (methods, training settings, test settings); None if one is missing."""
        seeds = seeds_of(self.crossed)
        found = [
            summarise(measured(self.evaluations(m, s, t), METRIC, seeds)).value
            for m in self.methods
            for s in self.settings
            for t in self.settings
        ]
        if not found or None in found:
            return None
        return np.array(found, dtype=float).reshape(self._shape)

    @cached_property
    def resampled(self) -> Doubles | None:
        """The grid on every resample of identities and seeds, shape (n, …); None if there are none."""
        uncertainty, parts = self.results.uncertainty, []
        for m in self.methods:
            for s in self.settings:
                for t in self.settings:
                    found = uncertainty.per_seed(self.evaluations(m, s, t), METRIC)
                    if isinstance(found, Unavailable) or not uncertainty.enough(found):
                        return None
                    parts.append(uncertainty.combined(found))
        return np.stack(parts, axis=1).reshape(-1, *self._shape) if parts else None

    @property
    def _shape(self) -> tuple[int, int, int]:
        return len(self.methods), len(self.settings), len(self.settings)


def audits(results: Results) -> list[Audit]:
    """Return the audit of every place."""
    cells = results.of("audit")
    found = places(cells)
    names = table_names("audit", [(p.title,) for p in found])
    return [Audit(results, n, p, p.of(cells)) for n, p in zip(names, found, strict=True)]


def audit_tables(results: Results) -> list[Table]:
    """Return, per place, the crossed table and what its differences come from."""
    return [
        build(audit)
        for audit in audits(results)
        for build in (_crossed_table, *([_sources_table] if audit.methods else []))
    ]


def _crossed_table(audit: Audit) -> Table:
    results, seeds = audit.results, seeds_of(audit.cells)
    columns = [
        Column("Trained under"),
        Column("Method"),
        *(Column(s, "Rank-1, tested under", Unit.PERCENT, Better.HIGHER) for s in audit.settings),
        Column("Whole clips", "", Unit.PERCENT, Better.HIGHER),
    ]
    rows: list[Row] = []
    entrants: list[dict[int, pd.DataFrame]] = [{} for _ in range(len(audit.settings) + 1)]
    for trained, method, title, first in _row_labels(audit):
        mine = where(audit.cells, method=method, trained=trained)
        tests = [where(mine[mine["test"] != HOLISTIC], setting=s) for s in audit.settings]
        tests.append(where(mine, test=HOLISTIC))
        for column, cells in zip(entrants, tests, strict=True):
            column[len(rows)] = cells
        label = Cell((trained or "whole clips") if first else "")
        values = [estimate(results, cells, METRIC, seeds) for cells in tests]
        rows.append(Row((label, Cell(title), *values), trained or None, first and bool(rows)))
    comparisons = [Comparison((2 + j,), METRIC, column) for j, column in enumerate(entrants)]
    done, tests_line = mark_ties(results, rows, columns, comparisons)
    return Table(
        name=audit.name,
        title=f"Setting audit, {audit.place.title}",
        columns=tuple(columns),
        rows=done,
        footer=footer(
            results,
            audit.cells,
            "Rank-1 in percent. Every method trained on the training clips of each setting, with the same "
            "steps and half of the clips occluded in every setting, and tested on the test clips of each. "
            "Bold: best of the rows with the same training setting. Baseline-1 sees whole clips alone and "
            "does not compete.",
            tests_line,
            intervals=METRIC,
        ),
    )


def _row_labels(audit: Audit) -> Iterator[tuple[str, str, str, bool]]:
    """Yield training setting, method, title, and whether the row is the first of its setting."""
    for trained in ["", *audit.settings]:
        mine = where(audit.cells, trained=trained)
        for i, (method, title) in enumerate(titles(mine).items()):
            yield trained, method, title, i == 0


@dataclass(frozen=True)
class Source:
    """Something that moves Rank-1.

    Args:
        title: As printed.
        axes: Of the grid (0 methods, 1 training settings, 2 test settings) that it varies.
        words: For a sentence: "changing … ".
    """

    title: str
    axes: tuple[int, ...]
    words: str = ""


SOURCES = (
    Source("Method", (0,), "the method"),
    Source("Training setting", (1,), "the setting of the training clips"),
    Source("Test setting", (2,), "the setting of the test clips"),
    Source("Method × training setting", (0, 1)),
    Source("Method × test setting", (0, 2)),
    Source("Training × test setting", (1, 2)),
    Source("All three together", (0, 1, 2)),
)


def effect(grid: Doubles, axes: tuple[int, ...]) -> Doubles:
    """Return what a source adds to the mean, everything that fewer axes explain taken off.

    Args:
        grid: Shape (..., methods, training settings, test settings).
        axes: Of the last three.

    Returns:
        The effect of the analysis of variance, with length 1 on the other axes.
    """
    total = np.zeros_like(grid)
    # Inclusion and exclusion over the subsets of the source's axes.
    for chosen in range(1 << len(axes)):
        kept = {axis for i, axis in enumerate(axes) if chosen >> i & 1}
        others = tuple(axis - 3 for axis in range(3) if axis not in kept)
        sign = -1 if (len(axes) - len(kept)) % 2 else 1
        total = total + sign * grid.mean(axis=others, keepdims=True)
    over = tuple(axis - 3 for axis in range(3) if axis not in axes)
    found: Doubles = total.mean(axis=over, keepdims=True)
    return found


def effect_range(grid: Doubles, axis: int) -> Doubles:
    """Return the largest less the smallest marginal mean of one axis, shape (...)."""
    others = tuple(a - 3 for a in range(3) if a != axis)
    means = grid.mean(axis=others)
    found: Doubles = means.max(axis=-1) - means.min(axis=-1)
    return found


def effect_shares(grid: Doubles) -> Doubles:
    """Return the share of each of `SOURCES` in the variation of the grid, shape (..., sources)."""
    squares = [(effect(grid, source.axes) ** 2).mean(axis=(-1, -2, -3)) for source in SOURCES]
    stacked = np.stack(squares, axis=-1)
    total = stacked.sum(axis=-1, keepdims=True)
    found: Doubles = np.divide(stacked, total, out=np.zeros_like(stacked), where=total > 0)
    return found


def _sources_table(audit: Audit) -> Table:
    columns = (
        Column("What is changed"),
        Column("Range of means", "Rank-1", Unit.PERCENT),
        Column("Share of the variation", "", Unit.PERCENT),
    )
    rows = [
        Row((Cell(source.title), *_source_cells(audit, i)), contest=None)
        for i, source in enumerate(SOURCES)
    ]
    return Table(
        name=f"{audit.name}-sources",
        title=f"What differences in Rank-1 come from, {audit.place.title}",
        columns=columns,
        rows=tuple(rows),
        footer=(
            "Of the methods that train on occluded clips. Range of means, in points: the best less the "
            "worst mean over everything else. Share of the variation: sums of squares of the analysis of "
            "variance of all method × training setting × test setting means; they add up to 100 %.",
            "[ ]: 95 % interval over the tested identities and the seeds. Chance alone makes a range and a "
            "share larger than 0: a value near the lower end of its interval is no effect."
            if audit.resampled is not None
            else "No intervals: too few identities, or evaluations are missing.",
        ),
    )


def _source_cells(audit: Audit, i: int) -> list[Cell]:
    grid, resampled, axes = audit.grid, audit.resampled, SOURCES[i].axes
    if grid is None:
        gap = Missing(
            "some evaluation of the audit is missing, and nothing is averaged over the others"
        )
        return [Cell(missing=gap)] * 2
    share = _with_ends(
        effect_shares(grid)[i], None if resampled is None else effect_shares(resampled)[:, i]
    )
    if len(axes) > 1:
        return [Cell(), share]
    size = _with_ends(
        effect_range(grid, axes[0]), None if resampled is None else effect_range(resampled, axes[0])
    )
    return [size, share]


def _with_ends(value: np.float64 | Doubles, resampled: Doubles | None) -> Cell:
    if resampled is None:
        return Cell(value=float(value))
    low, high = ends(resampled)
    return Cell(value=float(value), low=float(low), high=float(high))


def audit_words(results: Results) -> list[str]:
    """Return what the audit found, in sentences made from its numbers."""
    return [sentence for audit in audits(results) for sentence in _words(audit)]


def _words(audit: Audit) -> Iterator[str]:
    if not audit.methods:
        return
    grid = audit.grid
    if grid is None:
        yield "The audit is not complete, so nothing is said about it yet."
        return
    if len(audit.methods) > 1:
        yield _sizes_sentence(audit)
        yield _best_sentence(audit, grid)
        yield _orders_sentence(audit, grid)
    yield _crossing_sentence(audit, grid)


def _sizes_sentence(audit: Audit) -> str:
    sizes = []
    for source in SOURCES[:3]:
        cell = _source_cells(audit, SOURCES.index(source))[0]
        sizes.append(
            (cell.value or 0.0, f"changing {source.words} alone moves it by {_points(cell)}")
        )
    ranked = sorted(sizes, key=lambda size: -size[0])
    first = ranked[0][0] / ranked[-1][0] if ranked[-1][0] else float("inf")
    times = f"; the largest is {first:.1f} times the smallest" if np.isfinite(first) else ""
    return (
        f"{audit.place.title}: Rank-1, averaged over everything else and taken from the worst to the best "
        f"choice: {'; '.join(words for _, words in ranked)}{times}."
    )


def _points(cell: Cell) -> str:
    bounds = "" if cell.low is None else f" [{100 * cell.low:.1f}, {100 * (cell.high or 0):.1f}]"
    return f"{100 * (cell.value or 0):.1f} points{bounds}"


def _best_sentence(audit: Audit, grid: Doubles) -> str:
    parts, names = [], list(audit.methods.values())
    table = _crossed_table(audit)
    rows = {(r.contest, r.cells[1].text): r for r in table.rows}
    for i, setting in enumerate(audit.settings):
        best = [n for n in names if rows[setting, n].cells[2 + i].best]
        tied = [n for n in names if rows[setting, n].cells[2 + i].tied]
        beside = f", not told apart from {listed(tied)}" if tied else ""
        parts.append(f"under {setting} {listed(best)} ({100 * grid[:, i, i].max():.1f} %{beside})")
    return f"Trained and tested under one setting, the best is {'; '.join(parts)}."


def _orders_sentence(audit: Audit, grid: Doubles) -> str:
    parts, settings = [], audit.settings
    for i in range(len(settings)):
        for j in range(i + 1, len(settings)):
            tau = float(kendall_tau(grid[:, i, i], grid[:, j, j]))
            parts.append(f"{settings[i]} and {settings[j]} {tau:.2f}{_tau_ends(audit, i, j)}")
    return (
        "Agreement of the orders of the methods between settings (Kendall's tau; 1 is the same order, -1 "
        f"the reverse): {'; '.join(parts)}."
    )


def _tau_ends(audit: Audit, i: int, j: int) -> str:
    if audit.resampled is None:
        return ""
    taus = kendall_tau(audit.resampled[:, :, i, i], audit.resampled[:, :, j, j])
    known = taus[np.isfinite(taus)]
    if not len(known):
        return ""
    low, high = ends(known)
    return f" [{low:.2f}, {high:.2f}]"


def _crossing_sentence(audit: Audit, grid: Doubles) -> str:
    """Name the method that depends most on having been trained under the setting of the test."""
    settings, names = audit.settings, list(audit.methods.values())
    own = np.einsum("mss->ms", grid)
    loss = own[:, None, :] - grid
    m, s, t = np.unravel_index(int(np.argmax(loss)), loss.shape)
    gain = grid - own[:, None, :]
    n_better = int((gain.max(axis=1) > 0).sum())
    return (
        f"The largest loss by training under another setting: {names[m]}, tested under {settings[t]}, "
        f"loses {100 * loss[m, s, t]:.1f} points when it is trained under {settings[s]} instead "
        f"({100 * grid[m, s, t]:.1f} against {100 * own[m, t]:.1f} %). In {n_better} of {own.size} pairs "
        "of method and test setting, training under some other setting than that of the test is better."
    )
