"""The report's figures. Each function returns finished figures and draws only what was measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gaitbench.reports.figures.style import Look, legend_above, looks, panels, styled
from gaitbench.reports.sweep_tables import Swept, severities, sweeps
from gaitbench.results.frame import Results
from gaitbench.results.names import side_title
from gaitbench.results.per_seed import measured, seeds_of, summarise
from gaitbench.results.places import (
    HOLISTIC,
    UPPER_BOUND,
    Condition,
    conditions,
    places,
    table_names,
    titles,
    upper_bound,
    values_of,
    where,
)

_SPREAD = "Error bars: sample standard deviation over seeds."


@dataclass(frozen=True)
class NamedFigure:
    """A figure, what its files are called, and its caption."""

    name: str
    caption: str
    figure: Figure


def retention_figures(results: Results) -> Iterator[NamedFigure]:
    """Yield, per setting and side, bars of holistic Rank-1 under the line of the upper bound."""
    cells = results.of("retention")
    cells = cells[(cells["test"] == HOLISTIC) & (cells["method"] != UPPER_BOUND)]
    parts = [(c, part) for c, part in conditions(cells) if _any_done(part)]
    names = table_names("retention", [(c.setting, c.side) for c, _ in parts])
    for name, (condition, part) in zip(names, parts, strict=True):
        with styled():
            figure = _retention(results, condition, part)
        yield NamedFigure(
            name,
            f"Holistic Rank-1 after training in setting {condition.setting}; dashed: Baseline-1, "
            f"the upper bound. {_spread_words(part)}",
            figure,
        )


def _retention(results: Results, condition: Condition, cells: pd.DataFrame) -> Figure:
    where_to, printed, seeds = places(cells), titles(cells), seeds_of(cells)
    size = (max(3.4, 1.0 * len(printed) + 0.8), 3.2)
    figure, axes = panels([place.title for place in where_to], columns=2, size=size)
    look = looks(list(printed))
    for place in where_to:
        ax, mine = axes[place.title], place.of(cells)
        for i, method in enumerate(printed):
            cell = summarise(measured(where(mine, method=method), "rank_1", seeds))
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


def _label_bar(ax: Axes, x: float, height: float, spread: float) -> None:
    # At the foot of the bar: at its top the number would meet the line of the upper bound.
    y = 2.0 if height > 10 else height + spread + 2
    ax.text(x, y, f"{height:.1f}", ha="center", va="bottom", color="black", fontsize=11)


def severity_figures(results: Results) -> Iterator[NamedFigure]:
    """Yield, per sweep, Rank-1 over the measured hidden share: a panel per generator."""
    for swept in sweeps(results):
        if not _any_done(swept.cells):
            continue
        with styled():
            figure = _severity(swept)
        yield NamedFigure(
            swept.name,
            f"Rank-1 over the measured hidden share of the body, from whole clips on, "
            f"{swept.place.title}, setting {swept.condition.setting}, occluded: "
            f"{side_title(swept.condition.side)}. Dotted: chance level. {_spread_words(swept.cells)}",
            figure,
        )


def _severity(swept: Swept) -> Figure:
    cells = swept.cells
    generators, printed = values_of(cells, "test"), titles(cells)
    # Many panels are smaller and closer to the shape of a page.
    many = len(generators) > 8
    size = (2.7, 2.3) if many else (3.4, 2.9)
    figure, axes = panels(generators, columns=5 if many else 3, size=size)
    look, handles = looks(list(printed)), {}
    for generator in generators:
        # Every curve begins at whole clips, which no generator touched.
        ax, here = axes[generator], pd.concat([swept.whole, where(cells, test=generator)])
        for method, title in printed.items():
            handles[title] = _curve(ax, here, method, look[method], seeds_of(cells))
        chance = here["chance_rank_1"].dropna()
        if len(chance):
            handles["chance"] = ax.axhline(
                100 * chance.mean(), color="0.3", linestyle=":", linewidth=1.4
            )
    _percent_axes(list(axes.values()))
    figure.supxlabel("Measured hidden share of the body (%)", fontsize=11)
    figure.supylabel("Rank-1 (%)", fontsize=11)
    legend_above(figure, handles, columns=6 if len(generators) > 2 else 3)
    return figure


def _curve(ax: Axes, cells: pd.DataFrame, method: str, look: Look, seeds: list[int]) -> object:
    points = []
    for severity in severities(cells):
        here = where(cells, severity=severity, method=method)
        rate = summarise(measured(here, "rank_1", seeds))
        share = summarise(measured(here, "hidden_share", seeds))
        # A missing point interrupts the line instead of being bridged.
        known = rate.value is not None and share.value is not None
        points.append((share.value, rate.value, rate.spread or 0.0) if known else (np.nan,) * 3)
    x, y, spread = (100 * np.array(points, dtype=float)).T
    drawn = ax.errorbar(
        x, y, yerr=spread if np.nansum(spread) else None, color=look.colour, marker=look.marker,
        markeredgecolor="white", markeredgewidth=0.6, linewidth=1.6, capsize=2,
    )  # fmt: skip
    # Line and marker alone stand for the method in the legend.
    return drawn.lines[0]


def _percent_axes(axes: Sequence[Axes]) -> None:
    for ax in axes:
        ax.set_ylim(-3, 103)
        ax.set_yticks(range(0, 101, 25))


def alpha_figures(results: Results) -> Iterator[NamedFigure]:
    """Yield, per condition and place, estimated alpha over hidden share, a panel per method."""
    cells = results.of("occluded")
    cells = cells[(cells["test"] != HOLISTIC) & (cells["status"] == "done")]
    parts = [
        (condition, place, scores)
        for condition, part in conditions(cells)
        for place in places(part)
        if (scores := _alphas(results, place.of(part)))
    ]
    names = table_names("alpha", [(c.setting, c.side, p.title) for c, p, _ in parts])
    for name, (condition, place, scores) in zip(names, parts, strict=True):
        with styled():
            figure = _alpha(scores)
        yield NamedFigure(
            name,
            f"Estimated alpha over the measured hidden share of each probe, {place.title}, setting "
            f"{condition.setting}, all evaluated seeds together; dashed: equal; "
            "r: Pearson correlation.",
            figure,
        )


def _alphas(results: Results, cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return printed method name -> hidden share and alpha of all its probes, where it has both."""
    wanted = ["hidden_share", "alpha"]
    found = {}
    for method, title in titles(cells).items():
        keys = where(cells, method=method)["key"].drop_duplicates()
        frames = [scores for key in keys if {*wanted} <= {*(scores := results.probes(key)).columns}]
        both = [frame[wanted].dropna() for frame in frames]
        if any(len(frame) for frame in both):
            found[title] = pd.concat(both, ignore_index=True)
    return found


def _alpha(scores: dict[str, pd.DataFrame]) -> Figure:
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


def _any_done(cells: pd.DataFrame) -> bool:
    return bool((cells["status"] == "done").any())


def _spread_words(cells: pd.DataFrame) -> str:
    return _SPREAD if len(seeds_of(cells)) > 1 else "One seed, so no error bars."
