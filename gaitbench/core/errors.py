"""Every error that gaitbench raises on purpose.

    GaitbenchError
    ├── ConfigurationError     an option, a file or a plug-in says something that cannot be run
    │   ├── UnknownNameError   a name that no registry holds
    │   └── PluginError        code of a plug-in raised something, or returned what it may not
    ├── DataError              a data set or a recording that cannot be used
    ├── CheckpointError        a file of weights that cannot be used
    ├── ProtocolError          a comparison that would be meaningless
    ├── TrainingError          numbers that are no longer finite
    ├── TaskError              making an artifact failed in a way that nobody foresaw
    └── StoreError             results that cannot be read, written or trusted

A message says what is wrong with which value, where it came from, and what to do.
"""

import difflib
from collections.abc import Iterable
from typing import Any


class GaitbenchError(Exception):
    """Base of all errors that a user can cause or repair.

    A subclass whose message is more than its argument writes `message`.
    """

    context: tuple[str, ...] = ()
    """What was being done, from the outside in; stands in front of the message."""

    def add_context(self, context: str) -> None:
        """Say what was being done, around everything that was said before."""
        self.context = (context, *self.context)

    def message(self) -> str:
        """Return what is wrong, without the context."""
        return super().__str__()

    def __str__(self) -> str:
        return ": ".join([*self.context, self.message()])

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt by calling their class with `args`, which fails for every subclass
        # whose constructor asks for something else; and an error that a worker process cannot hand
        # over breaks all workers.
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(
    kind: type[GaitbenchError], arguments: tuple[object, ...], state: dict[str, Any]
) -> GaitbenchError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class ConfigurationError(GaitbenchError):
    """An option, an experiment file or a plug-in is not valid."""


class UnknownNameError(ConfigurationError):
    """A name is not known; the message offers the nearest ones and all that exist."""

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        self.kind, self.name, self.choices = kind, name, sorted(choices)
        super().__init__(kind, name, self.choices)

    def message(self) -> str:
        """Return the name, the nearest ones and all that exist."""
        near = difflib.get_close_matches(self.name, self.choices, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        return (
            f"Unknown {self.kind} {self.name!r}.{hint} Known: {', '.join(self.choices) or 'none'}."
        )


class PluginError(ConfigurationError):
    """A plug-in's method failed; the message names file, class and method."""


class DataError(GaitbenchError):
    """A data set, file or recording cannot be used as it is."""


class CheckpointError(GaitbenchError):
    """A file of weights cannot be read, or does not hold what it should."""


class ProtocolError(GaitbenchError):
    """A protocol asks for a comparison that the data cannot answer."""


class TrainingError(GaitbenchError):
    """A loss or an embedding is not finite."""


class TaskError(GaitbenchError):
    """Making an artifact failed: a plug-in raised, a worker died, or there is a bug."""


class StoreError(GaitbenchError):
    """A stored artifact cannot be read, written or trusted."""
