"""The papers' figures beside measured ones, where the condition is the same.

`conditions.py` says when two conditions are the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pandas as pd

from gaitbench.core.units import Unit
from gaitbench.reports.published.conditions import (
    BY_SEARCH,
    MeasuredConditions,
    Meeting,
    Printed,
    printed_conditions,
)
from gaitbench.reports.published.figures import load_published, published_title
from gaitbench.reports.published.gaps import not_comparable_tables
from gaitbench.reports.published.orders import order_tables
from gaitbench.results.estimates import estimate, estimate_ratio
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import flagged, measured, ratio, seeds_of, summarise
from gaitbench.results.places import table_names, upper_bound, values_of, where
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import method_title

INSIDE, OUTSIDE, NO_INTERVAL = "inside", "outside", "no interval"

_PUBLISHED, _MEASURED, _DIFFERENCE = "Published", "Measured", "Difference"
_PAPERS_PRESET = "paper"

Group = list[tuple[Printed, Meeting]]


def published_sections(results: Results) -> list[Section]:
    """Return the comparable figures beside measured ones, what differs elsewhere, and the orders."""
    if results.cells.empty:
        return []
    run = MeasuredConditions(results)
    beside = beside_tables(run)
    tables = (*beside, *not_comparable_tables(run), *order_tables(run))
    words = tuple(_words(beside))
    return [Section("Published beside measured", "published", paragraphs=words, tables=tables)]


def _words(tables: list[Table]) -> list[str]:
    """Return how many figures could be compared, and how many of those lie in the measured interval."""
    n_published = len(load_published())
    if not tables:
        return [
            f"None of the {n_published} published figures was measured in this run under its own "
            "condition: the table says what differs."
        ]
    n_compared = sum(cell.value is not None for cell in _cells(tables, _PUBLISHED))
    notes = [cell.text for cell in _cells(tables, _DIFFERENCE)]
    n_inside, n_outside = notes.count(INSIDE), notes.count(OUTSIDE)
    return [
        f"{n_compared} of {n_published} published figures belong to a condition of this run. Of the "
        f"{n_inside + n_outside} whose measured value has an interval, {n_inside} lie in it."
    ]


def _cells(tables: list[Table], title: str) -> list[Entry]:
    return [
        cell
        for table in tables
        for row in table.rows
        for cell, column in zip(row.cells, table.columns, strict=True)
        if column.title == title
    ]


@dataclass(frozen=True, eq=False)
class _Numbers:
    """Measured numbers under the papers' names of metrics.

    Args:
        results: Of the run.
    """

    results: Results
    _of_search: dict[str, Results] = field(default_factory=dict)

    def cell(self, meeting: Meeting, method: str, metric: str) -> Entry:
        """Return a method's number in a condition with its interval, or what is missing."""
        results, cells = self.results, where(meeting.cells, method=method)
        seeds = seeds_of(meeting.cells)
        if metric in BY_SEARCH:
            results = self._search(BY_SEARCH[metric])
            return estimate(results, results.cells.loc[cells.index], "rank_1", seeds)
        if not metric.startswith("rp_"):
            return estimate(results, cells, metric, seeds)
        bare = metric.removeprefix("rp_")
        whole = upper_bound(results, meeting.place, meeting.condition)
        title = f"holistic {published_title(bare)} of Baseline-1"
        if f"chance_{bare}" in cells.columns:
            return estimate_ratio(results, cells, whole, bare, seeds, title)
        # Whether the divisor is near chance is not known for this metric, so there is no interval.
        parts = measured(cells, bare, seeds), measured(whole, bare, seeds)
        return replace(flagged(summarise(ratio(*parts, title)), cells, whole), spread=None)

    def _search(self, name: str) -> Results:
        if name not in self._of_search:
            self._of_search[name] = _of_search(self.results, name)
        return self._of_search[name]


def _of_search(results: Results, name: str) -> Results:
    """Return the results as if one search of the rules were the headline."""
    rank_1 = where(results.searches, search=name).set_index("key")["rank_1"]
    rules = results.rules
    if rules is not None:
        chosen = tuple(
            search.model_copy(update={"headline": search.name == name}) for search in rules.searches
        )
        rules = rules.model_copy(update={"searches": chosen})
    cells = results.cells.assign(rank_1=results.cells["key"].map(rank_1).astype(float))
    # The sums that were kept are of the headline.
    return replace(results, cells=cells, rules=rules, sums={})


def beside_tables(run: MeasuredConditions) -> list[Table]:
    """Return one table per printed table, data set, backbone and setting."""
    groups: dict[tuple[str, ...], Group] = {}
    for printed in printed_conditions():
        meeting = run.same(printed)
        if meeting is not None and len(_comparable(printed, meeting)):
            key = (
                printed.source,
                printed.table,
                printed.dataset,
                printed.backbone,
                printed.condition_title,
            )
            groups.setdefault(key, []).append((printed, meeting))
    numbers = _Numbers(run.results)
    names = table_names("published-beside", [key[1:] for key in groups])
    return [_beside_table(numbers, n, g) for n, g in zip(names, groups.values(), strict=True)]


def _comparable(printed: Printed, meeting: Meeting) -> pd.DataFrame:
    """Return the published figures whose method was tested in the run."""
    methods = values_of(meeting.cells, "method")
    return printed.figures[printed.figures["method"].isin(methods)]


def _beside_table(numbers: _Numbers, name: str, group: Group) -> Table:
    figures = pd.concat([_comparable(*pair) for pair in group])
    metrics = values_of(figures, "metric")
    columns = [Column("Tested on"), Column("Method"), *(c for m in metrics for c in _columns(m))]
    rows: list[Row] = []
    for printed, meeting in group:
        for i, (method, values) in enumerate(_by_method(_comparable(printed, meeting))):
            label = Entry(printed.test_title if i == 0 else ""), Entry(method_title(method))
            entries: list[Entry] = []
            for metric in metrics:
                if metric in values:
                    entries += _entries(values[metric], numbers.cell(meeting, method, metric))
                else:
                    entries += [Entry()] * 3
            rows.append(Row((*label, *entries), contest=None, rule_above=i == 0 and bool(rows)))
    printed, meeting = group[0]
    return Table(
        name=name,
        title=f"Published beside measured, {meeting.place.title}: {printed.condition_title}; "
        f"{printed.source} ({printed.table})",
        columns=tuple(columns),
        rows=tuple(rows),
        footer=footer(
            numbers.results,
            pd.concat([meeting.cells for _, meeting in group]),
            "Data set, rules, backbone, setting, occluded sides and test are the paper's. "
            "Percent; RP as a ratio. Difference: measured less published, in points or as a ratio; "
            f"{INSIDE}, {OUTSIDE}: whether the published value lies in the measured interval. Papers print "
            "no interval.",
            _preset_line(numbers.results),
            intervals="rank_1",
        ),
    )


def _by_method(figures: pd.DataFrame) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield every method with its published values by metric."""
    for method in values_of(figures, "method"):
        rows = where(figures, method=method)
        yield method, dict(zip(rows["metric"], rows["value"].astype(float), strict=True))


def _columns(metric: str) -> list[Column]:
    unit = Unit.RATIO if metric.startswith("rp_") else Unit.PERCENT
    titles = (_PUBLISHED, _MEASURED, _DIFFERENCE)
    return [Column(title, published_title(metric), unit) for title in titles]


def _entries(published: float, cell: Entry) -> list[Entry]:
    """Return the cells of one figure: published, measured, difference."""
    if cell.value is None:
        return [Entry(value=published), cell, Entry()]
    note = NO_INTERVAL
    if cell.low is not None and cell.high is not None:
        note = INSIDE if cell.low <= published <= cell.high else OUTSIDE
    difference = replace(
        cell, text=note, value=cell.value - published, spread=None, low=None, high=None
    )
    return [Entry(value=published), cell, difference]


def _preset_line(results: Results) -> str:
    preset = results.facts.get("preset")
    if preset in (None, _PAPERS_PRESET):
        return ""
    return (
        f"The sizes of the networks and the lengths of the training are those of the preset {preset}, not "
        "the papers': a difference contains that as well."
    )
