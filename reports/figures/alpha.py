"""Estimated alpha over the hidden share of every probe, a panel per method."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.reports.figures.base import ReportFigure
from gaitbench.results.frame import Results
from gaitbench.results.places import (
    conditions,
    places,
    table_names,
    titles,
    where,
)
from gaitbench.results.section import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@register("alpha")
class AlphaFigure(ReportFigure):
    """Estimated alpha over hidden share, per condition and place."""

    title, section = "Estimated alpha", "detectors"

    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield, per condition and place, estimated alpha over hidden share, a panel per method."""
        cells = results.of("occluded")
        cells = cells[(cells["test"] != HOLISTIC_TEST) & (cells["status"] == "done")]
        parts = [
            (condition, place, scores)
            for condition, part in conditions(cells)
            for place in places(part)
            if (scores := _alphas(results, place.of(part)))
        ]
        names = table_names("alpha", [(*c.words, p.title) for c, p, _ in parts])
        for name, (condition, place, scores) in zip(names, parts, strict=True):
            yield Drawing(
                name,
                f"Estimated alpha over the measured hidden share of each probe, {place.title}, "
                f"{condition.title}, all evaluated seeds together; dashed: equal; "
                "r: Pearson correlation.",
                partial(_alpha, scores),
            )


def _alphas(results: Results, cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return printed method name -> hidden share and alpha of all its probes, where it has both."""
    columns = ["hidden_share", "alpha"]
    by_title = {}
    for method, title in titles(cells).items():
        keys = where(cells, method=method)["key"].drop_duplicates()
        frames = [
            scores for key in keys if {*columns} <= {*(scores := results.all_pairs(key)).columns}
        ]
        both = [frame[columns].dropna() for frame in frames]
        if any(len(frame) for frame in both):
            by_title[title] = pd.concat(both, ignore_index=True)
    return by_title


def _alpha(scores: dict[str, pd.DataFrame]) -> "Figure":
    from gaitbench.reports.drawing.style import panels

    figure, axes = panels(list(scores), size=(3.6, 3.3))
    for title, ax in axes.items():
        x = 100 * scores[title]["hidden_share"].to_numpy(float)
        y = 100 * scores[title]["alpha"].to_numpy(float)
        # Bins instead of points once points would hide each other.
        if len(x) > 400:
            ax.hexbin(
                x, y, gridsize=24, extent=(0, 100, 0, 100), mincnt=1, bins="log", cmap="cividis"
            )
        else:
            ax.scatter(x, y, s=18, alpha=0.6, color="#0173b2", linewidths=0)
        ax.axline((0, 0), slope=1, color="0.15", linestyle="--", linewidth=1.2)
        ax.set(xlim=(-3, 103), ylim=(-3, 103), aspect="equal")
        ax.set_xticks(range(0, 101, 25))
        ax.set_yticks(range(0, 101, 25))
        ax.text(
            0.04, 0.96, _correlation(x, y), transform=ax.transAxes, va="top", fontsize=10,
            bbox={"facecolor": "white", "edgecolor": "0.8", "boxstyle": "round,pad=0.3"},
        )  # fmt: skip
    figure.supxlabel("Measured hidden share of the body (%)", fontsize=11)
    figure.supylabel("Estimated alpha (%)", fontsize=11)
    return figure


def _correlation(x: np.ndarray, y: np.ndarray) -> str:
    # A constant alpha, or one probe, correlates with nothing.
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return f"n = {len(x)}"
    return f"n = {len(x)}, r = {np.corrcoef(x, y)[0, 1]:.2f}"
