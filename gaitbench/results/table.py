"""The neutral table: what every renderer and every export reads. Nothing here knows a format."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from gaitbench.core.units import Better, Unit

NOT_A_NUMBER = "–"
UNDECIDED = "≈"
"""Stands behind a value that a declared contrast does not tell from its reference."""
STILL_FALLS = "†"
"""Stands behind a value that rests on a training whose loss still fell when it ended."""
STILL_FALLS_MEANING = (
    f"{STILL_FALLS} rests on a training whose loss still fell when it ended: more steps could change the "
    "value, so it is not printed bold (section Convergence)."
)


@dataclass(frozen=True)
class Column:
    """A column and what stands above it.

    Args:
        title: The lower header line.
        group: The upper header line, shared by neighbours with the same text.
        unit: How values are printed.
        better: What `mark_best` looks for.
    """

    title: str
    group: str = ""
    unit: Unit = Unit.TEXT
    better: Better = Better.NEITHER


@dataclass(frozen=True)
class Missing:
    """Why a value is not there, and the commands that would make it."""

    reason: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One entry: a text, a value (with a text behind it, if any), or a missing value.

    Args:
        text: Printed as it is.
        value: In the unit's stored form: a share or a ratio, finite.
        spread: Sample standard deviation over seeds, in the unit of `value`; an interval is printed in
            its place.
        low: Lower end of the 95 % interval of `value`, in its unit.
        high: Upper end.
        best: Whether the value is printed bold.
        undecided: Whether a declared contrast does not tell it from its reference: `UNDECIDED`.
        still_falls: Whether it rests on a training whose loss still fell when it ended; printed with
            `STILL_FALLS`, and never the best.
        missing: Set where a value belongs but none exists.
    """

    text: str = ""
    value: float | None = None
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    best: bool = False
    undecided: bool = False
    still_falls: bool = False
    missing: Missing | None = None

    def __post_init__(self) -> None:
        for number in (self.value, self.spread, self.low, self.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"The numbers of a cell must be finite. Got {number}.")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"An interval has two ends. Got {self.low} and {self.high}.")
        if self.missing is not None and self.value is not None:
            raise ValueError(f"A cell is either measured or missing. Got both: {self.value}.")
        if self.best and self.still_falls:
            raise ValueError(f"What still falls is not the best. Got both: {self.value}.")

    @property
    def marks(self) -> str:
        """What stands right behind the value."""
        return f"{UNDECIDED if self.undecided else ''}{STILL_FALLS if self.still_falls else ''}"


@dataclass(frozen=True)
class Row:
    """A row of cells, one per column.

    Args:
        cells: As many as the table has columns.
        contest: Rows with equal names compete for bold; None keeps a reference row out of it.
        rule_above: Whether a line separates this row from the one above.
    """

    cells: tuple[Entry, ...]
    contest: str | None = ""
    rule_above: bool = False


@dataclass(frozen=True)
class ContrastTest:
    """What a declared contrast came to.

    Args:
        p: Of the paired test alone.
        p_corrected: For all contrasts of the table.
        is_decided: Whether that is below the level.
        detectable: The smallest true difference that the test finds in 80 % of cases.
    """

    p: float
    p_corrected: float
    is_decided: bool
    detectable: float


@dataclass(frozen=True)
class MethodDifference:
    """A difference between two rows of a table.

    Args:
        where: Contest and column, in words.
        method: Printed name.
        reference: Of what is taken off.
        value: Method less reference, with its interval.
        test: Of a declared contrast; None where the difference is exploratory.
    """

    where: str
    method: str
    reference: str
    value: Entry
    test: ContrastTest | None = None


@dataclass(frozen=True)
class Table:
    """A finished table.

    Args:
        name: Lower case with hyphens, unique in a report; names files.
        title: What the table shows and under which condition.
        columns: Labels first, then values.
        rows: Each as wide as `columns`.
        footer: One sentence or more per line: how to read the numbers.
        is_measured: Whether it holds evaluations of this run, not papers' figures or trainings.
        differences: Between its methods; they are printed in a table of their own.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footer: tuple[str, ...] = ()
    is_measured: bool = True
    differences: tuple[MethodDifference, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if not all(isinstance(cell, Entry) for cell in row.cells):
                raise TypeError(
                    f"Table {self.name!r}: the cells of a row must be Entry. Got {row}."
                )
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"Table {self.name!r}: a row has {len(row.cells)} cells for "
                    f"{len(self.columns)} columns."
                )

    @property
    def footnotes(self) -> tuple[Missing, ...]:
        """The distinct reasons for missing cells, in reading order; the first is number 1."""
        reasons = [cell.missing for row in self.rows for cell in row.cells if cell.missing]
        return tuple(dict.fromkeys(reasons))

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The upper header line: text and how many neighbouring columns it spans."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans


def printed(value: float, unit: Unit) -> str:
    """Return a value as every format prints it.

    >>> printed(0.4302, Unit.PERCENT), printed(0.777, Unit.RATIO)
    ('43.0', '0.78')
    """
    if unit is Unit.P_VALUE:
        return "<0.001" if value < 0.001 else f"{value:.3f}"
    # Rounded half up, as with a pencil: 1 of 16 is 6.3 %, not 6.2 %. The detour over 12 digits
    # keeps 0.3 / 0.8 from being printed as 0.37, because it is stored as 0.37499999999999994.
    scaled, step = (100 * value, "0.1") if unit is Unit.PERCENT else (value, "0.01")
    return str(Decimal(f"{scaled:.12g}").quantize(Decimal(step), ROUND_HALF_UP))


def uncertainty(cell: Entry, unit: Unit) -> str:
    """Return what stands behind a value: its interval, or its spread over seeds, or nothing.

    >>> uncertainty(Entry(value=0.43, low=0.401, high=0.46), Unit.PERCENT)
    '[40.1, 46.0]'
    """
    if cell.low is not None and cell.high is not None:
        return f"[{printed(cell.low, unit)}, {printed(cell.high, unit)}]"
    return "" if cell.spread is None else f"± {printed(cell.spread, unit)}"


def mark_best(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Row, ...]:
    """Return the rows with the best value of each column and contest marked.

    Values that are printed alike tie, and all of them are marked. A value without a rival is not:
    being the only one is no merit. Where the best one still falls, none is marked: the next best is not
    the best.
    """
    marked = [list(row.cells) for row in rows]
    for j, column in enumerate(columns):
        for contest in {row.contest for row in rows} - {None}:
            rivals = [i for i, row in enumerate(rows) if row.contest == contest]
            for i in _bold([rows[i].cells[j] for i in rivals], column):
                marked[rivals[i]][j] = replace(marked[rivals[i]][j], best=True)
    return tuple(replace(r, cells=tuple(m)) for r, m in zip(rows, marked, strict=True))


def mark_best_across(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Row, ...]:
    """Return the rows with the best value of each row marked, among the columns that compete."""
    rivals = [j for j, column in enumerate(columns) if column.better is not Better.NEITHER]
    result = []
    for row in rows:
        cells = list(row.cells)
        if rivals and row.contest is not None:
            for i in _bold([cells[j] for j in rivals], columns[rivals[0]]):
                cells[rivals[i]] = replace(cells[rivals[i]], best=True)
        result.append(replace(row, cells=tuple(cells)))
    return tuple(result)


def _bold(cells: Sequence[Entry], column: Column) -> list[int]:
    return [i for i in best_printed(cells, column) if not cells[i].still_falls]


def best_printed(cells: Sequence[Entry], column: Column) -> list[int]:
    """Return which of these entries of a column are its best as printed; none of a single one."""
    if column.better is Better.NEITHER:
        return []
    # Compared as printed: bold on one of two equal-looking numbers would read as a mistake.
    values = {
        i: float(printed(c.value, column.unit)) for i, c in enumerate(cells) if c.value is not None
    }
    if len(values) < 2:
        return []
    choose: Callable[..., float] = max if column.better is Better.HIGHER else min
    best = choose(values.values())
    return [i for i, value in values.items() if value == best]


def explained(table: Table) -> Table:
    """Return the table with a footer that says what `STILL_FALLS` means, where it has such values."""
    if not any(cell.still_falls for row in table.rows for cell in row.cells):
        return table
    return replace(table, footer=(*table.footer, STILL_FALLS_MEANING))
