"""A report in a few sentences, made from the numbers and marks of its tables."""

from collections.abc import Iterator, Sequence

from gaitbench.reports.audit_tables import audit_words
from gaitbench.reports.new_types_table import new_types_tables
from gaitbench.reports.occluded_table import occluded_tables
from gaitbench.reports.retention_table import retention_tables
from gaitbench.reports.sanity_tables import sanity_tables, sanity_words
from gaitbench.results.frame import Results
from gaitbench.results.names import listed
from gaitbench.results.table import Row, Table, Unit, printed, uncertainty


def summary_words(results: Results) -> list[str]:
    """Return what the report found, the main question first; nothing where nothing is complete."""
    found = [
        *(s for table in occluded_tables(results) for s in _bests(table, "Occluded clips")),
        *(s for table in retention_tables(results) for s in _bests(table, "Whole clips")),
        *(s for table in new_types_tables(results) for s in _new_types(table)),
        *audit_words(results)[:2],
    ]
    return found + (sanity_words(results) if sanity_tables(results) else [])


def _bests(table: Table, what: str) -> Iterator[str]:
    """Say who is best in Rank-1 and in its ratio to the upper bound, at every place of the table."""
    for j, column in enumerate(table.columns):
        if column.title != "Rank-1" or not (said := best_words(table.rows, j, column.unit)):
            continue
        bound = table.rows[0].cells[j]
        above = (
            f" The upper bound, Baseline-1 on whole clips, is {printed(bound.value, column.unit)} %."
            if bound.value is not None
            else ""
        )
        kept = best_words(table.rows, j + 1, Unit.RATIO)
        ratio = f" {table.columns[j + 1].title}: {kept}." if kept else ""
        yield f"{what}, {column.group}: {said}.{above}{ratio}"


def _new_types(table: Table) -> Iterator[str]:
    for j, column in enumerate(table.columns):
        if column.title != "Rank-1":
            continue
        parts = [
            f"{contest}: {said}"
            for contest in ("zero-shot", "adapted")
            if (said := best_words(table.rows, j, column.unit, contest))
        ]
        if parts:
            yield f"New type {column.group.lower()}, {'; '.join(parts)}."


def best_words(rows: Sequence[Row], j: int, unit: Unit, contest: str = "") -> str:
    """Return who is best in a column, with the interval and what ties; "" where nobody competes."""
    mine = [row for row in rows if row.contest == contest]
    best = [row for row in mine if row.cells[j].best]
    if not best:
        return ""
    cell = best[0].cells[j]
    per_cent = " %" if unit is Unit.PERCENT else ""
    behind = uncertainty(cell, unit)
    value = f"{printed(cell.value or 0.0, unit)}{per_cent}{f' {behind}' if behind else ''}"
    tied = [row.cells[0].text for row in mine if row.cells[j].tied]
    beside = f", not told apart from {listed(tied)}" if tied else ""
    verb = "leads" if len(best) == 1 else "lead"
    return f"{listed([row.cells[0].text for row in best])} {verb} with {value}{beside}"
