"""Where a data set comes from: a registered description that is built into the store, or a folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gaitbench.core.errors import DataError, UnknownNameError
from gaitbench.core.keys import canonical, key_of
from gaitbench.core.options import make_with
from gaitbench.core.store_union import ReadableStore
from gaitbench.data.dataset import Dataset, datasets
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Representation, Silhouettes


@dataclass(frozen=True)
class DataSource:
    """A data set by what it is, not by where it lies.

    Args:
        name: As printed in tables.
        key: Of the description, or of a folder's content.
        dataset: What builds it; None for a folder.
        folder: Where it lies; None for one that the store holds.
        rules: Name of the rules of a folder, which says which published data set it is.
    """

    name: str
    key: str
    dataset: Dataset | None = None
    folder: Path | None = None
    rules: str = ""

    @classmethod
    def of(cls, dataset: Dataset) -> "DataSource":
        """Return a data set that its description builds."""
        key = key_of([dataset.name, dataset.version, canonical(dataset)])
        return cls(dataset.name, key, dataset)

    @classmethod
    def find(cls, name: str, options: dict[str, object]) -> "DataSource":
        """Return the registered data set of this name with `options`, or the folder of this path.

        Raises:
            UnknownNameError: If it is neither.
            ConfigurationError: If the options do not fit.
            DataError: If the folder is no data set.
        """
        if name in datasets.names():
            frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
            dataset = make_with(datasets.get(name), frozen, f"data set {name!r}")
            return cls.of(dataset)
        folder = Path(name)
        if not folder.is_dir():
            if folder.exists() or len(folder.parts) > 1:
                raise DataError(f"Data set {name}: there is no such folder.")
            raise UnknownNameError("data set", name, datasets.names())
        data = Silhouettes.open(folder)
        rules = Rules.of(data.meta, data.name).name
        return cls(data.name, data.fingerprint, None, folder.resolve(), rules)


def folders_of(store: ReadableStore, sources: Iterable[DataSource]) -> dict[str, Path]:
    """Return where data sets lie, or will lie, by their keys."""
    return {s.key: s.folder or store.path("datasets", s.key) for s in sources}


@lru_cache(maxsize=4)
def seen_data(folder: Path, height: int, width: int, representation: Representation) -> Silhouettes:
    """Return the data set in a folder as networks see it; the last few stay open.

    Raises:
        DataError: If it is no data set, or its frames cannot be brought to the size.
    """
    return Silhouettes.open(folder).seen(height, width, representation)
