"""The sweep as curves over the measured hidden share, a panel per generator."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gaitbench.core.registry import register
from gaitbench.protocols.sweep import Swept, severities, sweeps
from gaitbench.reports.figures.base import ReportFigure, any_done, spread_words
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import measured, seeds_of, summarise
from gaitbench.results.places import (
    titles,
    values_of,
    where,
)
from gaitbench.results.section import Drawing
from gaitbench.results.titles import side_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gaitbench.reports.drawing.style import Look


@register("sweep")
class SweepFigure(ReportFigure):
    """Rank-1 over the measured hidden share, per sweep."""

    title, section = "Severity sweep", "sweep"

    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield, per sweep, Rank-1 over the measured hidden share: a panel per generator."""
        for swept in sweeps(results):
            if not any_done(swept.cells):
                continue
            yield Drawing(
                swept.name,
                f"Rank-1 over the measured hidden share of the body, from whole clips on, "
                f"{swept.place.title}, setting {swept.condition.setting}, occluded: "
                f"{side_title(swept.condition.side)}. Dotted: chance level. {spread_words(swept.cells)}",
                partial(_severity, swept),
            )


def _severity(swept: Swept) -> "Figure":
    from gaitbench.reports.drawing.style import legend_above, looks, panels

    cells = swept.cells
    generators, printed = values_of(cells, "test"), titles(cells)
    # Many panels are smaller and closer to the shape of a page.
    many = len(generators) > 8
    size = (2.7, 2.3) if many else (3.4, 2.9)
    figure, axes = panels(generators, columns=5 if many else 3, size=size)
    look, handles = looks(list(printed)), {}
    for generator in generators:
        # Every curve begins at whole clips, which no generator touched.
        ax, of_generator = axes[generator], pd.concat([swept.whole, where(cells, test=generator)])
        for method, title in printed.items():
            handles[title] = _curve(ax, of_generator, method, look[method], seeds_of(cells))
        chance = of_generator["chance_rank_1"].dropna()
        if len(chance):
            handles["chance"] = ax.axhline(
                100 * chance.mean(), color="0.3", linestyle=":", linewidth=1.4
            )
    _percent_axes(list(axes.values()))
    figure.supxlabel("Measured hidden share of the body (%)", fontsize=11)
    figure.supylabel("Rank-1 (%)", fontsize=11)
    legend_above(figure, handles, columns=6 if len(generators) > 2 else 3)
    return figure


def _curve(ax: "Axes", cells: pd.DataFrame, method: str, look: "Look", seeds: list[int]) -> object:
    points = []
    for severity in severities(cells):
        at_severity = where(cells, severity=severity, method=method)
        rate = summarise(measured(at_severity, "rank_1", seeds))
        share = summarise(measured(at_severity, "hidden_share", seeds))
        # A missing point interrupts the line instead of being bridged.
        is_measured = rate.value is not None and share.value is not None
        points.append(
            (share.value, rate.value, rate.spread or 0.0) if is_measured else (np.nan,) * 3
        )
    x, y, spread = (100 * np.array(points, dtype=float)).T
    drawn = ax.errorbar(
        x, y, yerr=spread if np.nansum(spread) else None, color=look.colour, marker=look.marker,
        markeredgecolor="white", markeredgewidth=0.6, linewidth=1.6, capsize=2,
    )  # fmt: skip
    # Line and marker alone stand for the method in the legend.
    return drawn.lines[0]


def _percent_axes(axes: Sequence["Axes"]) -> None:
    for ax in axes:
        ax.set_ylim(-3, 103)
        ax.set_yticks(range(0, 101, 25))
