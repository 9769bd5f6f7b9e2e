"""Losses against steps: a panel per training, with its verdict."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gaitbench.core.arrays import Doubles, Integers
from gaitbench.core.registry import register
from gaitbench.reports.figures.base import ReportFigure
from gaitbench.results.frame import RecordedTraining, Results, training_names
from gaitbench.results.section import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEAST_CHECKS = 3
"""Between two, everything is a straight line."""

_LETTERS = 36
"""Of a panel's title in one line."""


@register("training-curves")
class TrainingCurvesFigure(ReportFigure):
    """Training and validation losses by seed, further trainings in a figure of their own."""

    title, section = "Training curves", "convergence"

    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield a figure of the trainings from new weights, and one of further trainings."""
        for name, words, is_further in (
            ("training-curves", "trainings", False),
            ("training-curves-further", "further trainings, which go on from others", True),
        ):
            shown = _longest(t for t in results.trainings if t.is_further is is_further)
            if shown:
                yield Drawing(
                    name,
                    f"Losses of all {words}: sums of the loss terms; 0 and 1 are the lowest and highest "
                    "check of the mean over seeds. A line per seed. Grey: the last fifth of the steps, "
                    "which the verdict is about. Of trainings that differ in their steps alone, the "
                    "longest.",
                    partial(_drawn, shown),
                )


def _longest(trainings: Iterable[RecordedTraining]) -> list[RecordedTraining]:
    """Return those that have enough checks for a line; of those that differ in steps alone, the longest."""
    longest: dict[tuple[str, float], RecordedTraining] = {}
    for training in sorted(trainings, key=lambda t: t.steps):
        if min(len(losses.steps) for losses in training.losses.values()) >= _LEAST_CHECKS:
            longest[training.title, training.hidden] = training
    return [*longest.values()]


def _drawn(trainings: Sequence[RecordedTraining]) -> "Figure":
    from gaitbench.reports.drawing.style import legend_above, looks, panels

    numbers = [str(i) for i in range(len(trainings))]
    figure, axes = panels(numbers, columns=4, size=(2.9, 2.2))
    colours = [look.colour for look in looks(["baseline-1", "baseline-2"]).values()]
    handles: dict[str, object] = {}
    for number, name, training in zip(numbers, training_names(trainings), trainings, strict=True):
        ax, recorded = axes[number], list(training.losses.values())
        steps = recorded[0].steps
        ax.axvspan(80, 100, color="0.93", zorder=0)
        of_kind = {
            "training": [losses.training for losses in recorded],
            "validation": [losses.validation for losses in recorded],
        }
        for (kind, losses), colour in zip(of_kind.items(), colours, strict=True):
            if np.isfinite(losses).all():
                handles[kind] = _lines(ax, steps, np.stack(losses), colour)
        _title(ax, name, training)
    ax.set_ylim(-0.15, 1.15)
    ax.set_yticks([0, 0.5, 1])
    ax.set_xticks(range(0, 101, 50))
    figure.supxlabel("Steps (% of the schedule)", fontsize=11)
    figure.supylabel("Loss (share of its range)", fontsize=11)
    legend_above(figure, handles, columns=2)
    return figure


def _lines(ax: "Axes", steps: Integers, losses: Doubles, colour: str) -> object:
    """Draw a line per seed, shape of `losses` (seeds, checks), and return one for the legend."""
    mean = losses.mean(axis=0)
    scaled = (losses - mean.min()) / (np.ptp(mean) or 1.0)
    return ax.plot(100 * steps / steps[-1], scaled.T, color=colour, linewidth=1.1, alpha=0.8)[0]


def _title(ax: "Axes", name: str, training: RecordedTraining) -> None:
    convergence = training.convergence
    about = f"{name}, {training.steps} steps"
    lines = textwrap.wrap(about, _LETTERS, break_on_hyphens=False)
    ax.set_title(
        "\n".join([*lines, convergence.words]),
        fontsize=9,
        fontweight="bold" if convergence.still_falls else "normal",
    )
