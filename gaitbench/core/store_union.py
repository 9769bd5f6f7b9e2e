"""Several stores read as one, for example those of several machines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gaitbench.core.errors import StoreError
from gaitbench.core.store import Kind, Store


class StoreUnion:
    """A read-only view of several stores; nothing is copied.

    Where several hold one artifact, that of the first is read.

    Args:
        stores: At least one.
        names: How the stores are called in reports, as many.
    """

    def __init__(self, stores: Sequence[Store], names: Sequence[str]) -> None:
        self.stores, self.names = tuple(stores), tuple(names)

    def path(self, kind: Kind, key: str) -> Path:
        """Return where an artifact lies, or would in the first store."""
        return self._holder(kind, key).path(kind, key)

    def has(self, kind: Kind, key: str) -> bool:
        """Whether the artifact is there in any store."""
        return any(store.has(kind, key) for store in self.stores)

    def keys(self, kind: Kind) -> list[str]:
        """Return the keys of all artifacts of a kind, each once."""
        return sorted({key for store in self.stores for key in store.keys(kind)})

    def spec(self, kind: Kind, key: str) -> dict[str, Any]:
        """Return what the artifact is."""
        return self._holder(kind, key).spec(kind, key)

    def record(self, kind: Kind, key: str) -> dict[str, Any]:
        """Return how the artifact was made, in the store that it is read from."""
        return self._holder(kind, key).record(kind, key)

    def progress(self, key: str) -> dict[str, Any]:
        """Return what any store says about the making of an artifact."""
        return next(filter(None, (store.progress(key) for store in self.stores)), {})

    def _holder(self, kind: Kind, key: str) -> Store:
        return next((s for s in self.stores if s.has(kind, key)), self.stores[0])


ReadableStore = Store | StoreUnion


def open_stores(folders: Sequence[Path]) -> ReadableStore:
    """Return one store, or several as one, to read from.

    Args:
        folders: At least one; a folder that is named twice counts once.

    Raises:
        StoreError: If a folder holds no store.
    """
    once: dict[Path, Path] = {}
    for folder in folders:
        once.setdefault(folder.resolve(), folder)
    for folder in once.values():
        if not (folder / "store.json").is_file():
            raise StoreError(
                f"{folder} is no store: it has no store.json. Give the folder that a run wrote to, which "
                "its --store names."
            )
    stores = [Store(folder) for folder in once]
    return stores[0] if len(stores) == 1 else StoreUnion(stores, [str(f) for f in once.values()])
