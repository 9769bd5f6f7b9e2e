"""What a reader is: it makes a data set folder out of recordings that lie in some other form."""

from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from gaitbench.core.errors import ConfigurationError, DataError
from gaitbench.core.plugin_errors import calling, returned, wrong
from gaitbench.core.registry import Registry
from gaitbench.data.dataset import Progress


@runtime_checkable
class Report(Protocol):
    """What a reader made and what it left out."""

    def text(self) -> str:
        """Return the report as lines for a terminal."""


def option(help: str, default: Any = MISSING, *, least: int | None = None) -> Any:
    """Return a field of a reader: an option of its command.

    Args:
        help: One sentence for `--help`.
        default: Without one, the option must be given.
        least: The smallest number that is allowed.
    """
    return field(default=default, metadata={"help": help, "least": least})


@dataclass(frozen=True)
class Reader(ABC):
    """Reads what lies in a folder (or file) into a data set folder.

    A subclass is a frozen dataclass whose fields are its options (see `option`), of type str, int, float,
    bool or Path, or one of them and None. Registered under NAME it is the command `gaitbench data
    import-NAME SOURCE TARGET`, with an option for every field.
    """

    title: ClassVar[str]
    """What it is for, in two or three words."""

    about: ClassVar[str]
    """One sentence for lists and the command's help."""

    reads: ClassVar[str] = "Folder or file to read."
    """What the first argument is, for the command's help."""

    unit: ClassVar[str] = "sequences"
    """What progress counts."""

    @abstractmethod
    def read(self, source: Path, target: Path, *, jobs: int, progress: Progress | None) -> Report:
        """Write a data set folder with `gaitbench.data.silhouettes.SilhouettesWriter`.

        Args:
            source: What to read.
            target: The folder to write; it is not there yet, or empty.
            jobs: How many processes; never changes what is written.
            progress: Called with what is done and how much there is.

        Returns:
            What was made and what was left out.
        """

    def import_to(
        self, source: Path, target: Path, *, jobs: int = 1, progress: Progress | None = None
    ) -> Report:
        """Read, and check that what was written is a data set.

        Raises:
            ConfigurationError: If the target is there already.
            DataError: If the source cannot be used.
            PluginError: If the reader fails or writes no data set.
        """
        check_new_folder(target)
        with calling(self, "read", f"on {source}"):
            report = self.read(source, target, jobs=jobs, progress=progress)
        returned(self, "read", report, Report, "a report with a method text()")
        from gaitbench.data.silhouettes import Silhouettes

        try:
            Silhouettes.open(target)
        except DataError as error:
            raise wrong(
                self, "read", f"wrote no data set: {error} What it wrote is left there to look at."
            ) from error
        return report


readers: Registry[Reader] = Registry(
    "reader",
    Reader,
    homes=(
        "gaitbench.data.readers",
        "gaitbench.data.readers.opengait.reader",
        "gaitbench.mocap.reader",
    ),
)


def check_new_folder(folder: Path) -> None:
    """Check that a data set can be written to a folder without touching what is in it.

    Raises:
        ConfigurationError: If there is something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is there already and not empty. Choose a new folder.")
