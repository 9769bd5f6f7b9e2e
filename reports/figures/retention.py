"""Holistic retention as bars under the line of the upper bound."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, REFERENCE
from gaitbench.reports.figures.base import ReportFigure, any_done, spread_words
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import measured, seeds_of, summarise
from gaitbench.results.places import (
    Condition,
    conditions,
    places,
    table_names,
    titles,
    upper_bound,
    where,
)
from gaitbench.results.section import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@register("retention")
class RetentionFigure(ReportFigure):
    """Bars of holistic Rank-1, per setting and side."""

    title, section = "Holistic retention", "retention"

    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield, per setting and side, bars of holistic Rank-1 under the line of the upper bound."""
        cells = results.of("retention")
        cells = cells[(cells["test"] == HOLISTIC_TEST) & (cells["method"] != REFERENCE)]
        parts = [(c, part) for c, part in conditions(cells) if any_done(part)]
        names = table_names("retention", [c.words for c, _ in parts])
        for name, (condition, part) in zip(names, parts, strict=True):
            yield Drawing(
                name,
                f"Holistic Rank-1 after training in setting {condition.setting}; dashed: Baseline-1, "
                f"the upper bound. {spread_words(part)}",
                partial(_retention, results, condition, part),
            )


def _retention(results: Results, condition: Condition, cells: pd.DataFrame) -> "Figure":
    from gaitbench.reports.drawing.style import looks, panels

    shown_places, printed, seeds = places(cells), titles(cells), seeds_of(cells)
    size = (max(3.4, 1.0 * len(printed) + 0.8), 3.2)
    figure, axes = panels([place.title for place in shown_places], columns=2, size=size)
    look = looks(list(printed))
    for place in shown_places:
        ax, at_place = axes[place.title], place.of(cells)
        for i, method in enumerate(printed):
            cell = summarise(measured(where(at_place, method=method), "rank_1", seeds))
            if cell.value is None:
                ax.text(i, 1, "missing", ha="center", va="bottom", rotation=90, color="0.35")
                continue
            spread = None if cell.spread is None else 100 * cell.spread
            ax.bar(
                i, 100 * cell.value, width=0.65, color=look[method].colour, yerr=spread, capsize=3
            )
            _label_bar(ax, i, 100 * cell.value, spread or 0.0)
        bound = summarise(measured(upper_bound(results, place, condition), "rank_1", seeds))
        if bound.value is not None:
            # In the title, where its number meets neither bars nor error bars.
            ax.axhline(100 * bound.value, color="0.15", linestyle="--", linewidth=1.4)
            ax.set_title(f"{place.title}\nupper bound {100 * bound.value:.1f}")
        ax.set_xticks(range(len(printed)), list(printed.values()), rotation=25, ha="right")
        ax.set_xlim(-0.6, len(printed) - 0.4)
        ax.grid(visible=False, axis="x")
        ax.set_ylim(0, 106)
        ax.set_yticks(range(0, 101, 20))
    figure.supylabel("Rank-1 on holistic clips (%)", fontsize=11)
    return figure


def _label_bar(ax: "Axes", x: float, height: float, spread: float) -> None:
    # At the foot of the bar: at its top the number would meet the line of the upper bound.
    y = 2.0 if height > 10 else height + spread + 2
    ax.text(x, y, f"{height:.1f}", ha="center", va="bottom", color="black", fontsize=11)
