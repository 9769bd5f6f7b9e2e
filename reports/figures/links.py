"""Figures as a document holds them: drawn once, in every form that its formats take."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gaitbench.reports.figures.figures import NamedFigure
from gaitbench.reports.figures.style import save
from gaitbench.reports.figures.svg import inline_svg
from gaitbench.results.section import FigureLink

_FOLDER = "figures"
_WITH_FILES = ("markdown", "latex")


@dataclass
class FigureLinks:
    """Makes the links of one report.

    Args:
        out: The report's folder.
        formats: Those that the report is written in.
        written: The files, as they are made.
    """

    out: Path
    formats: Sequence[str]
    written: list[Path] = field(default_factory=list)

    def of(self, figures: Iterable[NamedFigure]) -> Iterator[FigureLink]:
        """Yield a link per figure; nothing is drawn, and nothing yielded, if no format shows any."""
        inline = "html" in self.formats
        files = any(name in self.formats for name in _WITH_FILES)
        for drawn in figures if inline or files else ():
            svg = inline_svg(drawn.figure, drawn.name, drawn.caption) if inline else ""
            if files:
                self.written += save(drawn.figure, self.out / _FOLDER / drawn.name)
            yield FigureLink(f"{_FOLDER}/{drawn.name}", drawn.caption, svg)
