"""Tables for other programs: CSV with full precision, and JSON that can be read back."""

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from gaitbench.results.table import Better, Cell, Column, Missing, Row, Table, Unit

_STORED = {Unit.PERCENT: "share", Unit.RATIO: "ratio", Unit.P_VALUE: "p"}


def table_csv(table: Table) -> str:
    """Return one line per row; values are shares and ratios, unrounded, as the header says.

    Beside each column of values stand its spread over seeds, the ends of its interval and why a value
    is missing, where the table has any.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [column for j in range(len(table.columns)) for column in _csv_columns(table, j)]
    writer.writerow([header for header, _ in columns])
    writer.writerows(zip(*(entries for _, entries in columns), strict=True))
    return out.getvalue()


def _csv_columns(table: Table, j: int) -> list[tuple[str, list[object]]]:
    column, cells = table.columns[j], [row.cells[j] for row in table.rows]
    title = f"{column.group}: {column.title}" if column.group else column.title
    if column.unit not in _STORED:
        return [(title, [cell.text for cell in cells])]
    found: list[tuple[str, list[object]]] = [
        (f"{title} [{_STORED[column.unit]}]", [_or_empty(cell.value) for cell in cells])
    ]
    if any(cell.spread is not None for cell in cells):
        found.append((f"{title} [sd]", [_or_empty(cell.spread) for cell in cells]))
    if any(cell.low is not None for cell in cells):
        found.append((f"{title} [low]", [_or_empty(cell.low) for cell in cells]))
        found.append((f"{title} [high]", [_or_empty(cell.high) for cell in cells]))
    if any(cell.tied for cell in cells):
        found.append((f"{title} [tied]", ["yes" if cell.tied else "" for cell in cells]))
    if any(cell.text for cell in cells):
        found.append((f"{title} [note]", [cell.text for cell in cells]))
    if any(cell.missing for cell in cells):
        found.append((f"{title} [missing]", [_missing_text(cell) for cell in cells]))
    return found


def _or_empty(number: float | None) -> object:
    return "" if number is None else number


def _missing_text(cell: Cell) -> str:
    if cell.missing is None:
        return ""
    return "; to make it: ".join([cell.missing.reason, *cell.missing.commands])


def table_dict(table: Table) -> dict[str, Any]:
    """Return the table as plain dictionaries and lists, ready for JSON."""
    # Through JSON once, so that tuples and enumerations are what a reader of the file gets.
    plain: dict[str, Any] = json.loads(json.dumps(asdict(table), allow_nan=False))
    return plain


def table_from_dict(stored: dict[str, Any]) -> Table:
    """Return the table that `table_dict` was given."""
    return Table(
        name=stored["name"],
        title=stored["title"],
        columns=tuple(
            Column(c["title"], c["group"], Unit(c["unit"]), Better(c["better"]))
            for c in stored["columns"]
        ),
        rows=tuple(
            Row(tuple(map(_cell, row["cells"])), row["contest"], row["rule_above"])
            for row in stored["rows"]
        ),
        footer=tuple(stored["footer"]),
    )


def _cell(stored: dict[str, Any]) -> Cell:
    missing = stored["missing"]
    return Cell(
        text=stored["text"],
        value=stored["value"],
        spread=stored["spread"],
        low=stored["low"],
        high=stored["high"],
        best=stored["best"],
        tied=stored["tied"],
        missing=Missing(missing["reason"], tuple(missing["commands"])) if missing else None,
    )
