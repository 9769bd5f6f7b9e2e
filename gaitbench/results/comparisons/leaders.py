"""Who is best in a column, in words."""

from __future__ import annotations

from gaitbench.core.units import Unit
from gaitbench.results.table import Table, best_printed, printed, uncertainty
from gaitbench.results.titles import listed


def leader_words(table: Table, j: int, contest: str = "") -> str:
    """Return who is best in a column, with the interval; "" where nobody competes."""
    unit = table.columns[j].unit
    rivals = [row for row in table.rows if row.contest == contest]
    first = [rivals[i] for i in best_printed([row.cells[j] for row in rivals], table.columns[j])]
    if not first:
        return ""
    leading = [row for row in first if row.cells[j].best]
    cell = first[0].cells[j]
    per_cent = " %" if unit is Unit.PERCENT else ""
    behind = uncertainty(cell, unit)
    value = f"{printed(cell.value or 0.0, unit)}{per_cent}{f' {behind}' if behind else ''}"
    name = next(i for i, column in enumerate(table.columns) if column.title == "Method")
    names = listed([row.cells[name].text for row in leading or first])
    verb = "has" if len(leading or first) == 1 else "have"
    if any(row.cells[j].still_falls for row in first):
        return f"{names} {verb} the best mean, {value}, after a training whose loss still fell"
    # Bold says no more than that: who is not compared with whom is not told apart either.
    undecided = "" if leading else ", which no contrast decides"
    return f"{names} {verb} the best mean, {value}{undecided}"
