"""The one way to apply what occlusions drew: to a batch, on any device, measuring what is hidden."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaitbench.core.errors import ConfigurationError
from gaitbench.occlusion.base import Drawn, Step


@dataclass(frozen=True, eq=False)
class OccludedClips:
    """Clips after occlusion, with what was hidden.

    Args:
        clips: Shape [n, t, h, w], type of the input.
        hidden: Shape [n, t, h, w], boolean, in the input's pixels: true where the drawn instance
            hid it.
        hidden_pixels: Shape [n, t]: body pixels of the input that were hidden.
        body_pixels: Shape [n, t]: body pixels of the input.
    """

    clips: Tensor
    hidden: Tensor
    hidden_pixels: Tensor
    body_pixels: Tensor

    @property
    def frame_share(self) -> Tensor:
        """Hidden share of the body per frame, [n, t], in [0, 1]; 0 where a frame has no body."""
        return self.hidden_pixels / self.body_pixels.clamp(min=1)

    @property
    def share(self) -> Tensor:
        """Hidden share of the body over the clip, [n], in [0, 1]."""
        return self.hidden_pixels.sum(1) / self.body_pixels.sum(1).clamp(min=1)


def occlude(clips: Tensor, drawn: Sequence[Drawn | None]) -> OccludedClips:
    """Apply one drawn instance to each clip; the input stays as it was.

    Args:
        clips: Shape [n, t, h, w]; 0 is background and each clip's largest value is body. Any device
            and type.
        drawn: One per clip; None leaves the clip whole.

    Raises:
        ConfigurationError: If there are not as many drawn instances as clips, or one was drawn for
            a clip of another size.

    Source: stretching is bilinear with half-pixel centres and thresholded above one half, as in the
    released RG-Gait and MimicGait transforms.
    """
    n, t, h, w = clips.shape
    if len(drawn) != n:
        raise ConfigurationError(f"occlude: {n} clips, but {len(drawn)} drawn occlusions.")
    body = clips > 0
    seen, hidden = body, None
    shown = _VisibleArea(None, None, (h, w))
    for depth in range(max((len(d.steps) for d in drawn if d), default=0)):
        steps = [d.steps[depth] if d and depth < len(d.steps) else None for d in drawn]
        _check_sizes(drawn, steps, (t, h, w))
        mask = _hidden_mask(steps, (t, h, w), clips.device)
        if mask is not None:
            hidden = _joined(hidden, shown.to_input(mask))
            seen = seen & ~mask
        rows = _spans([s.window if s else None for s in steps], (t, h), clips.device)
        columns = _spans([s.columns if s else None for s in steps], (t, w), clips.device)
        if rows is not None or columns is not None:
            shown = shown.cut(rows, columns)
            hidden = _joined(hidden, shown.outside())
            seen = _stretch(seen, rows, columns)
    whole = _count(body)
    if hidden is None:
        return OccludedClips(clips.clone(), torch.zeros_like(body), torch.zeros_like(whole), whole)
    # What a cut hides is kept as rows until here, which spares passes over all pixels.
    hidden = hidden.expand_as(body).contiguous()
    return OccludedClips(_paint(seen, clips), hidden, _count(hidden & body), whole)


def _joined(hidden: Tensor | None, more: Tensor) -> Tensor:
    return more if hidden is None else hidden | more


def _count(pixels: Tensor) -> Tensor:
    """Count the true pixels per frame, [n, t]."""
    return pixels.view(torch.uint8).sum((2, 3), dtype=torch.int32).long()


def _paint(seen: Tensor, clips: Tensor) -> Tensor:
    """Give the seen pixels their clip's body value: a result must never depend on the batch."""
    if not clips.numel():
        return clips.clone()
    return seen.to(clips.dtype).mul_(clips.amax((1, 2, 3), keepdim=True))


def _check_sizes(
    drawn: Sequence[Drawn | None], steps: Sequence[Step | None], size: tuple[int, int, int]
) -> None:
    """Refuse what was drawn for clips of another size, before NumPy broadcasts it or complains."""
    t, h, w = size
    for instance, step in zip(drawn, steps, strict=True):
        if instance is None or step is None:
            continue
        timed = (step.boxes, step.window, step.columns)
        if all(part is None or len(part) == t for part in timed) and (
            step.mask is None or step.mask.shape == size
        ):
            continue
        raise ConfigurationError(
            f"occlude: the clips have {t} frames of {h}×{w}, but occlusion {instance.kind!r} was drawn "
            "for clips of another size. Draw with the size of the clips."
        )


def _hidden_mask(
    steps: Sequence[Step | None], shape: tuple[int, int, int], device: torch.device
) -> Tensor | None:
    """Return what the steps hide in the current frames, [n, t, h, w], or None where nothing is."""
    t, h, w = shape
    most = max((s.boxes.shape[1] for s in steps if s and s.boxes is not None), default=0)
    masked = [(i, s.mask) for i, s in enumerate(steps) if s and s.mask is not None]
    if not most and not masked:
        return None
    boxes = np.zeros((len(steps), t, most, 4), np.int64)
    for i, step in enumerate(steps):
        if step and step.boxes is not None:
            boxes[i, :, : step.boxes.shape[1]] = step.boxes
    edges = torch.from_numpy(boxes).to(device)
    row, column = torch.arange(h, device=device), torch.arange(w, device=device)
    in_rows = (row >= edges[..., 0, None]) & (row < edges[..., 1, None])
    in_columns = (column >= edges[..., 2, None]) & (column < edges[..., 3, None])
    mask = torch.zeros((len(steps), *shape), dtype=torch.bool, device=device)
    # Box by box: a reduction over all of them would hold `most` masks in memory at once.
    for k in range(most):
        box = in_rows[:, :, k, :, None] & in_columns[:, :, k, None, :]
        mask = mask | box if k else box
    for i, hides in masked:
        mask[i] |= torch.from_numpy(hides).to(device)
    return mask


def _spans(
    windows: Sequence[npt.NDArray[np.int64] | None], shape: tuple[int, int], device: torch.device
) -> Tensor | None:
    """Return the rows or columns that remain, [n, t, 2], or None where no step cuts any."""
    if all(window is None for window in windows):
        return None
    t, size = shape
    spans = np.empty((len(windows), t, 2), np.int64)
    for span, window in zip(spans, windows, strict=True):
        span[:] = (0, size) if window is None else window
    if spans.size and spans.max() > size:
        raise ConfigurationError(
            f"occlude: the clips have {size} rows or columns, but an occlusion keeps them up to "
            f"{spans.max()}: it was drawn for larger clips. Draw with the size of the clips."
        )
    return torch.from_numpy(spans).to(device)


def _stretch(seen: Tensor, rows: Tensor | None, columns: Tensor | None) -> Tensor:
    """Stretch what is inside the windows [n, t, 2] back to the full size of `seen` [n, t, h, w]."""
    if columns is not None:
        return _stretch_both(seen, rows, columns)
    return seen if rows is None else _stretch_rows(seen, rows)


def _stretch_rows(seen: Tensor, window: Tensor) -> Tensor:
    """Stretch the rows inside each window [n, t, 2] back to the full height of `seen` [n, t, h, w].

    A bilinear mix of two binary rows exceeds one half exactly where the nearer row is set; halfway
    between two rows both must be. So whole rows are copied, without arithmetic or rounding.
    """
    h = seen.shape[2]
    first, last = window[..., :1], window[..., 1:]
    # Twice the source row, in integers where it can be: (2r + 1)·k = h·(2·source + 1).
    doubled = (2 * torch.arange(h, device=seen.device) + 1) * (last - first)
    below = torch.div(doubled, 2 * h, rounding_mode="floor")
    tie = doubled % (2 * h) == 0
    nearest = first + below
    return _rows(seen, nearest) & _rows(seen, torch.where(tie, nearest - 1, nearest))


def _rows(frames: Tensor, index: Tensor) -> Tensor:
    """Return the rows `index` [n, t, h] of each frame [n, t, h, w]."""
    n, t, h, w = frames.shape
    # Whole rows of one flat table are copied about 15 times faster than `gather` moves single
    # pixels.
    starts = torch.arange(n * t, device=frames.device).view(n, t, 1) * h
    return frames.reshape(-1, w).index_select(0, (starts + index).flatten()).view(n, t, h, w)


def _stretch_both(seen: Tensor, rows: Tensor | None, columns: Tensor) -> Tensor:
    """Stretch the rows and columns inside the windows [n, t, 2] back to full frames [n, t, h, w].

    Bilinear weights are fractions of 2·h and 2·w, so the mix is computed exactly, in integers.
    """
    h, w = seen.shape[2:]
    mixed = seen.to(torch.int32)
    if rows is not None:
        above, below, share = _neighbours(rows, h)
        share = share[..., None]
        mixed = _rows(mixed, above) * (2 * h - share) + _rows(mixed, below) * share
    else:
        mixed = mixed * (2 * h)
    left, right, share = _neighbours(columns, w)
    left, right, share = (a[..., None, :].expand(-1, -1, h, -1) for a in (left, right, share))
    mixed = mixed.gather(3, left) * (2 * w - share) + mixed.gather(3, right) * share
    return mixed > 2 * h * w


def _neighbours(window: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return each stretched line's two source lines, and the second's weight in 1/(2·size)."""
    first, last = window[..., :1], window[..., 1:]
    doubled = (2 * torch.arange(size, device=window.device) + 1) * (last - first) - size
    lower = torch.div(doubled, 2 * size, rounding_mode="floor")
    share = (doubled % (2 * size)).to(torch.int32)
    low = (first + lower).maximum(first)
    high = (first + lower + 1).minimum(last - 1)
    return low, high, share


@dataclass(frozen=True, eq=False)
class _VisibleArea:
    """Which part of the input the current frames show.

    Steps after a stretch are mapped back through it, so that `hidden` always speaks of the input's
    pixels.

    Args:
        rows: Shape [n, t, 2]: first row of the input and how many, in pixels (fractions after two
            stretches); None for all.
        columns: Shape [n, t, 2], as `rows`.
        size: Height and width of the frames.
    """

    rows: Tensor | None
    columns: Tensor | None
    size: tuple[int, int]

    def cut(self, rows: Tensor | None, columns: Tensor | None) -> "_VisibleArea":
        """Return what is shown when only these spans of the current frames remain."""
        h, w = self.size
        return _VisibleArea(_cut(self.rows, rows, h), _cut(self.columns, columns, w), self.size)

    def outside(self) -> Tensor:
        """Return the input's pixels that are not shown, broadcastable to [n, t, h, w]."""
        h, w = self.size
        out = torch.zeros((), dtype=torch.bool)
        if self.rows is not None:
            out = _outside(self.rows, h)[..., :, None]
        if self.columns is not None:
            out = out | _outside(self.columns, w)[..., None, :]
        return out

    def to_input(self, mask: Tensor) -> Tensor:
        """Map a mask over the current frames back to the input's pixels, to the nearest."""
        h, w = self.size
        if self.rows is not None:
            index, inside = _source(self.rows, h)
            mask = _rows(mask, index) & inside[..., None]
        if self.columns is not None:
            index, inside = _source(self.columns, w)
            mask = mask.gather(3, index[..., None, :].expand_as(mask)) & inside[..., None, :]
        return mask


def _cut(shown: Tensor | None, span: Tensor | None, size: int) -> Tensor | None:
    if span is None:
        return shown
    first, extent = span[..., 0], span[..., 1] - span[..., 0]
    if shown is None:
        return torch.stack([first, extent], -1).float()
    scale = shown[..., 1] / size
    return torch.stack([shown[..., 0] + first * scale, extent * scale], -1)


def _outside(shown: Tensor, size: int) -> Tensor:
    """Return which lines of the input, [n, t, size], have their centre outside of what is shown."""
    centres = torch.arange(size, device=shown.device) + 0.5
    first, extent = shown[..., :1], shown[..., 1:]
    return (centres < first) | (centres > first + extent)


def _source(shown: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return for each line of the input the line that shows it, and whether any does."""
    centres = torch.arange(size, device=shown.device) + 0.5
    line = (centres - shown[..., :1]) * size / shown[..., 1:]
    return line.floor().long().clamp(0, size - 1), (line >= 0) & (line < size)
