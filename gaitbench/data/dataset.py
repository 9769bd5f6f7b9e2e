"""What a named data set is: a frozen description that can build its folder."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gaitbench.core.registry import Registry

Progress = Callable[[int, int], None]
"""Called with how many sequences are done and how many there are."""


@dataclass(frozen=True)
class Dataset(ABC):
    """A data set that can be made from its description alone: same description, same bytes.

    A subclass is a frozen dataclass whose fields are everything that the bytes depend on.
    """

    name: ClassVar[str]
    """What the data set is registered as."""

    about: ClassVar[str]
    """One line for lists."""

    version: ClassVar[int]
    """Raised whenever the same description would give other bytes than before."""

    def controls(self) -> "tuple[Dataset, ...]":
        """Return data sets to test on that say what methods trained on this one read; by default none."""
        return ()

    @abstractmethod
    def build(self, folder: Path, *, jobs: int = 1, progress: Progress | None = None) -> None:
        """Write the data set folder (see `silhouettes.py`); `jobs` never changes the bytes."""


datasets: Registry[Dataset] = Registry("data set", Dataset, homes=("gaitbench.walkers.dataset",))
