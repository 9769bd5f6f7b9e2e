"""What a layout is: how OpenGait names a backbone's weights, and what sizes its tensors' shapes tell.

Keys and shapes are those of OpenGait's state dicts; the RG-Gait, MimicGait and Occ-Aware code bases use
the same ones under a prefix.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gaitbench.checkpoints.keymap import Rename
from gaitbench.core.errors import CheckpointError

Shapes = Mapping[str, tuple[int, ...]]

BLOCK = "Backbone.forward_block."
HEAD = Rename(r"FCs\.fc_bin", r"head.weight")
PLAIN_HEAD = Rename(r"Head\.fc_bin", r"head.weight")
PART_NECK = (
    Rename(r"BNNecks\.bn1d\.(.*)", r"norm.\1"),
    Rename(r"BNNecks\.fc_bin", r"weight"),
)
PART_MIXER = Rename(r"fc_bin", r"mixer.weight")
JOINED = (Rename(r"occ_mixer_fc\.fc_bin", r"mixer.weight"),)


@dataclass(frozen=True)
class Layout:
    """One backbone in OpenGait's names.

    Args:
        name: Of the backbone in gaitbench.
        mark: A key that only this backbone has.
        options: Sizes from shapes, as options of the backbone.
        body: Rules from OpenGait's keys to names in the backbone.
        neck: Rules from OpenGait's keys to names in its neck.
        mixer: Rule from the rest of the released mixers' keys to the name in a stage's network.
        joined: Rules from Occ-Aware's keys to names in `BackboneNetwork.joined`, before those of the body.
        classifiers: Keys whose last dimension is the number of identities.
    """

    name: str
    mark: str
    options: Callable[[Shapes], dict[str, Any]]
    body: tuple[Rename, ...]
    neck: tuple[Rename, ...] = PART_NECK
    mixer: Rename = PART_MIXER
    joined: tuple[Rename, ...] = JOINED
    classifiers: tuple[str, ...] = ("BNNecks.fc_bin",)

    def identities(self, shapes: Shapes) -> int | None:
        """Return the size of the classifier; None where the state dict has none."""
        return next((shapes[key][-1] for key in self.classifiers if key in shapes), None)


def shapes_of(tensors: Mapping[str, Tensor], prefix: str = "") -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor whose key has the prefix, by the rest of the key."""
    return {
        key.removeprefix(prefix): tuple(value.shape)
        for key, value in tensors.items()
        if key.startswith(prefix)
    }


def options_of(layout: Layout, shapes: Shapes, source: str) -> dict[str, Any]:
    """Return the sizes of a layout's backbone.

    Raises:
        CheckpointError: If the tensors that tell them are missing, or have another number of dimensions.
    """
    try:
        return layout.options(shapes)
    except KeyError as error:
        raise CheckpointError(
            f"{source} has {layout.mark!r}, so it looks like {layout.name}, but lacks {error}, which tells "
            "its sizes."
        ) from error
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise CheckpointError(
            f"{source} has {layout.mark!r}, so it looks like {layout.name}, but a tensor that tells its "
            f"sizes has another number of dimensions than expected: {error}."
        ) from error


def part_sizes(shapes: Shapes, key: str) -> dict[str, Any]:
    """Return the options that the weights [p, c_f, c] of the per-part linear layer tell."""
    parts, _, embedding = shapes[key]
    return {"parts": parts, "embedding": embedding}


def widths_of(shapes: Shapes, keys: Iterable[str]) -> tuple[int, ...]:
    """Return the output channels of the layers under these keys, as far as they are there."""
    return tuple(shapes[key][0] for key in keys if key in shapes)


def count_of(shapes: Shapes, pattern: str) -> int:
    """Return how many different numbers the pattern's group takes."""
    return len({match[1] for key in shapes if (match := re.match(pattern, key))})
