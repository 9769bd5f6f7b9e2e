"""A table as HTML: columns that can be sorted, reasons and footer, and its text for other formats."""

from collections.abc import Iterator
from html import escape

from gaitbench.core.units import Better, Unit
from gaitbench.reports.formats.latex import table_latex
from gaitbench.reports.formats.markdown import table_markdown
from gaitbench.results.table import (
    NOT_A_NUMBER,
    STILL_FALLS,
    STILL_FALLS_MEANING,
    UNDECIDED,
    Column,
    Entry,
    Missing,
    Row,
    Table,
    printed,
    uncertainty,
)

_COPIES = (("latex", "LaTeX", table_latex), ("markdown", "Markdown", table_markdown))


def table_html(table: Table, anchor: str) -> str:
    """Return a headed table with everything that belongs to it.

    Args:
        table: What to print.
        anchor: The id of the table on its page; ids of parts begin with it.
    """
    lines = [
        f'<section class="table" id="{anchor}" aria-labelledby="{anchor}-title">',
        *_head(table, anchor),
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}-title">',
        # How many columns there are decides how small the letters get on paper.
        f'<table aria-labelledby="{anchor}-title"{_stacked(table)} '
        f'style="--columns:{len(table.columns)}">',
        "<thead>",
        *_upper_header(table),
        f"<tr>{''.join(_header(column) for column in table.columns)}</tr>",
        "</thead>",
        "<tbody>",
        *_body(table, anchor),
        "</tbody>",
        "</table>",
        "</div>",
        *_notes(table, anchor),
        "</section>",
    ]
    return "\n".join(lines)


def _head(table: Table, anchor: str) -> Iterator[str]:
    yield '<div class="head">'
    yield f'<h3 id="{anchor}-title">{escape(table.title)}</h3>'
    # Without the page's script the buttons would do nothing, so it is what shows them.
    yield '<div class="tools" hidden>'
    for name, title, _ in _COPIES:
        label = escape(f"Copy {title} of: {table.title}")
        yield f'<button type="button" data-copy="{name}" aria-label="{label}">Copy {title}</button>'
    yield '<span class="status" role="status" aria-live="polite"></span>'
    yield "</div>"
    for name, _, render in _COPIES:
        yield f'<template data-copy="{name}">{escape(render(table))}</template>'
    yield "</div>"


def _upper_header(table: Table) -> Iterator[str]:
    if not any(column.group for column in table.columns):
        return
    cells = (
        f'<th colspan="{n}" scope="colgroup">{escape(group)}</th>' if group else "<td></td>"
        for group, n in table.groups
    )
    yield f'<tr class="groups">{"".join(cells)}</tr>'


def _header(column: Column) -> str:
    # The best first, where there is a best.
    first = "descending" if column.better is Better.HIGHER else "ascending"
    if not column.title:
        return f'<th class="{column.unit}"></th>'
    return (
        f'<th scope="col" class="{column.unit}" data-first="{first}">'
        f'<button type="button">{escape(column.title)}</button></th>'
    )


def _stacked(table: Table) -> str:
    """Return a class for tables with intervals: a spread then stands beneath its value too."""
    cells = (cell for row in table.rows for cell in row.cells)
    return ' class="stacked"' if any(cell.low is not None for cell in cells) else ""


def _body(table: Table, anchor: str) -> Iterator[str]:
    numbers = {missing: i for i, missing in enumerate(table.footnotes, start=1)}
    label = ""
    for i, row in enumerate(table.rows):
        # A blank label means the one above it, which may stand elsewhere once the rows are sorted.
        label = row.cells[0].text or label
        entries = [_label(row.cells[0], label)] if table.columns[0].unit is Unit.TEXT else []
        rest = list(zip(row.cells, table.columns, strict=True))[len(entries) :]
        entries += [_entry(cell, column, numbers, anchor) for cell, column in rest]
        yield f"<tr{_row_class(row, is_first=i == 0)}>{''.join(entries)}</tr>"


def _row_class(row: Row, *, is_first: bool) -> str:
    reference = ["reference"] if row.contest is None else []
    names = reference + (["rule"] if row.rule_above and not is_first else [])
    return f' class="{" ".join(names)}"' if names else ""


def _label(cell: Entry, label: str) -> str:
    shown = escape(label) if cell.text else f'<span class="repeated">{escape(label)}</span>'
    # The labels stay in view while the rest scrolls, and may not fill a phone.
    return f'<th scope="row" class="text{_unbroken(label, 16)}">{shown}</th>'


def _entry(cell: Entry, column: Column, numbers: dict[Missing, int], anchor: str) -> str:
    if cell.missing:
        number = numbers[cell.missing]
        why = (
            f'<sup><a href="#{anchor}-why-{number}" aria-label="not available, reason {number}">'
            f"{number}</a></sup>"
        )
        return f'<td class="{column.unit} missing">{NOT_A_NUMBER}{why}</td>'
    if cell.value is None:
        return f'<td class="{column.unit}{_unbroken(cell.text, 28)}">{escape(cell.text)}</td>'
    number_html = _number(cell, cell.value, column.unit)
    return f'<td class="{column.unit}" data-value="{cell.value!r}">{number_html}</td>'


def _unbroken(text: str, n_letters: int) -> str:
    """Return a class for texts of at most so many letters: names are not broken at their hyphens."""
    return " short" if len(text) <= n_letters else ""


def _number(cell: Entry, value: float, unit: Unit) -> str:
    text = escape(printed(value, unit))
    parts = [f"<strong>{text}</strong>" if cell.best else text]
    if cell.undecided:
        parts[0] += f'<span class="undecided">{UNDECIDED}</span>'
    if cell.still_falls:
        parts[0] += f'<span class="still-falls">{STILL_FALLS}</span>'
    behind = uncertainty(cell, unit)
    if behind:
        name = "spread" if cell.low is None else "interval"
        parts.append(f'<span class="{name}">{escape(behind)}</span>')
    if cell.text:
        parts.append(f'<span class="note">{escape(cell.text)}</span>')
    return " ".join(parts)


def _notes(table: Table, anchor: str) -> Iterator[str]:
    if any(cell.undecided for row in table.rows for cell in row.cells):
        yield (
            f'<p class="small">{UNDECIDED} a declared contrast does not tell it from its reference, after '
            "correction for the number of contrasts.</p>"
        )
    if any(cell.still_falls for row in table.rows for cell in row.cells):
        yield f'<p class="small">{STILL_FALLS_MEANING}</p>'
    if table.footnotes:
        yield '<ol class="reasons small" aria-label="Reasons for missing values">'
        for i, missing in enumerate(table.footnotes, start=1):
            commands = "".join(
                f"; to make it: <code>{escape(command)}</code>" for command in missing.commands
            )
            yield f'<li id="{anchor}-why-{i}">{escape(missing.reason)}{commands}</li>'
        yield "</ol>"
    if table.footer:
        lines = "".join(f"<li>{escape(line)}</li>" for line in table.footer)
        yield f'<details class="small"><summary>How to read this table</summary><ul>{lines}</ul>'
        yield "</details>"
