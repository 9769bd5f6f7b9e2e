"""Tables and documents as LaTeX: booktabs tables, and a document that pdflatex compiles.

Only packages of a basic TeX distribution are used: booktabs, graphicx, amssymb and geometry.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaitbench.core.atomic import write_text
from gaitbench.core.registry import register
from gaitbench.core.units import Unit
from gaitbench.reports.formats.base import Format
from gaitbench.reports.formats.latex_text import code, escape
from gaitbench.results.frame import Results
from gaitbench.results.section import Document, Section
from gaitbench.results.table import Column, Entry, Missing, Row, Table, printed, uncertainty

_ALIGNMENT = {Unit.TEXT: "l", Unit.MARK: "c"}
# Of a landscape page with a footer; a table that is shrunk to the width of the page gains height.
_ROWS_PER_PAGE = 26
_ROWS_PER_PAGE_IF_WIDE = 42
_WIDE = 14

_PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,landscape,margin=18mm]{geometry}
\usepackage{amssymb}
\usepackage{booktabs}
\usepackage{graphicx}
% The usual bullet needs a font that a basic distribution holds only as a bitmap.
\renewcommand{\labelitemi}{$\bullet$}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
% A table with its notes, or a figure, stays on one page, and on that of the heading right above it: a
% float would leave the heading behind. What hardly fits a page may be broken, behind a table's rows.
\makeatletter
\newenvironment{together}[1]{%
  \par\setbox\z@\vbox\bgroup\hsize\linewidth\@parboxrestore\def\@captype{#1}}{%
  \par\egroup\ifdim\dimexpr\ht\z@+\dp\z@\relax>0.9\textheight\unvbox\z@\else\box\z@\fi\bigskip}
\makeatother
"""


@register("latex")
class Latex(Format):
    """A document for pdflatex."""

    about = "report.tex for pdflatex, with figures beside it"
    place = 3
    links_figures = True

    def write(self, document: Document, results: Results, folder: Path) -> list[Path]:
        """Write `report.tex`."""
        return [write_text(folder / "report.tex", document_latex(document))]


def table_latex(table: Table) -> str:
    """Return `table` environments, more than one only if the rows do not fit a page.

    The preamble needs booktabs, graphicx and amssymb.
    """
    return "\n".join(map(_float, _parts(table)))


def document_latex(document: Document) -> str:
    """Return a standalone document; figures are included as PDF by their relative paths."""
    parts = [_PREAMBLE, r"\begin{document}", rf"\section*{{{escape(document.title)}}}"]
    parts += [f"{escape(text)}\n" for text in document.paragraphs]
    for section in document.sections:
        parts += _section(section)
    return "\n".join([*parts, r"\end{document}", ""])


def _section(section: Section) -> Iterator[str]:
    yield rf"\subsection*{{{escape(section.title)}}}"
    yield from (f"{escape(text)}\n" for text in section.paragraphs)
    if section.facts:
        yield r"\begin{itemize}"
        yield from (rf"\item {escape(name)}: {escape(value)}" for name, value in section.facts)
        yield r"\end{itemize}"
    for name, text in section.listings:
        yield rf"{escape(name)}:\par"
        yield r"{\footnotesize\raggedright"
        yield from (rf"{code(line)}\par" for line in text.splitlines() if line.strip())
        yield "}"
    for table in section.tables:
        yield from (_together(part) for part in _parts(table))
    for figure in section.figures:
        yield r"\begin{together}{figure}"
        yield r"\begin{minipage}{\linewidth}\centering"
        size = r"width=\linewidth,height=0.8\textheight,keepaspectratio"
        yield rf"\includegraphics[{size}]{{{figure.path}.pdf}}"
        yield rf"\caption{{{escape(figure.caption)}}}"
        yield r"\end{minipage}"
        yield r"\end{together}"
    yield from (f"{escape(gallery.sentence)}\n" for gallery in section.galleries)
    # Every section begins on a page of its own.
    yield r"\clearpage"


@dataclass(frozen=True)
class _Part:
    """Of a table, what fits a page.

    Args:
        rows: Caption and rows.
        notes: What stands below; of all parts but the last, nothing.
    """

    rows: tuple[str, ...]
    notes: tuple[str, ...]


def _parts(table: Table) -> list[_Part]:
    chunks = list(_chunks(table))
    return [
        _Part(
            tuple(_captioned(table, rows, " (continued)" if i else "")),
            tuple(_notes(table)) if i == len(chunks) - 1 else (),
        )
        for i, rows in enumerate(chunks)
    ]


def _captioned(table: Table, rows: tuple[Row, ...], continued: str) -> Iterator[str]:
    yield rf"\caption{{{escape(table.title)}{continued}}}"
    # Shrunk only if wider than the text; a column is never cut.
    yield r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    yield from _tabular(table, rows)
    yield "}"


def _float(part: _Part) -> str:
    begin = (r"\begin{table}[htbp]", r"\centering")
    return "\n".join([*begin, *part.rows, *part.notes, r"\end{table}", ""])


def _together(part: _Part) -> str:
    begin = (r"\begin{together}{table}", r"\begin{minipage}{\linewidth}\centering")
    lines = [*begin, *part.rows, r"\end{minipage}", *part.notes, r"\end{together}", ""]
    return "\n".join(lines)


def _tabular(table: Table, rows: tuple[Row, ...]) -> Iterator[str]:
    numbers = {missing: i for i, missing in enumerate(table.footnotes, start=1)}
    yield rf"\begin{{tabular}}{{{''.join(_ALIGNMENT.get(c.unit, 'r') for c in table.columns)}}}"
    yield r"\toprule"
    yield from _upper_header(table)
    yield " & ".join(_header(column) for column in table.columns) + r" \\"
    yield r"\midrule"
    for i, row in enumerate(rows):
        if row.rule_above and i:
            yield r"\midrule"
        entries = zip(row.cells, table.columns, strict=True)
        yield " & ".join(_entry(cell, column, numbers) for cell, column in entries) + r" \\"
    yield r"\bottomrule"
    yield r"\end{tabular}%"


def _upper_header(table: Table) -> Iterator[str]:
    if not any(column.group for column in table.columns):
        return
    titles, rules, first = [], [], 1
    for group, n in table.groups:
        titles.append(rf"\multicolumn{{{n}}}{{c}}{{{escape(group)}}}" if group else "")
        if group:
            rules.append(rf"\cmidrule(lr){{{first}-{first + n - 1}}}")
        first += n
    yield " & ".join(titles) + r" \\"
    yield "".join(rules)


def _header(column: Column) -> str:
    return escape(column.title)


def _entry(cell: Entry, column: Column, numbers: dict[Missing, int]) -> str:
    if cell.missing:
        return rf"--\textsuperscript{{{numbers[cell.missing]}}}"
    if cell.value is None:
        return escape(cell.text)
    value = escape(printed(cell.value, column.unit))
    parts = [rf"\textbf{{{value}}}" if cell.best else value]
    parts[0] += escape(cell.marks)
    # Beside its value in smaller type: an interval takes as much room as two values.
    behind = uncertainty(cell, column.unit)
    parts += [
        rf"{{\footnotesize {escape(behind)}}}" if cell.low is not None else escape(behind)
    ] * bool(behind)
    if cell.text:
        parts.append(escape(cell.text))
    return " ".join(parts)


def _notes(table: Table) -> Iterator[str]:
    reasons = [
        rf"\textsuperscript{{{i}}} {escape(m.reason)}"
        + "".join(f"; to make it: {code(command)}" for command in m.commands)
        for i, m in enumerate(table.footnotes, start=1)
    ]
    lines = [*reasons, *map(escape, table.footer)]
    if lines:
        yield r"\par\smallskip{\footnotesize\raggedright"
        yield "\\par\n".join(lines)
        yield r"\par}"


def _chunks(table: Table) -> Iterator[tuple[Row, ...]]:
    """Yield runs of rows that fit a page, broken at a rule where there is one."""
    rows, start = table.rows, 0
    most = _ROWS_PER_PAGE_IF_WIDE if len(table.columns) > _WIDE else _ROWS_PER_PAGE
    while len(rows) - start > most:
        rules = [i for i in range(start + 1, start + most + 1) if rows[i].rule_above]
        end = rules[-1] if rules else start + most
        yield rows[start:end]
        start = end
    yield rows[start:]
