"""Applies drawn augmentations to clips; see `gaitbench.training.augmentations` for what is drawn."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that PyTorch's documentation uses
from torch import Tensor

from gaitbench.training.augmentations import DrawnAugmentation, Matrix


def augmented(clips: Tensor, drawn: Sequence[DrawnAugmentation]) -> Tensor:
    """Return clips with their augmentations; the clips given stay as they are.

    A clip whose augmentation is nothing keeps its very bytes. All that moves a clip is one map, sampled
    once (bilinear, nothing outside the frame), and made binary again at one half. OpenGait samples after
    each augmentation and keeps grey levels.

    Args:
        clips: Shape [n, t, h, w], {0, 1}, any type.
        drawn: One per clip; the same for all its frames.
    """
    if all(d.nothing for d in drawn):
        return clips
    result = clips.clone()
    moved = [i for i, d in enumerate(drawn) if d.matrix is not None]
    if moved:
        matrices = np.stack([d.matrix for d in drawn if d.matrix is not None])
        result[moved] = warped(clips[moved], matrices)
    for clip, drawing in zip(result, drawn, strict=True):
        if drawing.box is not None:
            top, left, bottom, right = drawing.box
            clip[:, top:bottom, left:right] = 0
    return result


def warped(clips: Tensor, matrices: Matrix) -> Tensor:
    """Return binary clips [n, t, h, w] moved by maps [n, 3, 3] of old pixels (x, y, 1) to new ones."""
    h, w = clips.shape[2:]
    rows, columns = np.mgrid[:h, :w]
    pixels = np.stack([columns, rows, np.ones_like(rows)]).reshape(3, -1)
    # Where each new pixel comes from.
    old = np.linalg.inv(matrices) @ pixels
    place = old[:, :2] / old[:, 2:]
    # grid_sample counts from −1 at the middle of the first pixel to 1 at that of the last.
    place = 2 * place / np.array([[w - 1], [h - 1]]) - 1
    grid = torch.from_numpy(place).float().view(-1, 2, h, w).permute(0, 2, 3, 1)
    sampled = F.grid_sample(
        clips.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=True
    )
    return (sampled >= 0.5).to(clips.dtype)
