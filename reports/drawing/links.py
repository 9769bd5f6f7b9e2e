"""Figures as a document holds them: drawn once, in every form that its formats take."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gaitbench.results.section import Drawing, FigureLink

_FOLDER = "figures"


@dataclass
class FigureLinks:
    """Draws the figures of one report, each once, in the forms that its formats take.

    Args:
        out: The report's folder.
        inline: Whether any format shows figures as markup in its page.
        files: Whether any links to files.
        written: The files, as they are made.
    """

    out: Path
    inline: bool
    files: bool
    written: list[Path] = field(default_factory=list)

    def of(self, drawings: Iterable[Drawing]) -> Iterator[FigureLink]:
        """Yield a link per figure; nothing is drawn, and nothing yielded, if no format shows any."""
        for drawing in drawings if self.inline or self.files else ():
            # Drawing libraries take a second to import, and most reports of one protocol have no figure.
            from gaitbench.reports.drawing.style import save, styled
            from gaitbench.reports.drawing.svg import inline_svg

            with styled():
                figure = drawing.draw()
            svg = inline_svg(figure, drawing.name, drawing.caption) if self.inline else ""
            if self.files:
                self.written += save(figure, self.out / _FOLDER / drawing.name)
            yield FigureLink(f"{_FOLDER}/{drawing.name}", drawing.caption, svg)
