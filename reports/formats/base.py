"""What an output format is: it writes a finished report and computes nothing."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from gaitbench.core.registry import Registry
from gaitbench.results.frame import Results
from gaitbench.results.section import Document


class Format(ABC):
    """A format of reports."""

    name: ClassVar[str]
    about: ClassVar[str]
    """One line for lists."""

    place: ClassVar[int] = 100
    """The files of the smallest are written first, and the first of them is the one to open."""

    shows_figures: ClassVar[bool] = False
    """Whether it needs figures as markup, in `FigureLink.svg`."""

    links_figures: ClassVar[bool] = False
    """Whether it needs figures as files, under `FigureLink.path` beside it."""

    shows_pictures: ClassVar[bool] = False
    """Whether it shows clips and searches."""

    @abstractmethod
    def write(self, document: Document, results: Results, folder: Path) -> list[Path]:
        """Write a report and return its files, the one to open first.

        Args:
            document: The whole report: sections with finished tables, figures and sentences.
            results: What it was made from, for formats that hold every number.
            folder: That of the report. `gaitbench.core.atomic.write_text` lets a file appear whole.
        """


formats: Registry[Format] = Registry("report format", Format, homes=("gaitbench.reports.formats",))
