"""Networks that map silhouette clips to part embeddings."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaitbench.checkpoints.opengait import from_opengait

__all__ = ["from_opengait"]


def __getattr__(name: str) -> object:
    # Checkpoints of whole methods need the methods, which are built on this package.
    if name == "from_opengait":
        from gaitbench.checkpoints.opengait import from_opengait

        return from_opengait
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
