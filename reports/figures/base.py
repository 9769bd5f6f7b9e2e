"""What a figure of a report is: drawn from results, beside the tables of a section."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import pandas as pd

from gaitbench.core.registry import Registry
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.section import Drawing


class ReportFigure(ABC):
    """A kind of figure.

    `drawings` says which figures there are and draws none; each is drawn where a format shows it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """Of the section that it has where no other is there to hold it."""

    section: ClassVar[str] = ""
    """Name of the section beside whose tables it stands: that of a protocol; "" for one of its own."""

    @abstractmethod
    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield the figures that these results allow: none where nothing was measured."""


figures: Registry[ReportFigure] = Registry(
    "figure", ReportFigure, homes=("gaitbench.reports.figures",)
)


def any_done(cells: pd.DataFrame) -> bool:
    """Whether any of these evaluations is there."""
    return bool((cells["status"] == "done").any())


def spread_words(cells: pd.DataFrame) -> str:
    """Return what error bars over seeds show, for captions."""
    if len(seeds_of(cells)) > 1:
        return "Error bars: sample standard deviation over seeds."
    return "One seed, so no error bars."
