"""A report before it has a format: sections of sentences, tables and figures."""

from dataclasses import dataclass

from gaitbench.reports.table import Table


@dataclass(frozen=True)
class FigureLink:
    """A figure beside the document.

    Args:
        path: Relative to the document, with forward slashes and without an ending: Markdown takes
            the PNG, LaTeX the PDF.
        caption: A full sentence.
    """

    path: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A headed part of a document, printed in the order of its fields."""

    title: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    """Name and value of each, printed as a list."""
    listings: tuple[tuple[str, str], ...] = ()
    """Name and text of each, printed line by line in a typewriter font."""
    tables: tuple[Table, ...] = ()
    figures: tuple[FigureLink, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    paragraphs: tuple[str, ...]
    sections: tuple[Section, ...]
