"""From the names in a file to gaitbench's own, with an account of every key."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from gaitbench.core.errors import CheckpointError

Status = Literal["matched", "renamed", "left out", "missing", "unexpected", "wrong shape"]
BROKEN: tuple[Status, ...] = ("missing", "unexpected", "wrong shape")

COUNTER = "num_batches_tracked"
"""Ending of the buffers that count batches; nothing computed depends on them, and old files lack them."""


@dataclass(frozen=True)
class Rename:
    r"""A rule from the file's keys to gaitbench's names.

    Args:
        pattern: Regular expression that the whole key matches.
        name: Template of the new name, with \1 … for the pattern's groups; "" leaves the tensor out,
            because it can be derived or is never used.
        change: Applied to the tensor.
        place: Template of a number, for tensors of which several make one: they are concatenated along
            their first dimension in the order of that number.
    """

    pattern: str
    name: str
    change: Callable[[Tensor], Tensor] | None = None
    place: str = ""


_NO_RULE = Rename("", "")


@dataclass(frozen=True)
class KeyRow:
    """What became of one key.

    Args:
        key: In the file; "" for a tensor that the file lacks.
        name: In gaitbench; "" where it has none.
        status: See `Status`.
        note: Shapes, where they matter.
    """

    key: str
    name: str
    status: Status
    note: str = ""


@dataclass(frozen=True, eq=False)
class Fit:
    """How a file's tensors fit a network.

    Args:
        rows: One per key of the file, then one per tensor that is missing.
        weights: By gaitbench's names, as far as they fit.
    """

    rows: tuple[KeyRow, ...]
    weights: dict[str, Tensor]

    def check(self, source: str, what: str) -> None:
        """Check that nothing is missing, left over or of another shape.

        Raises:
            CheckpointError: Which keys, and how many.
        """
        broken = [row for row in self.rows if row.status in BROKEN]
        if not broken:
            return
        counts = Counter(row.status for row in broken)
        numbers = ", ".join(f"{count} {status}" for status, count in counts.items())
        few = "; ".join(
            f"{row.status}: {row.key or row.name}{f' ({row.note})' if row.note else ''}"
            for row in broken[:4]
        )
        raise CheckpointError(
            f"{source} does not fit {what}: {numbers}. {few}{'; …' if len(broken) > 4 else ''}. "
            "'gaitbench checkpoint inspect FILE' lists every key."
        )

    def load(self, network: nn.Module) -> None:
        """Load the weights into the network that they were fitted to."""
        network.load_state_dict(self.weights)


def fit(tensors: Mapping[str, Tensor], renames: Sequence[Rename], network: nn.Module) -> Fit:
    """Give tensors a network's names and compare the two.

    Of two keys for one tensor the later decides, as when a reference loads them one after the other.
    """
    state = network.state_dict()
    made_of: dict[str, _Pieces] = {}
    rows: list[KeyRow] = []
    for key, value in tensors.items():
        rule, match = _rule_for(key, renames)
        name = match.expand(rule.name) if match else None
        if name == "":
            rows.append(KeyRow(key, "", "left out"))
        elif match is None or name is None or name not in state:
            rows.append(KeyRow(key, "", "unexpected", _shape(value)))
        else:
            place = int(match.expand(rule.place)) if rule.place else 0
            tensor = value if rule.change is None else rule.change(value)
            made_of.setdefault(name, _Pieces()).add(key, place, tensor)
    weights = {}
    for name, fresh in state.items():
        if name in made_of:
            rows += made_of[name].rows(name, fresh)
            if made_of[name].fits(fresh):
                weights[name] = made_of[name].joined().to(fresh.dtype)
        elif name.endswith(COUNTER):
            # The network may be a sketch without values; a fresh count is 0.
            weights[name] = torch.zeros_like(fresh, device="cpu")
        else:
            rows.append(KeyRow("", name, "missing", _shape(fresh)))
    return Fit(tuple(rows), weights)


class _Pieces:
    """The tensors of a file that make one of a network."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.by_place: dict[int, Tensor] = {}

    def add(self, key: str, place: int, tensor: Tensor) -> None:
        self.keys.append(key)
        self.by_place[place] = tensor

    def fits(self, fresh: Tensor) -> bool:
        pieces = list(self.by_place.values())
        if fresh.is_floating_point() and not all(piece.is_floating_point() for piece in pieces):
            return False
        if len({piece.shape for piece in pieces}) > 1:
            return False
        return self.joined().shape == fresh.shape

    def joined(self) -> Tensor:
        pieces = [self.by_place[place] for place in sorted(self.by_place)]
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def rows(self, name: str, fresh: Tensor) -> list[KeyRow]:
        if self.fits(fresh):
            return [KeyRow(k, name, "matched" if k == name else "renamed") for k in self.keys]
        shapes = " + ".join(sorted({_shape(tensor) for tensor in self.by_place.values()}))
        times = f"{len(self.by_place)} × " if len(self.by_place) > 1 else ""
        kinds = {str(tensor.dtype).removeprefix("torch.") for tensor in self.by_place.values()}
        dtype = str(fresh.dtype).removeprefix("torch.")
        in_file, in_network = f"{times}{shapes}", _shape(fresh)
        if in_file == in_network:
            in_file, in_network = "/".join(sorted(kinds)), dtype
        note = f"{in_file} where the network has {in_network}"
        return [KeyRow(key, name, "wrong shape", note) for key in self.keys]


def prefixed(prefix: str, renames: Sequence[Rename], own: str = "") -> tuple[Rename, ...]:
    """Return rules for keys that carry one more prefix; the new names get the prefix `own`."""
    return tuple(
        replace(
            rule,
            pattern=re.escape(prefix) + rule.pattern,
            name=own + rule.name if rule.name else "",
        )
        for rule in renames
    )


def _rule_for(
    key: str, renames: Sequence[Rename]
) -> tuple[Rename, re.Match[str]] | tuple[Rename, None]:
    for rule in renames:
        match = re.fullmatch(rule.pattern, key)
        if match is not None:
            return rule, match
    return _NO_RULE, None


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "scalar"
