"""A protocol with a coordinate, a table and a figure of its own: how many frames are needed?

gaitbench run --protocol clip-length --plugin examples/plugins/clip_length.py
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from gaitbench import Cell, Column, Drawing, Entry, Protocol, Results, Row, Section, Table, register
from gaitbench.core.units import Better, Unit
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Coordinate
from gaitbench.results.estimates import estimate
from gaitbench.results.footers import footer
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import titles, where

LENGTHS = (1, 2, 4, 8)


@register("clip-length")
@dataclass(frozen=True)
class ClipLength(Protocol):
    """Every method on the setting's clips, shortened."""

    about = "the setting's own test on ever shorter clips"
    coordinates: ClassVar[Mapping[str, Coordinate]] = {"frames": 0}

    def cells(self, bench: Bench) -> list[Cell]:
        """Return method × length."""
        return [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for frames in LENGTHS
            for cell in bench.cells(
                self.name, method, backbone, bench.stage(method, backbone, seed),
                bench.setting.test, bench.setting.test_name,
                at={"frames": frames}, frames=frames, draws=1,
            )
        ]  # fmt: skip

    def sections(self, results: Results) -> list[Section]:
        """Return a row per method, a column per length, and the same as curves."""
        cells = results.of(self.name)
        columns = [Column("Method")]
        columns += [Column(f"{n} frames", "Rank-1", Unit.PERCENT, Better.HIGHER) for n in LENGTHS]
        entries = {
            title: [
                estimate(results, where(cells, method=m, frames=n), "rank_1", seeds_of(cells))
                for n in LENGTHS
            ]
            for m, title in titles(cells).items()
        }
        rows = tuple(Row((Entry(title), *values)) for title, values in entries.items())
        note = footer(results, cells, "Rank-1 in percent.", intervals="rank_1")
        table = Table("clip-length", "How many frames are needed", tuple(columns), rows, note)
        caption = "Rank-1 against the number of frames of probe and gallery."
        drawing = Drawing("clip-length", caption, lambda: _curves(entries))
        return [Section("Clip length", self.name, tables=(table,), drawings=(drawing,))]


def _curves(entries: Mapping[str, list[Entry]]) -> Figure:
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    ax = figure.subplots()
    for title, values in entries.items():
        rates = [np.nan if entry.value is None else 100 * entry.value for entry in values]
        ax.plot(LENGTHS, rates, marker="o", label=title)
    ax.set(xlabel="Frames", ylabel="Rank-1 (%)", ylim=(0, None))
    ax.legend(frameon=False)
    return figure
