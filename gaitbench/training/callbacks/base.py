"""What a callback is: whoever is told how the training of a stage goes."""

from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gaitbench.core.plugin_errors import calling
from gaitbench.core.registry import Registry
from gaitbench.core.store import Store

if TYPE_CHECKING:
    from torch import Tensor

    from gaitbench.training.stage import Stage
    from gaitbench.training.trainer import Trained


class StepLosses(Mapping[str, float]):
    """The loss terms of one step, by name; each is read from the device when it is asked for.

    Reading makes a GPU wait, so a callback reads now and then, not at every step.
    """

    def __init__(self, terms: Mapping[str, "Tensor"]) -> None:
        self._terms = {name: value.detach() for name, value in terms.items()}

    def __getitem__(self, name: str) -> float:
        return float(self._terms[name])

    def __iter__(self) -> Any:
        return iter(self._terms)

    def __len__(self) -> int:
        return len(self._terms)

    def total(self) -> float:
        """Return the sum that is minimised."""
        return sum(self.values())


class Callback(ABC):
    """Is told how the training of one stage goes; a subclass writes the hooks that it needs.

    It only looks on: it must not change a network, a loss or a global random state. A stage that is in
    the store already, or comes from a file, is not trained, so nothing is told of it.

    Args:
        store: That the trained stage will lie in.
        key: Of the stage.
    """

    about: ClassVar[str]
    """One line for lists."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key = store, key

    @property
    def folder(self) -> Path:
        """Where it may write: `logs/KEY` of the store, made when first asked for."""
        folder = self.store.log_folder(self.key)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def on_start(self, stage: "Stage", steps: int) -> None:  # noqa: B027 - an optional hook
        """Training begins.

        Args:
            stage: What is trained.
            steps: How many steps there will be.
        """

    def on_step(self, step: int, losses: StepLosses) -> None:  # noqa: B027 - an optional hook
        """A step is done.

        Args:
            step: From 1.
            losses: Its loss terms.
        """

    def on_check(self, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: B027 - an optional hook
        """The losses since the last check were averaged, some twenty times in a training.

        Args:
            rows: One per loss term: step, term, training, validation; see `history.HISTORY`.
        """

    def on_end(self, trained: "Trained") -> None:  # noqa: B027 - an optional hook
        """Training is over and its outcome is in the store, whatever goes wrong from now on.

        Args:
            trained: Weights and recorded losses.
        """


class CallbackList:
    """Tells several callbacks, and names whichever fails.

    Args:
        members: In the order in which they are told.
    """

    def __init__(self, members: Iterable[Callback] = ()) -> None:
        self.members = tuple(members)

    def start(self, stage: "Stage", steps: int) -> None:
        """Training begins."""
        for callback in self.members:
            with calling(callback, "on_start"):
                callback.on_start(stage, steps)

    def step(self, step: int, terms: Mapping[str, "Tensor"]) -> None:
        """A step is done."""
        losses = StepLosses(terms)
        for callback in self.members:
            with calling(callback, "on_step", f"at step {step}"):
                callback.on_step(step, losses)

    def check(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """The losses since the last check were averaged."""
        for callback in self.members:
            with calling(callback, "on_check"):
                callback.on_check(rows)

    def end(self, trained: "Trained") -> None:
        """Training is over."""
        for callback in self.members:
            with calling(callback, "on_end"):
                callback.on_end(trained)


callbacks: Registry[Callback] = Registry(
    "callback", Callback, homes=("gaitbench.training.callbacks",)
)


def callbacks_of(names: Iterable[str], store: Store, key: str) -> CallbackList:
    """Return the callbacks of these names for one stage, each once.

    Raises:
        UnknownNameError: If there is none of a name.
        PluginError: If one cannot be built.
    """
    members = []
    for name in dict.fromkeys(names):
        kind = callbacks.get(name)
        with calling(kind, "__init__"):
            members.append(kind(store, key))
    return CallbackList(members)
