"""Which factor of a crossed design moves a number: the analysis of variance of a full grid of means."""

from dataclasses import dataclass

import numpy as np

from gaitbench.core.arrays import Doubles


@dataclass(frozen=True)
class Source:
    """Something that moves Rank-1.

    Args:
        title: As printed.
        axes: Of the grid (0 methods, 1 training settings, 2 test settings) that it varies.
        words: For a sentence: "changing … ".
    """

    title: str
    axes: tuple[int, ...]
    words: str = ""


SOURCES = (
    Source("Method", (0,), "the method"),
    Source("Training setting", (1,), "the setting of the training clips"),
    Source("Test setting", (2,), "the setting of the test clips"),
    Source("Method × training setting", (0, 1)),
    Source("Method × test setting", (0, 2)),
    Source("Training × test setting", (1, 2)),
    Source("All three together", (0, 1, 2)),
)


def effect(grid: Doubles, axes: tuple[int, ...]) -> Doubles:
    """Return what a source adds to the mean, everything that fewer axes explain taken off.

    Args:
        grid: Shape (..., methods, training settings, test settings).
        axes: Of the last three.

    Returns:
        The effect of the analysis of variance, with length 1 on the other axes.
    """
    total = np.zeros_like(grid)
    # Inclusion and exclusion over the subsets of the source's axes.
    for chosen in range(1 << len(axes)):
        kept = {axis for i, axis in enumerate(axes) if chosen >> i & 1}
        averaged = tuple(axis - 3 for axis in range(3) if axis not in kept)
        sign = -1 if (len(axes) - len(kept)) % 2 else 1
        total = total + sign * grid.mean(axis=averaged, keepdims=True)
    over = tuple(axis - 3 for axis in range(3) if axis not in axes)
    added: Doubles = total.mean(axis=over, keepdims=True)
    return added


def effect_range(grid: Doubles, axis: int) -> Doubles:
    """Return the largest less the smallest marginal mean of one axis, shape (...)."""
    averaged = tuple(a - 3 for a in range(3) if a != axis)
    means = grid.mean(axis=averaged)
    spread: Doubles = means.max(axis=-1) - means.min(axis=-1)
    return spread


def effect_shares(grid: Doubles) -> Doubles:
    """Return the share of each of `SOURCES` in the variation of the grid, shape (..., sources)."""
    squares = [(effect(grid, source.axes) ** 2).mean(axis=(-1, -2, -3)) for source in SOURCES]
    stacked = np.stack(squares, axis=-1)
    total = stacked.sum(axis=-1, keepdims=True)
    shares: Doubles = np.divide(stacked, total, out=np.zeros_like(stacked), where=total > 0)
    return shares
