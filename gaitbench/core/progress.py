"""How far the making of an artifact is, written to the store for whoever watches."""

import time
from collections.abc import Callable

from gaitbench.core.store import Store

WRITE_EVERY_S = 0.5

ProgressReport = Callable[[int, int, float | None], None]
"""Called with a step, the number of steps and the current loss, where there is one."""


class ProgressFile:
    """Writes the progress of one artifact, at most twice a second.

    Args:
        store: Where the artifact will lie.
        key: Of the artifact.
    """

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key = store, key
        self.began = self.last = time.monotonic()

    def is_due(self, step: int, of: int) -> bool:
        """Whether `write` would write: if enough time has passed, and at the last step."""
        return step >= of or time.monotonic() - self.last >= WRITE_EVERY_S

    def write(self, step: int, of: int, loss: float | None) -> None:
        """Write how far it is, if it is due."""
        if not self.is_due(step, of):
            return
        self.last = time.monotonic()
        seconds = round(self.last - self.began, 2)
        self.store.write_progress(
            self.key, {"step": step, "of": of, "seconds": seconds, "loss": loss}
        )
