"""The progress of a training, as people see it while it runs."""

from typing import TYPE_CHECKING, ClassVar

from gaitbench.core.progress import ProgressFile
from gaitbench.core.registry import register
from gaitbench.core.store import Store
from gaitbench.training.callbacks.base import Callback, StepLosses

if TYPE_CHECKING:
    from gaitbench.training.stage import Stage


@register("progress")
class Progress(Callback):
    """Writes step and loss to the store twice a second, where displays and `gaitbench status` read them."""

    about: ClassVar[str] = "step, loss and time left for the display; always on"

    def __init__(self, store: Store, key: str) -> None:
        super().__init__(store, key)
        self.file = ProgressFile(store, key)
        self.steps = 0

    def on_start(self, stage: "Stage", steps: int) -> None:
        """Remember how many steps there are."""
        self.steps = steps

    def on_step(self, step: int, losses: StepLosses) -> None:
        """Write how far it is, if it is time to."""
        if self.file.is_due(step, self.steps):
            self.file.write(step, self.steps, losses.total())
