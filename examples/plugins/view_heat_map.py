"""A figure: Rank-1 of every method by the view of the probe, as a heat map beside the main table.

gaitbench report --plugin examples/plugins/view_heat_map.py
"""

from collections.abc import Iterator
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from gaitbench import Drawing, ReportFigure, Results, register
from gaitbench.results.places import titles, where


@register("view-heat-map")
class ViewHeatMap(ReportFigure):
    """From which side is everybody hard to recognise?"""

    title, section = "Rank-1 by view", "occluded"

    def drawings(self, results: Results) -> Iterator[Drawing]:
        """Yield one heat map, where anything was measured."""
        cells = where(results.of("occluded"), status="done")
        rates = {}
        for method, title in titles(cells).items():
            scores = pd.concat(map(results.probes, where(cells, method=method)["key"]))
            with_mates = scores[scores["mates"] > 0]
            rates[title] = (with_mates["rank"] == 1).groupby(with_mates["view"]).mean()
        if rates:
            caption = "Rank-1 by the view of the probe, all seeds and draws together."
            yield Drawing("view-heat-map", caption, partial(_heat_map, pd.DataFrame(rates).T))


def _heat_map(rates: pd.DataFrame) -> Figure:
    figure = Figure(
        figsize=(1 + 0.7 * len(rates.columns), 1 + 0.4 * len(rates)), layout="constrained"
    )
    ax = figure.subplots()
    drawn = ax.imshow(100 * rates, vmin=0, vmax=100, cmap="cividis", aspect="auto")
    ax.set_xticks(range(len(rates.columns)), rates.columns)
    ax.set_yticks(range(len(rates)), rates.index)
    ax.set_xlabel("View of the probe")
    ax.grid(visible=False)
    figure.colorbar(drawn, label="Rank-1 (%)")
    return figure
