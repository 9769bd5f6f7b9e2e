"""One look for all figures: a colour and a marker per method, the same in every figure."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gaitbench.core.atomic import replacing
from gaitbench.results.table import Entry
from gaitbench.results.titles import compared_names

# seaborn's "colorblind" palette: distinguishable with the common colour vision deficiencies.
_PALETTE = [mpl.colors.to_hex(colour) for colour in sns.color_palette("colorblind")]
_MARKERS = "osD^vPX*<>"


@dataclass(frozen=True)
class Look:
    """Colour and marker of a method."""

    colour: str
    marker: str


def looks(methods: Sequence[str]) -> dict[str, Look]:
    """Return the look of each method: fixed for compared methods, in order for all others."""
    # Fixed places in the palette, so that a method keeps its colour when others are left out.
    fixed = compared_names()
    order = [*fixed, *(method for method in methods if method not in fixed)]
    places = {method: place for place, method in enumerate(order)}
    return {
        method: Look(
            _PALETTE[places[method] % len(_PALETTE)], _MARKERS[places[method] % len(_MARKERS)]
        )
        for method in methods
    }


@contextmanager
def styled() -> Iterator[None]:
    """Apply the look within a block; global settings are as before afterwards."""
    sizes: dict[str, Any] = {
        "font.size": 11,
        "axes.titlesize": 11,
        "axes.labelsize": 11,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "legend.fontsize": 10,
        "lines.markersize": 6,
        # Letters as letters: a PDF's text can be searched and copied.
        "pdf.fonttype": 42,
    }
    with mpl.rc_context(cast(Any, {**sns.axes_style("whitegrid"), **sizes})):
        yield


def panels(
    titles: Sequence[str], *, columns: int = 3, size: tuple[float, float] = (3.4, 2.9)
) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure of small multiples with shared axes, one per title; pyplot knows none."""
    n_columns = min(columns, len(titles))
    n_rows = -(-len(titles) // n_columns)
    # One inch on top for a legend above the panels.
    figure = Figure(
        figsize=(max(size[0] * n_columns, 5.0), size[1] * n_rows + 0.7), layout="constrained"
    )
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    axes = dict(zip(titles, grid.flat, strict=False))
    for i, unused in enumerate(grid.flat):
        if i >= len(titles):
            unused.set_axis_off()
            # The panel above it is then the lowest of its column and needs its own tick labels.
            grid.flat[i - n_columns].tick_params(labelbottom=True)
    for title, ax in axes.items():
        ax.set_title(title)
    return figure, axes


def legend_above(figure: Figure, handles: Mapping[str, Any], *, columns: int) -> None:
    """Put one legend above all panels, where it covers nothing."""
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside upper center",
        ncols=min(columns, len(handles)),
        frameon=False,
    )


def error_bars(cells: Sequence[Entry]) -> npt.NDArray[np.float64] | None:
    """Return how far the bars of measured cells reach below and above, in percent, shape (2, cells).

    A cell without an interval has its spread over seeds, or no bar; None where no cell has any.
    """
    spread = [cell.spread or 0.0 for cell in cells]
    ends = [
        (value - cell.low, cell.high - value)
        if cell.low is not None and cell.high is not None
        else (s, s)
        for cell, s in zip(cells, spread, strict=True)
        for value in [cell.value or 0.0]
    ]
    bars = 100 * np.maximum(0.0, np.array(ends, dtype=float)).T
    return bars if bars.any() else None


def arrange(figure: Figure) -> None:
    """Settle where everything lies in a figure, once for all the forms in which it is written."""
    engine = figure.get_layout_engine()
    if engine is not None:
        with styled():
            engine.execute(figure)
        figure.set_layout_engine("none")


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF beside each other; the same figure gives the same bytes."""
    written = []
    # Dates and versions in the metadata would make two equal figures differ.
    for ending, metadata in (("png", {"Software": None}), ("pdf", {"CreationDate": None})):
        path = stem.with_name(f"{stem.name}.{ending}")
        with replacing(path) as temporary, styled():
            figure.savefig(temporary, format=ending, dpi=150, metadata=metadata)
        written.append(path)
    return written
