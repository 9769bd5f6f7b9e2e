"""Test clips: which frames of a sequence are used, and what hides them.

They are the same for every method, so a process that tests several keeps them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gaitbench.core.random_streams import stream
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.tampering.base import Tampering
from gaitbench.occlusion.mix import Mix

if TYPE_CHECKING:
    from gaitbench.training.batches import Batch

KEPT_MIB = 256
"""Memory for clips that are kept; energy images of a hundred people fit, silhouettes hardly do."""


def clips_at_test(
    data: Silhouettes,
    indices: npt.NDArray[np.int64],
    mix: Mix,
    length: int,
    seed: int,
    draw: int,
    tampering: Tampering | None = None,
    purpose: str = "test occlusion",
) -> "Batch":
    """Return test clips of one length, each occluded from its own random stream of this purpose.

    Args:
        data: As networks see it.
        indices: Shape [n]: sequences, none shorter than `length`.
        mix: What hides them.
        length: Frames of each, spread evenly over the sequence.
        seed: Of the experiment.
        draw: Number of the draw, from 0.
        tampering: What is changed about the test.
        purpose: Of the random streams.
    """
    from gaitbench.training.batches import occluded_batch

    change = tampering or Tampering()
    rows = data.table.iloc[indices]
    offset = rows["offset"].to_numpy(np.int64)
    chosen = spread_frames(rows["frames"].to_numpy(np.int64), length)
    names = rows["sequence"].astype(str).tolist()
    whole = data.unpack(offset[:, None] + chosen)
    whole = change.tampered_frames(whole, data, names, seed)
    streams = [
        stream(seed, purpose, data.name, name, *mix.classes, draw)
        for name in change.names_of_draws(rows)
    ]
    identities = np.zeros(len(indices), np.int64)
    return occluded_batch(
        whole, identities, mix, streams, shrink=data.shrink, averaged=data.averaged
    )


def kept_clips(
    data: Silhouettes,
    indices: npt.NDArray[np.int64],
    mix: Mix,
    length: int,
    seed: int,
    draw: int,
    tampering: Tampering,
    purpose: str = "test occlusion",
) -> "Batch":
    """Return `clips_at_test`, which is made once for all methods that a process tests."""
    form = (data.fingerprint, data.height, data.width, data.shrink, data.averaged)
    key = (form, indices.tobytes(), mix, length, seed, draw, type(tampering), purpose)
    batch = _kept.get(key)
    if batch is None:
        # What is kept lies between the frames that it was made of, and would hold their memory once they
        # are gone: gigabytes for a few megabytes. A copy that is made afterwards does not.
        batch = clips_at_test(data, indices, mix, length, seed, draw, tampering, purpose).copied()
        _kept.put(key, batch)
    return batch


def spread_frames(lengths: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return `count` frames evenly spread over each sequence, in order, shape [n, count].

    Each of `count` equal stretches of the sequence gives the frame in its middle, so all frames are
    chosen where there are as many.

    Args:
        lengths: Shape [n], none below `count`.
        count: At least 1.
    """
    middles = (2 * np.arange(count) + 1) * lengths[:, None]
    return np.asarray(middles // (2 * count), np.int64)


@dataclass(eq=False)
class _Kept:
    """The batches that were used last, as many as fit."""

    batches: "OrderedDict[Any, Batch]" = field(default_factory=OrderedDict)
    size: int = 0

    def get(self, key: object) -> "Batch | None":
        """Return a batch, or None where it is not kept."""
        batch = self.batches.get(key)
        if batch is not None:
            self.batches.move_to_end(key)
        return batch

    def put(self, key: object, batch: "Batch") -> None:
        """Keep a batch, and let go of those that were not used for longest."""
        limit = KEPT_MIB * 2**20
        if batch.size > limit // 8:
            return
        self.batches[key] = batch
        self.size += batch.size
        while self.size > limit:
            self.size -= self.batches.popitem(last=False)[1].size


_kept = _Kept()
