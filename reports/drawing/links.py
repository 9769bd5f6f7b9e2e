"""Figures as a document holds them: drawn once, in every form that its formats take."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gaitbench.core.errors import PluginError
from gaitbench.core.plugin_errors import calling, kept_in, shown, wrong
from gaitbench.results.section import Drawing, FigureLink

_FOLDER = "figures"


@dataclass
class FigureLinks:
    """Draws the figures of one report, each once, in the forms that its formats take.

    Args:
        out: The report's folder.
        inline: Whether any format shows figures as markup in its page.
        files: Whether any links to files.
        failures: Takes errors of plug-ins' figures, which are then left out; without it they are raised.
        written: The files, as they are made.
    """

    out: Path
    inline: bool
    files: bool
    failures: list[PluginError] | None = None
    written: list[Path] = field(default_factory=list)

    def of(self, drawings: Iterable[Drawing]) -> Iterator[FigureLink]:
        """Yield a link per figure; nothing is drawn, and nothing yielded, if no format shows any."""
        for drawing in drawings if self.inline or self.files else ():
            with kept_in(self.failures):
                yield self._drawn(drawing)

    def _drawn(self, drawing: Drawing) -> FigureLink:
        # Drawing libraries take a second to import, and most reports of one protocol have no figure.
        from matplotlib.figure import Figure

        from gaitbench.reports.drawing.style import arrange, save, styled
        from gaitbench.reports.drawing.svg import inline_svg

        giver, method = drawing.giver or (self, "of")
        doing = f"in the figure {drawing.name!r}"
        with calling(giver, method, doing):
            with styled():
                figure: object = drawing.draw()
            if not isinstance(figure, Figure):
                what = (
                    f"{doing}: draw() returned {shown(figure)}; it must return a matplotlib Figure."
                )
                raise wrong(giver, method, what)
            arrange(figure)
            svg = inline_svg(figure, drawing.name, drawing.caption) if self.inline else ""
            if self.files:
                self.written += save(figure, self.out / _FOLDER / drawing.name)
        return FigureLink(f"{_FOLDER}/{drawing.name}", drawing.caption, svg)
