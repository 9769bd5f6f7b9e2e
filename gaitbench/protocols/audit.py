"""How much of a difference comes from the method, and how much from the setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gaitbench.core.arrays import Doubles, pd
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.experiment.bench import EQUAL_SHARE, HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.occlusion.setting import Setting, get_setting
from gaitbench.protocols.base import Protocol
from gaitbench.results.comparisons.leaders import leader_words
from gaitbench.results.estimates import Comparison, compare_rows, estimate
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import flagged, measured, seeds_of, summarise
from gaitbench.results.places import (
    Place,
    named,
    places,
    table_names,
    titles,
    told_apart,
    values_of,
    where,
)
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Missing, Row, Table
from gaitbench.statistics.agreement import kendall_tau
from gaitbench.statistics.effects import SOURCES, effect_range, effect_shares
from gaitbench.statistics.intervals import Unavailable, ends

SETTINGS = ("mimicgait", "rg-gait", "occ-aware")
"""Those of the papers that disagree; the experiment's own is added where it is another one."""


@register("audit")
@dataclass(frozen=True)
class Audit(Protocol):
    """Every method trained under each setting and tested under each.

    What the settings disagree on besides types and amounts is matched: all stages on occluded clips have
    the same steps and the same share of whole clips.
    """

    place = 4
    about = "every method trained and tested under each setting, and crossed"

    def setting(self, bench: Bench) -> Setting:
        """Return the experiment's setting with the share of occluded clips that all have here."""
        return bench.setting.matched(EQUAL_SHARE)

    def cells(self, bench: Bench) -> list[Cell]:
        """Return method × training setting × test setting, and whole clips beside them."""
        names = list(dict.fromkeys((*SETTINGS, bench.setting.name)))
        per = bench.setting.train.per
        settings = [get_setting(name).drawn_per(per) for name in names]
        return [
            cell
            for method in bench.compared_methods()
            for training in (settings if bench.method(method).adaptable else settings[:1])
            for cell in self._tested(bench.under(training.matched(EQUAL_SHARE)), method, settings)
        ]

    def _tested(self, bench: Bench, method: str, settings: list[Setting]) -> Iterator[Cell]:
        tests = [(HOLISTIC, HOLISTIC_TEST, bench.setting.name)]
        tests += [(s.test, s.test_name, s.name) for s in settings]
        for backbone, seed in bench.runs():
            stage = bench.stage(method, backbone, seed)
            for mix, test, name in tests:
                yield from bench.cells(
                    self.name, method, backbone, stage, mix, test, tested_under=name
                )

    def sections(self, results: Results) -> list[Section]:
        """Return, per place, the crossed table and what differences come from, with what they come to."""
        grids = audits(results)
        tables = [_crossed_table(grid) for grid in grids]
        words = [text for pair in zip(grids, tables, strict=True) for text in _words(*pair)]
        every = [
            table
            for grid, crossed in zip(grids, tables, strict=True)
            for table in (crossed, *([_sources_table(grid)] if grid.methods else []))
        ]
        if not every:
            return []
        summary = tuple(words[:2])
        return [Section("Setting audit", self.name, summary, tuple(words), tables=tuple(every))]


METRIC = "rank_1"


@dataclass(frozen=True, eq=False)
class AuditGrid:
    """The audit's evaluations on one test set with one backbone.

    Args:
        results: They are from.
        name: Of its tables.
        place: Where they were trained and tested.
        apart: What tells that from other places; "" where there are none.
        cells: All of them, whole clips included.
    """

    results: Results
    name: str
    place: Place
    apart: str
    cells: pd.DataFrame

    @property
    def settings(self) -> list[str]:
        """Names of the settings, in their order."""
        return values_of(self.cells[self.cells["test"] != HOLISTIC_TEST], "setting")

    @property
    def crossed(self) -> pd.DataFrame:
        """The evaluations of methods that trained on occluded clips, on occluded clips."""
        return self.cells[(self.cells["trained"] != "") & (self.cells["test"] != HOLISTIC_TEST)]

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
        values = [
            summarise(measured(self.evaluations(m, s, t), METRIC, seeds)).value
            for m in self.methods
            for s in self.settings
            for t in self.settings
        ]
        if not values or None in values:
            return None
        return np.array(values, dtype=float).reshape(self._shape)

    @cached_property
    def resampled(self) -> Doubles | None:
        """The grid on every resample of identities and seeds, shape (n, …); None if there are none."""
        uncertainty, parts = self.results.uncertainty, []
        for m in self.methods:
            for s in self.settings:
                for t in self.settings:
                    per_seed = uncertainty.per_seed(self.evaluations(m, s, t), METRIC)
                    if isinstance(per_seed, Unavailable) or not uncertainty.enough(per_seed):
                        return None
                    parts.append(uncertainty.combined(per_seed))
        return np.stack(parts, axis=1).reshape(-1, *self._shape) if parts else None

    @property
    def _shape(self) -> tuple[int, int, int]:
        return len(self.methods), len(self.settings), len(self.settings)


def audits(results: Results) -> list[AuditGrid]:
    """Return the audit of every place."""
    cells = results.of("audit")
    all_places = places(cells)
    names = table_names("audit", [(p.title,) for p in all_places])
    aparts = told_apart([p.parts for p in all_places])
    return [
        AuditGrid(results, name, place, apart, place.of(cells))
        for name, place, apart in zip(names, all_places, aparts, strict=True)
    ]


def _crossed_table(audit: AuditGrid) -> Table:
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
        cells = where(audit.cells, method=method, trained=trained)
        tests = [where(cells[cells["test"] != HOLISTIC_TEST], setting=s) for s in audit.settings]
        tests.append(where(cells, test=HOLISTIC_TEST))
        for column, tested in zip(entrants, tests, strict=True):
            column[len(rows)] = tested
        label = Entry((trained or "whole clips") if first else "")
        values = [estimate(results, tested, METRIC, seeds) for tested in tests]
        rows.append(Row((label, Entry(title), *values), trained or None, first and bool(rows)))
    comparisons = list(_comparisons(audit, rows, entrants))
    compared = compare_rows(results, rows, columns, comparisons, Audit.contrasts)
    return Table(
        name=audit.name,
        title=f"Setting audit, {audit.place.title}",
        columns=tuple(columns),
        rows=compared.rows,
        footer=footer(
            results,
            audit.cells,
            "Rank-1 in percent. Every method trained on the training clips of each setting, with the same "
            "steps and half of the clips occluded in every setting, and tested on the test clips of each. "
            "Bold: best of the rows with the same training setting. Baseline-1 sees whole clips alone and "
            "does not compete; RG-Gait is compared with it.",
            compared.line,
            intervals=METRIC,
        ),
        differences=compared.differences,
    )


def _comparisons(
    audit: AuditGrid, rows: Sequence[Row], entrants: Sequence[Mapping[int, pd.DataFrame]]
) -> Iterator[Comparison]:
    """Yield what each column compares: tested is what was trained under the setting of the test."""
    for j, column in enumerate(entrants):
        setting = audit.settings[j] if j < len(audit.settings) else ""
        own = {i: cells for i, cells in column.items() if rows[i].contest in (setting, None)}
        crossed = {i: cells for i, cells in column.items() if rows[i].contest != setting}
        yield Comparison((2 + j,), METRIC, own, is_primary=True)
        yield Comparison((2 + j,), METRIC, crossed, is_primary=False)


def _row_labels(audit: AuditGrid) -> Iterator[tuple[str, str, str, bool]]:
    """Yield training setting, method, title, and whether the row is the first of its setting."""
    for trained in ["", *audit.settings]:
        cells = where(audit.cells, trained=trained)
        for i, (method, title) in enumerate(titles(cells).items()):
            yield trained, method, title, i == 0


def _sources_table(audit: AuditGrid) -> Table:
    columns = (
        Column("What is changed"),
        Column("Range of means", "Rank-1", Unit.PERCENT),
        Column("Share of the variation", "", Unit.PERCENT),
    )
    rows = [
        Row((Entry(source.title), *_source_cells(audit, i)), contest=None)
        for i, source in enumerate(SOURCES)
    ]
    return Table(
        name=f"{audit.name}-sources",
        title=f"What differences in Rank-1 come from, {audit.place.title}",
        columns=columns,
        rows=tuple(rows),
        footer=footer(
            audit.results,
            audit.crossed,
            "Of the methods that train on occluded clips. Range of means, in points: the best less the "
            "worst mean over everything else. Share of the variation: sums of squares of the analysis of "
            "variance of all method × training setting × test setting means; they add up to 100 %.",
            "Chance alone makes a range and a share larger than 0: a value near the lower end of its "
            "interval is no effect."
            if audit.resampled is not None
            else "No intervals: too few identities, or evaluations are missing.",
            intervals=METRIC,
        ),
    )


def _source_cells(audit: AuditGrid, i: int) -> list[Entry]:
    grid, resampled, axes = audit.grid, audit.resampled, SOURCES[i].axes
    if grid is None:
        gap = Missing(
            "some evaluation of the audit is missing, and nothing is averaged over the others"
        )
        return [Entry(missing=gap)] * 2
    share = _with_ends(
        effect_shares(grid)[i], None if resampled is None else effect_shares(resampled)[:, i]
    )
    share = flagged(share, audit.crossed)
    if len(axes) > 1:
        return [Entry(), share]
    size = _with_ends(
        effect_range(grid, axes[0]), None if resampled is None else effect_range(resampled, axes[0])
    )
    return [flagged(size, audit.crossed), share]


def _with_ends(value: np.float64 | Doubles, resampled: Doubles | None) -> Entry:
    if resampled is None:
        return Entry(value=float(value))
    low, high = ends(resampled)
    return Entry(value=float(value), low=float(low), high=float(high))


def _words(audit: AuditGrid, table: Table) -> Iterator[str]:
    if not audit.methods:
        return
    grid = audit.grid
    if grid is None:
        of = f" of {audit.apart}" if audit.apart else ""
        yield f"The audit{of} is not complete, so nothing is said about it yet."
        return
    if len(audit.methods) > 1:
        yield _sizes_sentence(audit)
        yield _best_sentence(audit, table)
        yield _orders_sentence(audit, grid)
    yield _crossing_sentence(audit, grid)


def _sizes_sentence(audit: AuditGrid) -> str:
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


def _points(cell: Entry) -> str:
    bounds = "" if cell.low is None else f" [{100 * cell.low:.1f}, {100 * (cell.high or 0):.1f}]"
    return f"{100 * (cell.value or 0):.1f} points{bounds}"


def _best_sentence(audit: AuditGrid, table: Table) -> str:
    parts = [
        f"under {setting} {leader_words(table, 2 + i, setting)}"
        for i, setting in enumerate(audit.settings)
    ]
    return f"{named('Trained and tested under one setting', audit.apart)}: {'; '.join(parts)}."


def _orders_sentence(audit: AuditGrid, grid: Doubles) -> str:
    parts, settings = [], audit.settings
    for i in range(len(settings)):
        for j in range(i + 1, len(settings)):
            tau = float(kendall_tau(grid[:, i, i], grid[:, j, j]))
            parts.append(f"{settings[i]} and {settings[j]} {tau:.2f}{_tau_ends(audit, i, j)}")
    return (
        f"{named('Agreement of the orders of the methods between settings', audit.apart)} (Kendall's tau; "
        f"1 is the same order, -1 the reverse): {'; '.join(parts)}."
    )


def _tau_ends(audit: AuditGrid, i: int, j: int) -> str:
    if audit.resampled is None:
        return ""
    taus = kendall_tau(audit.resampled[:, :, i, i], audit.resampled[:, :, j, j])
    finite = taus[np.isfinite(taus)]
    if not len(finite):
        return ""
    low, high = ends(finite)
    return f" [{low:.2f}, {high:.2f}]"


def _crossing_sentence(audit: AuditGrid, grid: Doubles) -> str:
    """Name the method that depends most on having been trained under the setting of the test."""
    settings, names = audit.settings, list(audit.methods.values())
    own = np.einsum("mss->ms", grid)
    loss = own[:, None, :] - grid
    m, s, t = np.unravel_index(int(np.argmax(loss)), loss.shape)
    gain = grid - own[:, None, :]
    n_better = int((gain.max(axis=1) > 0).sum())
    return (
        f"{named('The largest loss by training under another setting', audit.apart)}: {names[m]}, tested "
        f"under {settings[t]}, loses {100 * loss[m, s, t]:.1f} points when it is trained under "
        f"{settings[s]} instead ({100 * grid[m, s, t]:.1f} against {100 * own[m, t]:.1f} %). In "
        f"{n_better} of {own.size} pairs of method and test setting, training under some other setting "
        "than that of the test is better."
    )
