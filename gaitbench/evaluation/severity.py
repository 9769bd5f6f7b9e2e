"""Severities that compare: amounts at which generators hide the same share of the body.

An amount is a share of a height, a width or a patch, and means something else for every generator. The
share of the body's pixels that it hides is measured on test clips, and amounts are set for that.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.clips import clips_at_test
from gaitbench.occlusion.base import Occlusion
from gaitbench.occlusion.mix import Mix

POSITIONS = np.linspace(0.0, 1.0, 17)
"""Where between its smallest and its largest amounts a generator is measured."""

CLIPS = 128
"""Clips that are measured, spread evenly over the gallery."""

DRAWS = 8
"""Of each of these clips: a patch that may miss the body altogether needs many for a steady mean."""


def hiding(mix: Mix, share: float, data: Silhouettes, frames: int) -> Mix:
    """Return a mix whose generators hide, on average, this share of the tested bodies.

    A generator that cannot hide so much has the amounts at which it hides most: what it really hid is
    measured with every score, and reports say where it is less.

    Args:
        mix: Of generators at any amounts.
        share: In (0, 1].
        data: With the split "test.gallery"; whoever walks there plays no part, only how bodies fill frames.
        frames: Longest clip.
    """
    at_share = (_at_share(g, share, data, frames) for g in mix.generators)
    return replace(mix, generators=tuple(at_share))


def _at_share(generator: Occlusion, share: float, data: Silhouettes, frames: int) -> Occlusion:
    hidden = hidden_shares(generator, data, frames)
    # Up to the first position at which it hides most: from there on more amount hides no more.
    rising = int(hidden.argmax()) + 1
    position = float(np.interp(share, hidden[:rising], POSITIONS[:rising]))
    return at_position(generator, position, data)


def at_position(generator: Occlusion, position: float, data: Silhouettes) -> Occlusion:
    """Return a generator with amounts within one pixel of each other, at a position in [0, 1].

    A cut through small frames removes whole rows or columns, and one column may hold a seventh of a body.
    Drawn from a range as wide as a pixel, amounts hide every share on average.
    """
    pixel = 1 / min(data.height, data.width)
    middle = position * (1 + pixel) - pixel / 2
    low, high = np.clip((middle - pixel / 2, middle + pixel / 2), 0.0, 1.0)
    return replace(generator, amount=(float(low), float(high)))


@lru_cache(maxsize=256)
def hidden_shares(generator: Occlusion, data: Silhouettes, frames: int) -> npt.NDArray[np.float64]:
    """Return the mean share of the body that a generator hides at each of `POSITIONS`, never falling.

    Every position meets the same clips and the same other draws, from streams of their own.
    """
    gallery = data.split("test.gallery")
    lengths = np.minimum(data.table["frames"].to_numpy(np.int64)[gallery], frames)
    # Clips of one length make one batch; the commonest length stands for all.
    common = int(np.bincount(lengths).argmax())
    alike = gallery[lengths == common]
    chosen = alike[np.linspace(0, len(alike) - 1, min(CLIPS, len(alike))).astype(np.int64)]
    mixes = [Mix((at_position(generator, float(p), data),), 1.0) for p in POSITIONS]
    shares = [[_mean_share(data, chosen, m, common, d) for d in range(DRAWS)] for m in mixes]
    return np.maximum.accumulate(np.mean(shares, axis=1))


def _mean_share(
    data: Silhouettes, indices: npt.NDArray[np.int64], mix: Mix, length: int, draw: int
) -> float:
    batch = clips_at_test(data, indices, mix, length, 0, draw, purpose="severity")
    return batch.hidden_share.double().mean().item()
