"""What an occlusion is: the interface of every generator, and the one way to apply what it drew.

A generator only *draws*: it says which pixels are hidden and, if a detector's box would have been
fitted to the rest, which rows remain and are stretched back. `occlude` applies any number of drawn
instances to a batch, whatever generators they came from, and measures what they hid.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gaitbench.errors import ConfigurationError
from gaitbench.registry import Registry

Range = tuple[float, float]
"""Smallest and largest value of a share in [0, 1], drawn uniformly between the two."""

Parameters = Mapping[str, float | int | str]


@dataclass(frozen=True, eq=False)
class Step:
    """One effect on a clip of shape [t, h, w]: first hide, then stretch what is left.

    Args:
        boxes: Shape (t, k, 4), integer: top, bottom, left, right of `k` hidden rectangles per frame, in
            pixels, half-open; parts outside the frame are ignored.
        mask: Shape (t, h, w), boolean: true where hidden.
        window: Shape (t, 2), integer: first and one past the last row that remain in each frame; they
            are stretched back to the full height.
        parameters: What was drawn, for records and figures.
    """

    boxes: npt.NDArray[np.int64] | None = None
    mask: npt.NDArray[np.bool_] | None = None
    window: npt.NDArray[np.int64] | None = None
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One drawn instance of a generator, without any chance left in it.

    Args:
        kind: Name of the generator.
        amount: The drawn amount, a share in [0, 1]; what of, the generator says.
        steps: Applied one after another.
    """

    kind: str
    amount: float
    steps: tuple[Step, ...]

    @property
    def parameters(self) -> dict[str, float | int | str]:
        """All drawn parameters; later steps win where names coincide."""
        return {"amount": self.amount} | {k: v for s in self.steps for k, v in s.parameters.items()}


@dataclass(frozen=True)
class Occlusion(ABC):
    """A family of occlusions; a subclass writes `steps` and gives `amount` a default.

    Args:
        amount: Range of the share that `steps` receives, drawn uniformly.

    Raises:
        ConfigurationError: If the range is empty or leaves [0, 1].
    """

    amount: Range

    name: ClassVar[str]
    """What the generator is registered as."""

    amount_of: ClassVar[str] = "share of the frame"
    """What the amount is a share of, for help texts and axes."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" not in cls.__dict__:
            cls.name = cls.__name__.lower()

    def __post_init__(self) -> None:
        low, high = self.amount
        if not (0 <= low <= high <= 1):
            raise ConfigurationError(
                f"occlusion {self.name!r}: amount={low:g}–{high:g} is not a range of shares in [0, 1] "
                f"from small to large (it is a {self.amount_of}). For pixels, divide by the frame's size."
            )

    def at(self, amount: float) -> Self:
        """Return this generator with one fixed amount."""
        return replace(self, amount=(amount, amount))

    def draw(self, rng: np.random.Generator, t: int, h: int, w: int) -> Drawn:
        """Draw one instance for a clip of `t` frames of `h` × `w` pixels.

        Raises:
            ConfigurationError: If the subclass returns steps of a wrong shape.
        """
        amount = float(rng.uniform(*self.amount))
        made = self.steps(rng, amount, t, h, w)
        steps = (made,) if isinstance(made, Step) else tuple(made)
        for step in steps:
            self._check(step, t, h, w)
        return Drawn(self.name, amount, steps)

    @abstractmethod
    def steps(
        self, rng: np.random.Generator, amount: float, t: int, h: int, w: int
    ) -> Step | Sequence[Step]:
        """Return what is hidden at this amount; anything else by chance comes from `rng` alone."""

    def _check(self, step: Step, t: int, h: int, w: int) -> None:
        wanted: tuple[tuple[str, object, tuple[int | None, ...], type], ...] = (
            ("boxes", step.boxes, (t, None, 4), np.integer),
            ("mask", step.mask, (t, h, w), np.bool_),
            ("window", step.window, (t, 2), np.integer),
        )
        for part, value, shape, kind in wanted:
            if value is None:
                continue
            array = np.asarray(value)
            fits = array.ndim == len(shape) and all(
                s is None or s == a for s, a in zip(shape, array.shape, strict=True)
            )
            if not fits or not np.issubdtype(array.dtype, kind):
                said = "×".join("k" if s is None else str(s) for s in shape)
                raise ConfigurationError(
                    f"occlusion {self.name!r} ({type(self).__module__}.{type(self).__name__}): steps() "
                    f"returned {part} of shape {array.shape} and type {array.dtype}; for a clip of "
                    f"{t} frames of {h}×{w} it must be {said}, {kind.__name__.rstrip('_')}."
                )
        if step.window is not None:
            first, last = step.window[:, 0], step.window[:, 1]
            if (first < 0).any() or (last > h).any() or (first >= last).any():
                raise ConfigurationError(
                    f"occlusion {self.name!r}: steps() returned a window outside 0 ≤ first < last ≤ {h}."
                )


occlusions: Registry[Occlusion] = Registry("occlusion", "gaitbench.occlusions")


def register(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the type is the inner function's
    """Class decorator for plug-ins: make an occlusion known under `name`."""
    add = occlusions.register(name)

    def named(cls: type[Occlusion]) -> type[Occlusion]:
        cls.name = name
        return add(cls)

    return named


@dataclass(frozen=True, eq=False)
class Occluded:
    """Clips after occlusion, with what was hidden.

    Args:
        clips: Shape [n, t, h, w], type of the input.
        hidden: Shape [n, t, h, w], boolean, in the input's pixels: true where the drawn instance hid it.
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


def occlude(clips: Tensor, drawn: Sequence[Drawn | None]) -> Occluded:
    """Apply one drawn instance to each clip; the input stays as it was.

    Args:
        clips: Shape [n, t, h, w]; 0 is background. Any device and type.
        drawn: One per clip; None leaves the clip whole.

    Source: stretching is bilinear with half-pixel centres and thresholded above one half, as in the
    released RG-Gait and MimicGait transforms.
    """
    n, t, h, w = clips.shape
    if len(drawn) != n:
        raise ConfigurationError(f"occlude: {n} clips, but {len(drawn)} drawn occlusions.")
    body = clips > 0
    seen = body
    hidden = torch.zeros_like(body)
    # Rows of the input that the current frame shows, as (first, height): steps after a stretch are
    # mapped back through it, so that `hidden` always speaks of the input's pixels.
    first = torch.zeros(n, t, device=clips.device)
    height = torch.full((n, t), float(h), device=clips.device)
    for depth in range(max((len(d.steps) for d in drawn if d), default=0)):
        steps = [d.steps[depth] if d and depth < len(d.steps) else None for d in drawn]
        mask = _hidden_mask(steps, (t, h, w), clips.device)
        if mask is not None:
            hidden = hidden | (mask if depth == 0 else _to_input(mask, first, height))
            seen = seen & ~mask
        window = _windows(steps, (t, h), clips.device)
        if window is not None:
            top = first + window[..., 0] * height / h
            tall = (window[..., 1] - window[..., 0]) * height / h
            rows = torch.arange(h, device=clips.device) + 0.5
            cut = (rows < top[..., None]) | (rows > (top + tall)[..., None])
            hidden = hidden | cut[..., None]
            first, height = top, tall
            seen = _stretch(seen, window)
    return Occluded(
        torch.where(seen, clips.amax(), torch.zeros((), dtype=clips.dtype, device=clips.device))
        if clips.numel()
        else clips.clone(),
        hidden,
        (hidden & body).sum((2, 3)),
        body.sum((2, 3)),
    )


def _hidden_mask(
    steps: Sequence[Step | None], shape: tuple[int, int, int], device: torch.device
) -> Tensor | None:
    """Return what the steps hide in the current frames, [n, t, h, w], or None where nothing is."""
    t, h, w = shape
    most = max((s.boxes.shape[1] for s in steps if s and s.boxes is not None), default=0)
    masked = [i for i, s in enumerate(steps) if s and s.mask is not None]
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
    mask = (in_rows[..., :, None] & in_columns[..., None, :]).any(2)
    for i in masked:
        step = steps[i]
        if step and step.mask is not None:
            mask[i] |= torch.from_numpy(step.mask).to(device)
    return mask


def _windows(
    steps: Sequence[Step | None], shape: tuple[int, int], device: torch.device
) -> Tensor | None:
    """Return the rows that remain, [n, t, 2], or None where no step cuts any."""
    if not any(s and s.window is not None for s in steps):
        return None
    windows = np.tile(np.array([0, shape[1]], np.int64), (len(steps), shape[0], 1))
    for i, step in enumerate(steps):
        if step and step.window is not None:
            windows[i] = step.window
    return torch.from_numpy(windows).to(device)


def _stretch(seen: Tensor, window: Tensor) -> Tensor:
    """Stretch the rows inside each window [n, t, 2] back to the full height of `seen` [n, t, h, w].

    A bilinear mix of two binary rows exceeds one half exactly where the nearer row is set; halfway
    between two rows both must be. So two gathers replace the arithmetic, without rounding.
    """
    h, w = seen.shape[2:]
    first, last = window[..., :1], window[..., 1:]
    # Twice the source row, in integers where it can be: (2r + 1)·k = h·(2·source + 1).
    doubled = (2 * torch.arange(h, device=seen.device) + 1) * (last - first)
    below = torch.div(doubled, 2 * h, rounding_mode="floor")
    tie = doubled % (2 * h) == 0
    nearest = first + below
    other = torch.where(tie, nearest - 1, nearest)

    def rows(index: Tensor) -> Tensor:
        return seen.gather(2, index[..., None].expand(-1, -1, -1, w))

    return rows(nearest) & rows(other)


def _to_input(mask: Tensor, first: Tensor, height: Tensor) -> Tensor:
    """Map a mask over stretched frames back to the input's rows."""
    h, w = mask.shape[2:]
    rows = (torch.arange(h, device=mask.device) + 0.5 - first[..., None]) * h / height[..., None]
    inside = (rows >= 0) & (rows < h)
    index = rows.floor().long().clamp(0, h - 1)
    return mask.gather(2, index[..., None].expand(-1, -1, -1, w)) & inside[..., None]
