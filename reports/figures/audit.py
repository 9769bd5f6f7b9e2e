"""The setting audit as a figure: a panel per test, a row per method, a mark per training setting."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.protocols.audit import METRIC, AuditGrid, audits
from gaitbench.reports.figures.base import ReportFigure, any_done
from gaitbench.results.estimates import estimate
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import titles, where
from gaitbench.results.section import Drawing

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gaitbench.reports.drawing.style import Look

_STEP = 0.2
"""Between marks of one method, in rows."""


@register("audit")
class AuditFigure(ReportFigure):
    """Rank-1 of every method under every pair of settings, per place."""

    title, section = "Setting audit", "audit"

    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield, per place, Rank-1 of every method under every pair of settings."""
        for audit in audits(results):
            if not any_done(audit.cells):
                continue
            yield Drawing(
                audit.name,
                f"Rank-1 of every method by the setting that it is tested under (panels) and trained under "
                f"(marks), {audit.place.title}. Bars: 95 % interval over the tested identities and, with "
                "several, the seeds. Dotted: chance level.",
                partial(_drawn, audit),
            )


def _drawn(audit: AuditGrid) -> "Figure":
    from gaitbench.reports.drawing.style import legend_above, looks, panels

    printed = titles(audit.cells)
    tests = {f"tested under\n{setting}": setting for setting in audit.settings}
    tests["tested on\nwhole clips"] = HOLISTIC_TEST
    figure, axes = panels(list(tests), columns=len(tests), size=(2.6, 0.55 * len(printed) + 1.0))
    look, handles = looks(["", *audit.settings]), {}
    labels = {"": "trained on whole clips"} | {s: f"trained under {s}" for s in audit.settings}
    for title, ax in axes.items():
        tested = _met_by(audit, tests[title])
        for i, method in enumerate(printed):
            of_method = where(tested, method=method)
            trained = (
                ["", *audit.settings] if (of_method["trained"] == "").all() else audit.settings
            )
            for k, name in enumerate(trained):
                y = i + _STEP * (k - (len(audit.settings) - 1) / 2 if name else 0)
                mark = _mark(audit, ax, where(of_method, trained=name), y, look[name])
                if mark is not None:
                    handles[labels[name]] = mark
        _finish(ax, tested, list(printed.values()))
    # Once everything is drawn: the panels share an axis, which would stay as the first one left it.
    next(iter(axes.values())).set_xlim(left=0)
    figure.supxlabel("Rank-1 (%)", fontsize=11)
    legend_above(
        figure, {title: handles[title] for title in labels.values() if title in handles}, columns=4
    )
    return figure


def _met_by(audit: AuditGrid, test: str) -> pd.DataFrame:
    """Return the evaluations on whole clips, or on the test clips of a setting."""
    if test == HOLISTIC_TEST:
        return where(audit.cells, test=HOLISTIC_TEST)
    return where(audit.cells[audit.cells["test"] != HOLISTIC_TEST], setting=test)


def _mark(
    audit: AuditGrid, ax: "Axes", cells: pd.DataFrame, y: float, look: "Look"
) -> "Artist | None":
    from gaitbench.reports.drawing.style import error_bars

    if cells.empty:
        return None
    cell = estimate(audit.results, cells, METRIC, seeds_of(cells))
    if cell.value is None:
        return None
    return ax.errorbar(
        100 * cell.value,
        y,
        xerr=error_bars([cell]),
        color=look.colour,
        marker=look.marker,
        markeredgecolor="white",
        markeredgewidth=0.6,
        linestyle="none",
        capsize=2,
    ).lines[0]


def _finish(ax: "Axes", cells: pd.DataFrame, names: list[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    chance = cells["chance_rank_1"].dropna()
    if len(chance):
        ax.axvline(100 * chance.mean(), color="0.3", linestyle=":", linewidth=1.4)
