"""Where things lie on this machine, and what runs along with the making of artifacts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import seen_data

if TYPE_CHECKING:
    from gaitbench.training.stage import TrainingData


@dataclass(frozen=True)
class World:
    """What the making of an artifact needs beside its description; nothing here ever enters a key.

    Args:
        store: Folder of the store.
        folders: Data set folders by fingerprint.
        device: To train and embed on.
        files: Files of weights by their SHA-256.
        plugins: Plug-in files, which every process that makes artifacts has to load.
        callbacks: Names of what is told how each training goes.
    """

    store: Path
    folders: dict[str, Path]
    device: str
    files: dict[str, Path] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    callbacks: tuple[str, ...] = ()

    def data(self, which: "TrainingData") -> Silhouettes:
        """Return a data set as networks see it."""
        return seen_data(self.folders[which.fingerprint], *which.form)
