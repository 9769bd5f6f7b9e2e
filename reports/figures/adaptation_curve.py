"""Adaptation as a curve: Rank-1 on the new type, the old types and whole clips against steps."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gaitbench.core.registry import register
from gaitbench.protocols.adaptation_curve import Curve, adaptation_curves, adaptation_points
from gaitbench.reports.figures.base import ReportFigure, any_done
from gaitbench.results.frame import Results
from gaitbench.results.places import titles
from gaitbench.results.section import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@register("adaptation-curve")
class AdaptationFigure(ReportFigure):
    """Rank-1 against steps of further training, per new type."""

    title, section = "Adaptation as a curve", "adaptation-curve"

    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield a figure per new type."""
        for curve in adaptation_curves(results):
            if not any_done(curve.cells):
                continue
            yield Drawing(
                curve.name,
                f"Rank-1 against steps of further training with {curve.new_type}, {curve.place.title}, "
                f"setting {curve.condition.setting}. Every point is a training of its own. Bars: 95 % "
                "interval over the tested identities and, with several, the seeds.",
                partial(_drawn, results, curve),
            )


def _drawn(results: Results, curve: Curve) -> "Figure":
    from gaitbench.reports.drawing.style import error_bars, legend_above, looks, panels

    printed = titles(curve.cells)
    words = {
        f"{label}: {test}" if label != test else test: test for test, label in curve.tests.items()
    }
    figure, axes = panels(list(words), columns=len(words), size=(3.2, 2.9))
    look, handles = looks(list(printed)), {}
    for panel, ax in axes.items():
        for i, (method, title) in enumerate(printed.items()):
            points = adaptation_points(results, curve, method, words[panel])
            measured = [(steps, cell) for steps, cell in points if cell.value is not None]
            if not measured:
                continue
            cells = [cell for _, cell in measured]
            # Steps double from point to point; a little to the side, bars do not cover each other.
            place = [
                curve.budgets.index(steps) + 0.06 * (i - len(printed) / 2) for steps, _ in measured
            ]
            handles[title] = ax.errorbar(
                place,
                100 * np.array([cell.value for cell in cells], dtype=float),
                yerr=error_bars(cells),
                color=look[method].colour,
                marker=look[method].marker,
                markeredgecolor="white",
                markeredgewidth=0.6,
                linewidth=1.6,
                capsize=2,
            ).lines[0]
        ax.set_xticks(range(len(curve.budgets)), [str(steps) for steps in curve.budgets])
    # Once everything is drawn: the panels share an axis, which would stay as the first one left it.
    next(iter(axes.values())).set_ylim(bottom=0)
    figure.supxlabel("Steps of further training", fontsize=11)
    figure.supylabel("Rank-1 (%)", fontsize=11)
    legend_above(figure, handles, columns=5)
    return figure
