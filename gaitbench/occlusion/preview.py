"""A sheet that shows what occlusions do: a row per generator, a column per amount."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gaitbench.core.errors import ConfigurationError, StoreError
from gaitbench.core.random_streams import stream
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.base import Occlusion
from gaitbench.walkers.dataset import Walkers

Clips = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

AMOUNTS = (0.1, 0.3, 0.5, 0.7, 0.9)
SUFFIXES = (".png", ".pdf", ".svg")
EXAMPLES = 6

FRAMES_SHOWN = 3
"""As few as let a movement be seen."""

# From the Okabe-Ito palette, which people with any form of colour blindness can tell apart.
_BACKGROUND: Colour = (26, 28, 33)
_BODY: Colour = (238, 240, 243)
_HIDDEN_BACKGROUND: Colour = (96, 58, 26)
_HIDDEN_BODY: Colour = (230, 159, 0)
_GAP: Colour = (255, 255, 255)

DPI = 144
"""Of written images; lengths below are whole pixels at it, so that all rows are equally high."""

_CELL_INCHES = 1.9
_LABEL_INCHES = 1.875
_HEAD_INCHES = 0.75
_SPACE_INCHES = 0.25


@dataclass(frozen=True, eq=False)
class _Cell:
    """One generator at one amount.

    Args:
        image: Shape [rows, columns, 3], colours 0 to 255.
        share: Hidden share of the body over the whole clip, in [0, 1].
    """

    image: Clips
    share: float


def example_clips(folder: Path | None = None) -> Clips:
    """Return a few clips to show occlusions on, [n, t, h, w].

    Args:
        folder: A data set to take sequences from, spread over it; walkers are generated without one.

    Raises:
        DataError: If the folder is no data set.
    """
    if folder is not None:
        return _spread_clips(Silhouettes.open(folder))
    with TemporaryDirectory() as temporary:
        Walkers(
            identities_train=EXAMPLES,
            identities_validation=0,
            identities_test=0,
            views=(90.0,),
            views_train=(1, 1),
            recordings_train=(1, 0, 0),
            width=44,
        ).build(Path(temporary))
        return _spread_clips(Silhouettes.open(Path(temporary)))


def _spread_clips(data: Silhouettes) -> Clips:
    chosen = np.linspace(0, len(data.table) - 1, EXAMPLES).round().astype(np.int64)
    shortest = int(data.table["frames"].iloc[chosen].min())
    return np.stack([data.frames(int(i))[:shortest] for i in chosen])


def preview_sheet(
    clips: Clips,
    generators: Sequence[Occlusion],
    *,
    amounts: Sequence[float] = AMOUNTS,
    seed: int = 0,
) -> Figure:
    """Draw what each generator does to a clip at each amount.

    A cell shows frames from the clip's beginning, middle and end. Its upper half is the input, with
    the hidden region tinted; its lower half is what a method sees. Within a row, the clip and
    everything drawn besides the amount are the same.

    Args:
        clips: Shape [n, t, h, w], 0 is background; each row takes one of the clips in turn.
        generators: One row each.
        amounts: One column each, in [0, 1].
        seed: Of the draws.

    Raises:
        ConfigurationError: If there is nothing to show, or an amount is not valid.
    """
    if clips.ndim != 4 or not clips.size:
        raise ConfigurationError(
            f"A preview needs clips of shape [n, t, h, w]; got {clips.shape}. Is the split empty?"
        )
    if not generators or not amounts:
        raise ConfigurationError("A preview needs at least one occlusion and one amount.")
    rows = [
        [_cell(clips[i % len(clips)], generator, amount, seed) for amount in amounts]
        for i, generator in enumerate(generators)
    ]
    return _draw(rows, generators, amounts)


def save_sheet(figure: Figure, path: Path) -> None:
    """Write a sheet as PNG, PDF or SVG, by the path's suffix.

    Raises:
        ConfigurationError: If the suffix is another.
        StoreError: If the file cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigurationError(
            f"{path}: a sheet is written as {', '.join(SUFFIXES)}; the path's suffix is "
            f"{path.suffix!r}. Choose one of these."
        )
    # Without a date and random identifiers, the same sheet gives the same bytes.
    undated = {} if path.suffix.lower() == ".png" else {_date_key(path): None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with rc_context({"svg.hashsalt": "gaitbench"}):
            figure.savefig(path, dpi=DPI, metadata=undated)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from error


def _date_key(path: Path) -> str:
    return "Date" if path.suffix.lower() == ".svg" else "CreationDate"


def _cell(clip: Clips, generator: Occlusion, amount: float, seed: int) -> _Cell:
    t, h, w = clip.shape
    # Keyed without the amount, so that a row shows the amount's effect and nothing else.
    drawn = generator.at(amount).draw(stream(seed, "preview", generator.name), t, h, w)
    done = occlude(torch.from_numpy(np.ascontiguousarray(clip))[None], [drawn])
    shown = np.unique(np.linspace(0, t - 1, FRAMES_SHOWN).round().astype(int))
    hidden, after = done.hidden[0].numpy()[shown], done.clips[0].numpy()[shown] > 0
    before = clip[shown] > 0
    upper = _strip(_coloured(before, hidden))
    lower = _strip(_coloured(after, np.zeros_like(hidden)))
    between = np.full((max(1, h // 20), upper.shape[1], 3), _GAP, np.uint8)
    return _Cell(np.concatenate([upper, between, lower]), float(done.share))


def _coloured(body: npt.NDArray[np.bool_], hidden: npt.NDArray[np.bool_]) -> Clips:
    """Return frames [t, h, w] as colours [t, h, w, 3]."""
    palette = np.array([_BACKGROUND, _BODY, _HIDDEN_BACKGROUND, _HIDDEN_BODY], np.uint8)
    return palette[body + 2 * hidden]


def _strip(frames: Clips) -> Clips:
    """Return frames [t, h, w, 3] side by side with gaps between them."""
    gap = np.full((frames.shape[1], max(1, frames.shape[1] // 20), 3), _GAP, np.uint8)
    pieces = [piece for frame in frames for piece in (frame, gap)]
    return np.concatenate(pieces[:-1], axis=1)


def _draw(
    rows: Sequence[Sequence[_Cell]], generators: Sequence[Occlusion], amounts: Sequence[float]
) -> Figure:
    high, wide = rows[0][0].image.shape[:2]
    # Each pixel of a frame becomes a whole number of pixels.
    scale = max(1, round(_CELL_INCHES * DPI / wide)) / DPI
    cell_wide, cell_high = wide * scale, high * scale
    width = _LABEL_INCHES + len(amounts) * (cell_wide + _SPACE_INCHES)
    height = _HEAD_INCHES + len(rows) * (cell_high + _SPACE_INCHES)
    # A figure of its own, without pyplot: nothing global is changed, and no screen is needed.
    figure = Figure(figsize=(width, height), facecolor="white")
    _write_head(figure, width, height)
    for i, (generator, cells) in enumerate(zip(generators, rows, strict=True)):
        bottom = height - _HEAD_INCHES - (i + 1) * (cell_high + _SPACE_INCHES) + 0.0625
        _write_label(figure, generator, (bottom + cell_high / 2) / height, width)
        for j, (amount, cell) in enumerate(zip(amounts, cells, strict=True)):
            left = _LABEL_INCHES + j * (cell_wide + _SPACE_INCHES)
            axes = figure.add_axes(
                (left / width, bottom / height, cell_wide / width, cell_high / height)
            )
            _show(axes, cell, amount, generator)
    return figure


def _show(axes: Axes, cell: _Cell, amount: float, generator: Occlusion) -> None:
    axes.imshow(cell.image, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    low, high = generator.amount
    usual = low <= amount <= high
    axes.set_title(
        f"{amount:.2f} · hides {cell.share:.0%}",
        fontsize=7.5,
        pad=2.5,
        color="black" if usual else "0.45",
        fontweight="bold" if usual else "normal",
    )


def _write_head(figure: Figure, width: float, height: float) -> None:
    figure.text(0.1 / width, 1 - 0.12 / height, "Occlusions", fontsize=13, weight="bold", va="top")
    figure.text(
        _LABEL_INCHES / width,
        1 - 0.14 / height,
        "Each cell: amount · measured share of the body's pixels that is hidden (bold: within the "
        "default range).\nUpper half: the input, hidden region tinted. "
        "Lower half: what a method sees.",
        fontsize=7.5,
        va="top",
        color="0.25",
    )


def _write_label(figure: Figure, generator: Occlusion, middle: float, width: float) -> None:
    # About what fits beside the cells at this size of letters.
    lines = textwrap.fill(generator.amount_of, 26)
    x = 0.1 / width
    figure.text(x, middle, generator.name, fontsize=9.5, weight="bold", va="bottom")
    figure.text(x, middle, "\n" + lines, fontsize=6.5, va="top", color="0.35")
