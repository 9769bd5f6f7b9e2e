"""Whether a run ranks the methods as the papers do.

An order needs no common scale, so it is compared whatever differs between the conditions, as long as
protocol and test correspond; what differs is printed beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gaitbench.core.units import Unit
from gaitbench.reports.published.conditions import (
    BY_SEARCH,
    MeasuredConditions,
    Meeting,
    Printed,
    difference_words,
    printed_orders,
)
from gaitbench.reports.published.figures import (
    load_published,
    published_title,
    source_letters,
    sources_line,
)
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import averaged, flagged, seeds_of
from gaitbench.results.places import values_of, where
from gaitbench.results.table import Column, Entry, Missing, Row, Table
from gaitbench.results.titles import backbone_title, dataset_title, method_title
from gaitbench.statistics.agreement import kendall_tau
from gaitbench.statistics.intervals import Unavailable

FEWEST_METHODS = 3
"""An order of two methods is one comparison, which the tables of differences test."""

_METRICS = ("rank_1", "rank_5")


@dataclass(frozen=True, eq=False)
class _Orders:
    """Measured orders. Many published ones meet the same evaluations, whose values are kept.

    Args:
        results: Of the run.
    """

    results: Results
    _kept: dict[tuple[int, str, str], tuple[pd.DataFrame, Entry]] = field(default_factory=dict)

    def tau(self, meeting: Meeting, metric: str, published: dict[str, float]) -> Entry:
        """Return tau between published values and measured ones with its interval, or what is missing."""
        tested = values_of(meeting.cells, "method")
        methods = [method for method in published if method in tested]
        if not methods:
            return Entry()
        if len(methods) < FEWEST_METHODS:
            return Entry(
                missing=Missing(f"{published_title(metric)} is published of fewer methods")
            )
        outcomes = [self._measured(meeting, method, metric) for method in methods]
        for method, (_, cell) in zip(methods, outcomes, strict=True):
            if cell.missing:
                reason = f"{method_title(method)}: {cell.missing.reason}"
                return Entry(missing=Missing(reason, cell.missing.commands))
        published_values = [published[method] for method in methods]
        values = np.array([cell.value for _, cell in outcomes], np.float64)
        tau = float(kendall_tau(np.array(published_values), values))
        if not np.isfinite(tau):
            return Entry(missing=Missing("all methods tie in one of the two lists"))
        interval = self.results.uncertainty.order(
            [cells for cells, _ in outcomes], metric, published_values
        )
        if isinstance(interval, Unavailable):
            # A bare tau of a few methods says nothing: chance alone may give 1.
            return Entry(missing=Missing(f"no interval: {interval.reason}"))
        entry = Entry(value=tau, low=interval.low, high=interval.high)
        return flagged(entry, *(cells for cells, _ in outcomes))

    def _measured(self, meeting: Meeting, method: str, metric: str) -> tuple[pd.DataFrame, Entry]:
        key = (id(meeting.cells), method, metric)
        if key not in self._kept:
            cells = where(meeting.cells, method=method)
            self._kept[key] = (cells, averaged(cells, metric, seeds_of(meeting.cells)))
        return self._kept[key]


def order_tables(run: MeasuredConditions) -> list[Table]:
    """Return the table of all published orders whose methods were measured; none if there are none."""
    letters, orders = source_letters(load_published()), _Orders(run.results)
    rows = [
        Row(tuple(cells), contest=None)
        for printed in printed_orders()
        for cells in _order_rows(run, orders, printed, letters)
    ]
    if not rows:
        return []
    metrics = [Column(published_title(m), "Kendall's tau", Unit.RATIO) for m in _METRICS]
    labels = ("Source", "Published for", "What differs", "Methods")
    return [
        Table(
            name="published-orders",
            title="Agreement of the order of methods, published and measured",
            columns=(*map(Column, labels), *metrics),
            rows=tuple(rows),
            is_measured=False,
            footer=(
                "Orders alone are compared: the values belong to different conditions where something "
                "differs. Each published order is compared with the measured condition that differs from "
                "it least. Kendall's tau-b: 1 is the same order, -1 the reverse, 0 neither.",
                "Methods: from the lowest to the highest published Rank-1, which is the mean where it is "
                f"printed by walking condition; orders of fewer than {FEWEST_METHODS} are left out.",
                "[ ]: 95 % interval over the tested identities, and the seeds where there are several, of "
                "the measured order; published values count as printed.",
                "Several letters: RG-Gait's table as printed, with rows repeated from another paper, whose "
                "setting is another one.",
                sources_line(letters),
            ),
        )
    ]


def _order_rows(
    run: MeasuredConditions,
    orders: _Orders,
    printed: Printed,
    letters: dict[tuple[str, str], str],
) -> Iterator[list[Entry]]:
    values = {metric: _values(printed.figures, metric) for metric in _METRICS}
    sources = zip(printed.figures["source"], printed.figures["table"], strict=True)
    named = ", ".join(letters[key] for key in dict.fromkeys(sources))
    place = f"{dataset_title(printed.dataset)}, {backbone_title(printed.backbone)}"
    for meeting in run.closest(printed):
        # Of another protocol or test there is no order to compare.
        if any(difference.is_absence for difference in meeting.differences):
            continue
        tested = values_of(meeting.cells, "method")
        methods = [method for method in values["rank_1"] if method in tested]
        if len(methods) < FEWEST_METHODS:
            continue
        ranked = sorted(methods, key=lambda method: values["rank_1"][method])
        yield [
            Entry(named),
            Entry(f"{place}, {printed.protocol}: {printed.test_title}"),
            Entry(difference_words(meeting.differences) or "nothing"),
            Entry(", ".join(map(method_title, ranked))),
            *(orders.tau(meeting, metric, values[metric]) for metric in _METRICS),
        ]


def _values(figures: pd.DataFrame, metric: str) -> dict[str, float]:
    """Return method -> published value; without a Rank-1 the mean of those by walking condition."""
    rows = where(figures, metric=metric)
    if rows.empty and metric == "rank_1":
        rows = figures[figures["metric"].isin(BY_SEARCH)]
    return {str(m): float(v) for m, v in rows.groupby("method", sort=False)["value"].mean().items()}
