"""A transformer on maps of a clip that attends within shifted windows of space and time.

Maps are [n, t, h, w, c] here: a position's channels are a token.

Source: Liu et al., "Video Swin Transformer", CVPR 2022.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Size3 = tuple[int, int, int]
"""Frames, rows, columns."""

BLOCKED = -100.0
"""Added to the scores of tokens that must not attend to each other, as in the source."""


class WindowAttention(nn.Module):
    """Self-attention among the tokens of a window, with a learned bias for their relative position.

    Args:
        channels: Of a token.
        heads: Attention heads; they divide the channels.
        window: Size of the largest window.
    """

    index: Tensor

    def __init__(self, channels: int, heads: int, window: Size3) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        offsets = int(np.prod([2 * size - 1 for size in window]))
        self.bias_table = nn.Parameter(nn.init.trunc_normal_(torch.empty(offsets, heads), std=0.02))
        self.register_buffer("index", relative_position_index(window), persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend within windows.

        Args:
            x: Tokens [n·k, s, c] of k windows per clip. A window that was shrunk to a small map uses the
                biases of as many tokens from the start of the full window, as the source does.
            mask: Added to the scores of each window, [k, s, s]; None for nothing.

        Returns:
            Tokens [n·k, s, c].
        """
        _, tokens, channels = x.shape
        q, k, v = self.qkv(x).view(len(x), tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        bias = self.bias_table[self.index[:tokens, :tokens]].permute(2, 0, 1).unsqueeze(0)
        if mask is not None:
            masked = bias + mask.unsqueeze(1)
            bias = masked.repeat(len(x) // len(mask), 1, 1, 1)
        attended = functional.scaled_dot_product_attention(q, k, v, bias.to(q.dtype))
        return cast(
            Tensor, self.out(attended.transpose(1, 2).reshape(x.shape[0], tokens, channels))
        )


class SwinBlock(nn.Module):
    """Window attention and a two-layer perceptron, each on normalised input and with a shortcut.

    Args:
        channels: Of a token.
        heads: Attention heads.
        window: Size of the windows.
        shift: By how much the windows are moved; all 0 for not at all.
        drop_path: Probability that training skips a branch for a clip.
    """

    def __init__(
        self, channels: int, heads: int, window: Size3, shift: Size3, drop_path: float
    ) -> None:
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1 = nn.LayerNorm(channels)
        self.attention = WindowAttention(channels, heads, window)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, MLP_RATIO * channels),
            nn.GELU(),
            nn.Linear(MLP_RATIO * channels, channels),
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, t, h, w, c] to the same shape."""
        x = x + self.drop_path(self._attend(self.norm1(x)))
        return cast(Tensor, x + self.drop_path(self.mlp(self.norm2(x))))

    def _attend(self, x: Tensor) -> Tensor:
        size = _size(x)
        window, shift = fitted(size, self.window, self.shift)
        back = tuple(-s for s in shift)
        padded = pad_to_windows(x, window)
        moved = padded.roll(back, (1, 2, 3)) if any(shift) else padded
        mask = shift_mask(_size(padded), window, shift, x.device) if any(shift) else None
        windows = self.attention(partition(moved, window), mask)
        moved = reverse(windows, window, _size(padded))
        restored = moved.roll(shift, (1, 2, 3)) if any(shift) else moved
        return restored[:, : size[0], : size[1], : size[2]]


MLP_RATIO = 4
"""Width of the perceptron's hidden layer in widths of a token."""


class DropPath(nn.Module):
    """Leaves out a branch for a random clip in training, and scales the others to the same mean.

    Its random numbers come from a stream of its own that starts with the weights: training reads no
    global random state. A stage that goes on from another one starts the same stream again.

    Source: Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        # On the CPU whatever the default device, so that a sketch on "meta" can draw it too.
        self.rng = np.random.default_rng(int(torch.randint(2**62, (), device="cpu")))

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, …] to the same shape."""
        if not self.training or self.probability == 0:
            return x
        kept = torch.from_numpy(self.rng.random(len(x)) >= self.probability)
        factor = kept.to(x.device, x.dtype) / (1 - self.probability)
        return x * factor.view(-1, *[1] * (x.dim() - 1))


class VideoSwin(nn.Module):
    """Patch embedding, stages of shifted-window attention of growing width, layer norm.

    Args:
        channels_in: Of the maps.
        widths: Channels of a token, per stage.
        depths: Blocks per stage; every second one shifts its windows.
        heads: Attention heads, per stage.
        window: Size of the windows.
        drop_path: Probability of skipping the last block's branches in training; it grows linearly
            from 0 at the first block.
    """

    def __init__(
        self,
        channels_in: int,
        widths: Sequence[int],
        depths: Sequence[int],
        heads: Sequence[int],
        window: Size3,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.patches = nn.Conv3d(channels_in, widths[0], PATCH, PATCH)
        self.patch_norm = nn.LayerNorm(widths[0])
        rates = iter(np.linspace(0, drop_path, sum(depths)).tolist())
        # Time is shifted as far as the rows, by half of an odd window rounded down.
        shift = (window[0] // 2, window[1] // 2, window[2] // 2)
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(
                    SwinBlock(width, count, window, shift if i % 2 else (0, 0, 0), next(rates))
                    for i in range(depth)
                )
            )
            for width, depth, count in zip(widths, depths, heads, strict=True)
        )
        self.widen = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(narrow), nn.Linear(narrow, wide, bias=False))
            for narrow, wide in pairwise(widths)
        )
        self.norm = nn.LayerNorm(widths[-1])

    def forward(self, maps: Tensor) -> Tensor:
        """Map [n, c_in, t, h, w] to [n, t, h/2, w/2, c]."""
        tokens = self.patch_norm(self.patches(maps).movedim(1, -1))
        for k, stage in enumerate(self.stages):
            if k:
                tokens = self.widen[k - 1](tokens)
            tokens = stage(tokens)
        return cast(Tensor, self.norm(tokens))


PATCH = (1, 2, 2)
"""Frames, rows and columns that one token covers."""


def relative_position_index(window: Size3) -> Tensor:
    """Return which row of the bias table belongs to each pair of tokens of a window, [s, s]."""
    # In a sketch too: on "meta", arithmetic on whole numbers would load torch's compiler first.
    axes = [torch.arange(size, device="cpu") for size in window]
    places = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)
    index = places.new_zeros(places.shape[1], places.shape[1])
    for place, size in zip(places, window, strict=True):
        offset = place[:, None] - place[None, :] + size - 1
        index = index * (2 * size - 1) + offset
    return index


def fitted(size: Size3, window: Size3, shift: Size3) -> tuple[Size3, Size3]:
    """Return window and shift for a map: where the map is not larger, it is the window, unshifted."""
    pairs = [
        (extent, 0) if extent <= asked_window else (asked_window, step)
        for extent, asked_window, step in zip(size, window, shift, strict=True)
    ]
    (t, dt), (h, dh), (w, dw) = pairs
    return (t, h, w), (dt, dh, dw)


def pad_to_windows(x: Tensor, window: Size3) -> Tensor:
    """Append zeros to maps [n, t, h, w, c] until every axis is a multiple of the window."""
    t, h, w = (-extent % step for extent, step in zip(_size(x), window, strict=True))
    return functional.pad(x, (0, 0, 0, w, 0, h, 0, t)) if t or h or w else x


def partition(x: Tensor, window: Size3) -> Tensor:
    """Cut maps [n, t, h, w, c] into windows: tokens [n·k, s, c] of k windows of s tokens."""
    n, t, h, w, c = x.shape
    a, b, d = window
    cut = x.reshape(n, t // a, a, h // b, b, w // d, d, c)
    return cut.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(-1, a * b * d, c)


def reverse(windows: Tensor, window: Size3, size: Size3) -> Tensor:
    """Put windows [n·k, s, c] together to maps [n, t, h, w, c] of a size."""
    (a, b, d), (t, h, w) = window, size
    cut = windows.reshape(-1, t // a, h // b, w // d, a, b, d, windows.shape[-1])
    return cut.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(-1, t, h, w, windows.shape[-1])


def shift_mask(
    size: Size3, window: Size3, shift: Size3, device: torch.device | None = None
) -> Tensor:
    """Return what is added to the scores in shifted windows, [k, s, s].

    Shifting moves the first frames, rows and columns to the end, into windows with those that were last;
    the two do not attend to each other.
    """
    regions = torch.zeros(1, 1, 1, 1, 1, device=device)
    for axis, (extent, step) in enumerate(zip(size, shift, strict=True)):
        wrapped = torch.arange(extent, device=device) >= extent - step
        shape = [1] * 5
        shape[1 + axis] = extent
        regions = 2 * regions + wrapped.view(shape)
    labels = partition(regions, window).squeeze(-1)
    return BLOCKED * (labels[:, :, None] != labels[:, None, :])


def _size(x: Tensor) -> Size3:
    return x.shape[1], x.shape[2], x.shape[3]
