"""Training batches: which clips, which frames, what hides them. Every choice is drawn by name."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.random_streams import stream
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.mix import Mix
from gaitbench.training.augment import augmented
from gaitbench.training.augmentations import draw_augmentation
from gaitbench.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips as a stage sees them.

    Args:
        clips: Shape [n, t, h, w], float in [0, 1]: after occlusion. Grey where frames were reduced, see
            `shrunk`, or averaged to a single one; else 0 or 1.
        whole: Shape [n, t, h, w]: the same clips before occlusion.
        hidden: Shape [n, t, h, w], float in [0, 1]: which share of each pixel of `whole` was hidden.
        identities: Shape [n], integer from 0.
        types: Shape [n]: index into `classes`, 0 where nothing was drawn.
        hidden_share: Shape [n]: measured hidden share of the body, in the data's own pixels.
        classes: Names of the mix's types, the first "none".
    """

    clips: Tensor
    whole: Tensor
    hidden: Tensor
    identities: Tensor
    types: Tensor
    hidden_share: Tensor
    classes: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(v.nbytes for v in vars(self).values() if isinstance(v, Tensor))

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device."""
        return self._with(lambda tensor: tensor.to(device, non_blocking=True))

    def copied(self) -> "Batch":
        """Return the batch in memory of its own."""
        return self._with(Tensor.clone)

    def _with(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        changed: dict[str, Any] = {
            name: change(value) for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return replace(self, **changed)


class IdentitySampler:
    """Draws P identities and K of their sequences, then frames of each.

    Args:
        data: Silhouettes, already at the size that the network sees.
        indices: Sequences to draw from.
        recipe: Gives P, K, and how frames are drawn.

    Raises:
        ConfigurationError: If there are fewer than P identities.
    """

    def __init__(self, data: Silhouettes, indices: npt.NDArray[np.int64], recipe: Recipe) -> None:
        self.data, self.recipe = data, recipe
        rows = data.table.iloc[indices]
        self.names, labels = np.unique(rows["identity"].to_numpy(str), return_inverse=True)
        if len(self.names) < recipe.identities:
            raise ConfigurationError(
                f"Data set {data.name!r}: {len(self.names)} training identities, but a batch asks for "
                f"{recipe.identities}. Use more identities or a preset with smaller batches."
            )
        self._of_identity = [indices[labels == k] for k in range(len(self.names))]
        self._length = data.table["frames"].to_numpy(np.int64)
        self._offset = data.table["offset"].to_numpy(np.int64)

    def draw(
        self, rng: np.random.Generator, frames: int | None = None
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Return clips [n, t, h, w] and their identities [n] for one batch.

        Args:
            rng: The batch's own.
            frames: Of each clip; None for as many as the recipe says.
        """
        recipe = self.recipe
        chosen = rng.choice(len(self.names), recipe.identities, replace=False)
        sequences = np.concatenate(
            [
                rng.choice(own, recipe.clips, replace=len(own) < recipe.clips)
                for own in (self._of_identity[k] for k in chosen)
            ]
        )
        length = self._length[sequences]
        count = recipe.frames if frames is None else frames
        if recipe.sampler == "ordered":
            rows = ordered_frames(rng, length, count, recipe.skip)
        else:
            rows = unordered_frames(rng, length, count)
        if recipe.sampler == "spread":
            rows.sort(axis=1)
        clips = self.data.unpack(self._offset[sequences][:, None] + rows)
        return clips, np.repeat(chosen, recipe.clips)


def ordered_frames(
    rng: np.random.Generator, length: npt.NDArray[np.int64], count: int, skip: int = 0
) -> npt.NDArray[np.int64]:
    """Return frames [n, count] in order, out of `count + skip` consecutive ones of each sequence.

    A sequence that is shorter is walked through again from its first frame.
    """
    window = count + skip
    start = (rng.random(len(length)) * np.maximum(length - window + 1, 1)).astype(np.int64)
    within = np.arange(count)
    if skip:
        order = rng.permuted(np.tile(np.arange(window), (len(length), 1)), axis=1)
        within = np.sort(order[:, :count], axis=1)
    frames: npt.NDArray[np.int64] = (start[:, None] + within) % length[:, None]
    return frames


def unordered_frames(
    rng: np.random.Generator, length: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """Return frames [n, count] in random order; none twice where a sequence has enough."""
    return np.stack([rng.choice(n, count, replace=n < count) for n in length.tolist()])


def batches(sampler: IdentitySampler, mix: Mix, seed: int, purpose: str) -> Iterator[Batch]:
    """Yield the endless batches of one stage.

    Args:
        sampler: Draws clips.
        mix: Draws what hides them, per clip or once for the batch.
        seed: Of the experiment.
        purpose: Name of the random streams; two stages with the same purpose and seed see the same
            clips in the same order. Every clip has a stream of its own for its occlusion, so clips that
            both occlude are occluded alike, whatever share of the others stays whole; where a batch
            shares one draw, it is the first clip's.
    """
    for step in count():
        frames = _length(sampler.recipe, stream(seed, purpose, "length", step))
        whole, identities = sampler.draw(stream(seed, purpose, "clips", step), frames)
        whole = _augmented(whole, sampler.recipe, (seed, purpose, "augmentation", step))
        clips = [0] * len(whole) if mix.per == "batch" else range(len(whole))
        streams = [stream(seed, purpose, "occlusion", step, i) for i in clips]
        yield occluded_batch(
            whole,
            identities,
            mix,
            streams,
            shrink=sampler.data.shrink,
            averaged=sampler.data.averaged,
        )


def _length(recipe: Recipe, rng: np.random.Generator) -> int:
    if recipe.lengths is None:
        return recipe.frames
    least, most = recipe.lengths
    return int(rng.integers(least, most + 1))


def _augmented(
    whole: npt.NDArray[np.uint8], recipe: Recipe, names: tuple[int, str, str, int]
) -> npt.NDArray[np.uint8]:
    """Return the clips augmented, each from a stream of its own."""
    if not recipe.augment:
        return whole
    seed, purpose, name, step = names
    size = whole.shape[2:]
    drawn = [
        draw_augmentation(recipe.augment, stream(seed, purpose, name, step, i), *size)
        for i in range(len(whole))
    ]
    clips: npt.NDArray[np.uint8] = augmented(torch.from_numpy(whole), drawn).numpy()
    return clips


def occluded_batch(
    whole: npt.NDArray[np.uint8],
    identities: npt.NDArray[np.int64],
    mix: Mix,
    streams: Sequence[np.random.Generator],
    *,
    shrink: int = 1,
    averaged: bool = False,
) -> Batch:
    """Occlude clips as the mix says, the i-th from the i-th stream, then bring them to what networks see.

    Args:
        whole: Shape [n, t, h, w], at the resolution of the data.
        identities: Shape [n].
        mix: What hides the clips.
        streams: Of the n clips, or of the first where all share one draw.
        shrink: By how much frames are reduced, see `shrunk`.
        averaged: Whether each clip becomes one grey frame, the mean of its frames.
    """
    drawn = [mix.draw(rng, *whole.shape[1:]) for rng in streams]
    clips = torch.from_numpy(np.ascontiguousarray(whole))
    occluded = occlude(clips, [d for _, d in drawn])
    return Batch(
        clips=_seen(occluded.clips, shrink, averaged),
        whole=_seen(clips, shrink, averaged),
        hidden=_seen(occluded.hidden, shrink, averaged),
        identities=torch.from_numpy(identities),
        types=torch.tensor([k for k, _ in drawn]),
        hidden_share=occluded.share,
        classes=mix.classes,
    )


def _seen(frames: Tensor, shrink: int, averaged: bool) -> Tensor:
    frames = shrunk(frames, shrink)
    return frames.mean(1, keepdim=True) if averaged else frames


def shrunk(frames: Tensor, factor: int) -> Tensor:
    """Reduce binary frames: each block of factor × factor pixels becomes one, its mean.

    So a reduced silhouette is grey along its outline, which says where within a pixel the outline runs.

    Args:
        frames: Shape [n, t, h, w], boolean or uint8 in {0, 1}; h and w are multiples of `factor`.
        factor: At least 1.

    Returns:
        Shape [n, t, h / factor, w / factor], float in [0, 1].
    """
    if factor == 1:
        return frames.float()
    # Strided sums in bytes are ten times faster than a reduction over blocks; short integers hold more.
    pixels = frames.view(torch.uint8)
    pixels = pixels.short() if factor > _LARGEST_IN_BYTES else pixels
    return _sums(_sums(pixels, factor, 2), factor, 3).float() / factor**2


_LARGEST_IN_BYTES = 15
"""The largest factor whose blocks have no more pixels than a byte counts."""


def _sums(pixels: Tensor, factor: int, dim: int) -> Tensor:
    """Return the sums of every `factor` neighbours along a dimension."""
    neighbours = torch.unflatten(pixels, dim, (-1, factor)).unbind(dim + 1)
    return functools.reduce(torch.add, neighbours)
