"""A report as one page that needs nothing else."""

from pathlib import Path

from gaitbench.core.atomic import write_text
from gaitbench.core.registry import register
from gaitbench.reports.formats.base import Format
from gaitbench.reports.page.page import document_html
from gaitbench.results.frame import Results
from gaitbench.results.section import Document


@register("html")
class Html(Format):
    """A page for browsers."""

    about = "one page with everything in it: report.html"
    place = 1
    shows_figures = True
    shows_pictures = True

    def write(self, document: Document, results: Results, folder: Path) -> list[Path]:
        """Write `report.html`, which holds its figures and pictures itself."""
        return [write_text(folder / "report.html", document_html(document))]
