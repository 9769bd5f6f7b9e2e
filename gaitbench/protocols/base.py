"""What a protocol is: a pure description that expands into cells, and what a report says of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gaitbench.core.registry import Registry
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Coordinate
from gaitbench.occlusion.setting import Setting
from gaitbench.results.comparisons.generic import generic_tables
from gaitbench.results.frame import Results
from gaitbench.results.section import Section
from gaitbench.statistics.contrasts import Contrast, PlannedContrasts

METHOD_CONTRASTS = PlannedContrasts(
    primary="rank_1",
    declared=(
        Contrast("occ-aware", "baseline-2"),
        Contrast("mimicgait", "baseline-2"),
        Contrast("rg-gait", "baseline-2"),
        Contrast("rg-gait", "baseline-1"),
    ),
    others_against="baseline-2",
)
"""Each method for occlusion against plain training on occluded clips; RG-Gait against its extractor too."""


@dataclass(frozen=True)
class Protocol(ABC):
    """A question about methods: cells to evaluate, and sections that answer it."""

    name: ClassVar[str]
    about: ClassVar[str]
    """One line for lists."""

    place: ClassVar[int] = 50
    """Where its sections stand in a report: the smallest first."""

    coordinates: ClassVar[Mapping[str, Coordinate]] = {}
    """Axes that its cells have and others do not, with what a cell without one has.

    They are columns of the results, part of the labels of tasks, and tell cells apart in `gaitbench diff`.
    """

    contrasts: ClassVar[PlannedContrasts] = METHOD_CONTRASTS
    """What is tested between methods, declared before anything is measured."""

    @abstractmethod
    def cells(self, bench: Bench) -> list[Cell]:
        """Return every cell; nothing is trained or read here."""

    def sections(self, results: Results) -> list[Section]:
        """Return what a report says; by default a table of every cell in the main metrics.

        Args:
            results: Of the whole run; `results.of(self.name)` are this protocol's.
        """
        title = self.name.replace("-", " ").capitalize()
        tables = generic_tables(results, self.name, title, tuple(self.coordinates), self.contrasts)
        return [Section(title, name=self.name, tables=tuple(tables))] if tables else []

    def setting(self, bench: Bench) -> Setting:
        """Return the experiment's setting as this protocol trains under it."""
        return bench.setting


protocols: Registry[Protocol] = Registry("protocol", Protocol, homes=("gaitbench.protocols",))
