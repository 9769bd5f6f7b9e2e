"""Tables and frames with full precision, for spreadsheets and scripts."""

import csv
import io
from pathlib import Path

from gaitbench.core.atomic import write_text
from gaitbench.core.registry import register
from gaitbench.core.units import Unit
from gaitbench.reports.formats.base import Format
from gaitbench.results.frame import Results
from gaitbench.results.section import Document
from gaitbench.results.table import Entry, Table

_STORED = {Unit.PERCENT: "share", Unit.RATIO: "ratio", Unit.P_VALUE: "p"}


@register("csv")
class Csv(Format):
    """One CSV file per table."""

    about = "one file per table, and every metric of every evaluation"
    place = 4

    def write(self, document: Document, results: Results, folder: Path) -> list[Path]:
        """Write `tables/<name>.csv`, and every number of every evaluation in `tables/all-*.csv`."""
        tables = folder / "tables"
        written = [
            write_text(tables / f"{table.name}.csv", table_csv(table))
            for section in document.sections
            for table in section.tables
        ]
        frames = {
            "evaluations": results.cells,
            "searches": results.searches,
            "views": results.views,
        }
        return written + [
            write_text(tables / f"all-{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
            for name, frame in frames.items()
            if len(frame)
        ]


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
    columns: list[tuple[str, list[object]]] = [
        (f"{title} [{_STORED[column.unit]}]", [_or_empty(cell.value) for cell in cells])
    ]
    if any(cell.spread is not None for cell in cells):
        columns.append((f"{title} [sd]", [_or_empty(cell.spread) for cell in cells]))
    if any(cell.low is not None for cell in cells):
        columns.append((f"{title} [low]", [_or_empty(cell.low) for cell in cells]))
        columns.append((f"{title} [high]", [_or_empty(cell.high) for cell in cells]))
    if any(cell.undecided for cell in cells):
        columns.append(
            (f"{title} [undecided]", ["yes" if cell.undecided else "" for cell in cells])
        )
    if any(cell.still_falls for cell in cells):
        falling = ["yes" if cell.still_falls else "" for cell in cells]
        columns.append((f"{title} [still falls]", [*falling]))
    if any(cell.text for cell in cells):
        columns.append((f"{title} [note]", [cell.text for cell in cells]))
    if any(cell.missing for cell in cells):
        columns.append((f"{title} [missing]", [_missing_text(cell) for cell in cells]))
    return columns


def _or_empty(number: float | None) -> object:
    return "" if number is None else number


def _missing_text(cell: Entry) -> str:
    if cell.missing is None:
        return ""
    return "; to make it: ".join([cell.missing.reason, *cell.missing.commands])
