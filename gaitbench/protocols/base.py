"""What a protocol is: a pure description that expands into cells."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from gaitbench.core.registry import Registry
from gaitbench.experiment.bench import HOLISTIC_TEST, REFERENCE, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.occlusion.setting import Setting


@dataclass(frozen=True)
class Protocol(ABC):
    """A question about methods, as cells to evaluate."""

    name: ClassVar[str]
    about: ClassVar[str]

    @abstractmethod
    def cells(self, bench: Bench) -> list[Cell]:
        """Return every cell; nothing is trained or read here."""

    def setting(self, bench: Bench) -> Setting:
        """Return the experiment's setting as this protocol trains under it."""
        return bench.setting

    def holistic_reference(self, bench: Bench) -> list[Cell]:
        """Return Baseline-1 on whole clips: the upper bound."""
        return [
            cell
            for backbone, seed in bench.runs()
            for cell in bench.cells(
                self.name,
                REFERENCE,
                backbone,
                bench.stage(REFERENCE, backbone, seed),
                HOLISTIC,
                HOLISTIC_TEST,
            )
        ]


protocols: Registry[Protocol] = Registry("protocol", Protocol, homes=("gaitbench.protocols",))
