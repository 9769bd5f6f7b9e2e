"""Tables and documents as Markdown, and tables as plain text for a terminal."""

import re
from collections.abc import Callable
from pathlib import Path

from tabulate import tabulate

from gaitbench.core.atomic import write_text
from gaitbench.core.registry import register
from gaitbench.core.units import Unit
from gaitbench.reports.formats.base import Format
from gaitbench.results.frame import Results
from gaitbench.results.section import Document, Section
from gaitbench.results.table import Column, Entry, Missing, Table, printed, uncertainty

_ALIGNMENT = {Unit.TEXT: "left", Unit.MARK: "center"}
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@register("markdown")
class Markdown(Format):
    """Markdown with pipe tables."""

    about = "report.md with figures beside it"
    place = 2
    links_figures = True

    def write(self, document: Document, results: Results, folder: Path) -> list[Path]:
        """Write `report.md`."""
        return [write_text(folder / "report.md", document_markdown(document))]


def table_markdown(table: Table) -> str:
    """Return title, pipe table, numbered reasons for missing cells, and footer."""
    title, headers = _headers(table)
    # Pipe tables have one header line; a break inside it makes two.
    lines = ["<br>".join(map(escape, header)) for header in headers]
    body = _grid(table, lines, "pipe", escape, lambda text: f"**{text}**")
    reasons = [f"- {_mark(i)} {_reason(m)}" for i, m in enumerate(table.footnotes, start=1)]
    notes = [f"- {escape(line)}" for line in table.footer]
    return "\n".join([f"**{escape(title)}**", "", body, "", *reasons, *notes, ""])


def table_plain(table: Table) -> str:
    """Return the table for a terminal; an asterisk takes the place of bold."""
    title, headers = _headers(table)
    # Long group names are broken after their commas: they set the width of the columns below.
    lines = ["\n".join(header).replace(", ", ",\n") for header in headers]
    body = _grid(table, lines, "simple", str, lambda text: f"*{text}")
    reasons = [
        f"{_mark(i)} {m.reason}{''.join(f'; to make it: {c}' for c in m.commands)}"
        for i, m in enumerate(table.footnotes, start=1)
    ]
    footer = [line.replace("Bold:", "Asterisk:").replace("bold", "marked") for line in table.footer]
    return "\n".join([title, "", body, "", *reasons, *footer, ""])


def document_markdown(document: Document) -> str:
    """Return the whole report, with figures embedded by their relative paths."""
    parts = [f"# {escape(document.title)}", *map(escape, document.paragraphs)]
    for section in document.sections:
        parts += _section(section)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def escape(text: str) -> str:
    r"""Return text in which Markdown sees no markup.

    >>> print(escape("a_b|c*"))
    a\_b\|c\*
    """
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", one_line)


def _section(section: Section) -> list[str]:
    parts = [f"## {escape(section.title)}", *map(escape, section.paragraphs)]
    if section.facts:
        parts.append("\n".join(f"- {escape(k)}: {escape(v)}" for k, v in section.facts))
    for name, text in section.listings:
        # Indented: unlike a fence, it cannot be ended by anything inside.
        indented = "\n".join(f"    {line}" for line in text.splitlines())
        parts += [f"{escape(name)}:", f"\n{indented}"]
    parts += map(table_markdown, section.tables)
    for figure in section.figures:
        parts.append(
            f"![{escape(figure.caption)}]({figure.path}.png)\n\n*{escape(figure.caption)}*"
        )
    return [*parts, *(escape(gallery.sentence) for gallery in section.galleries)]


def _headers(table: Table) -> tuple[str, list[list[str]]]:
    """Return the title and each column's header lines; a group that all share joins the title."""
    groups = {column.group for column in table.columns if column.group}
    if len(groups) == 1:
        return f"{table.title} ({groups.pop()})", [[c.title] for c in table.columns]
    return table.title, [[c.group, c.title] if c.group else [c.title] for c in table.columns]


def _grid(
    table: Table,
    headers: list[str],
    style: str,
    clean: Callable[[str], str],
    bold: Callable[[str], str],
) -> str:
    numbers = {missing: i for i, missing in enumerate(table.footnotes, start=1)}
    rows = [
        [
            _entry(cell, column, numbers, clean, bold)
            for cell, column in zip(row.cells, table.columns, strict=True)
        ]
        for row in table.rows
    ]
    alignment = tuple(_ALIGNMENT.get(column.unit, "right") for column in table.columns)
    # Numbers stay texts: tabulate would otherwise print 43.0 as 43.
    return tabulate(rows, headers, tablefmt=style, colalign=alignment, disable_numparse=True)


def _entry(
    cell: Entry,
    column: Column,
    numbers: dict[Missing, int],
    clean: Callable[[str], str],
    bold: Callable[[str], str],
) -> str:
    if cell.missing:
        return f"–{_mark(numbers[cell.missing])}"
    if cell.value is None:
        return clean(cell.text)
    value = printed(cell.value, column.unit)
    parts = [bold(value) if cell.best else value]
    parts[0] += cell.marks
    # Not escaped: an interval's brackets hold numbers alone, which are no link.
    parts += filter(None, [uncertainty(cell, column.unit)])
    if cell.text:
        parts.append(clean(cell.text))
    return " ".join(parts)


def _mark(number: int) -> str:
    return str(number).translate(_SUPERSCRIPTS)


def _reason(missing: Missing) -> str:
    commands = "".join(f"; to make it: {_code(command)}" for command in missing.commands)
    return f"{escape(missing.reason)}{commands}"


def _code(text: str) -> str:
    # A fence longer than any run of backticks inside it ends where it should.
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{' '.join(text.split())}{space}{fence}"
