"""The data set's own tables: what its rules search for, and Rank-1 by probe view, as the field prints it.

A data set of one pooled search has them only where its rules ask for more metrics than Rank-1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from gaitbench.core.units import Better, Unit
from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation.metrics.base import metrics
from gaitbench.results.comparisons.compared import is_reference
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import averaged, seeds_of
from gaitbench.results.places import (
    Condition,
    Place,
    conditions,
    places,
    slug,
    table_names,
    titles,
    where,
)
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Row, Table, mark_best
from gaitbench.results.titles import metric_title

_PROTOCOLS = ("occluded", "retention", "generalizability", "adaptability")
_CELL_NOTE = (
    "Each value is a mean over the gallery views, the probe's own left out where the rules say so."
)


@dataclass(frozen=True, eq=False)
class _ShownColumn:
    """A column of values: its header, the cells that hold them, and under which name."""

    column: Column
    cells: pd.DataFrame
    metric: str


def search_sections(results: Results) -> list[Section]:
    """Return the data set's own tables."""
    tables = tuple(search_tables(results))
    return [Section("The data set's own tables", "searches", tables=tables)] if tables else []


def search_tables(results: Results) -> list[Table]:
    """Return, per setting, side and place, a table of all searches and one by view for each of these."""
    rules = results.rules
    if rules is None or not has_own_tables(rules):
        return []
    parts = _parts(results)
    names = table_names("searches", [(*c.words, p.title) for c, p, _ in parts])
    tables: list[Table] = []
    for name, (condition, place, cells) in zip(names, parts, strict=True):
        tables.append(_searches(results, rules, name, condition, place, cells))
        tables += [
            _by_view(
                results, search, f"{name}-{slug(search.name)}-by-view", condition, place, cells
            )
            for search in rules.searches
            if search.by_view
        ]
    return tables


def has_own_tables(rules: Rules) -> bool:
    """Return whether the rules say more than the comparison tables print."""
    return len(rules.searches) > 1 or any(
        search.by_view or search.metrics != ("rank_1",) for search in rules.searches
    )


def _parts(results: Results) -> list[tuple[Condition, Place, pd.DataFrame]]:
    cells = results.of(*_PROTOCOLS)
    return [
        (condition, place, place.of(part))
        for condition, part in conditions(cells)
        for place in places(part)
    ]


def _searches(
    results: Results,
    rules: Rules,
    name: str,
    condition: Condition,
    place: Place,
    cells: pd.DataFrame,
) -> Table:
    headline = [search for search in rules.searches if search.headline]
    shown = [
        _ShownColumn(
            Column(metric_title(metric), _group(rules, search), Unit.PERCENT, Better.HIGHER),
            _of_search(results, cells, search),
            metric,
        )
        for search in rules.searches
        for metric in search.metrics
    ]
    if len(headline) > 1:
        mean = Column("Rank-1", "mean", Unit.PERCENT, Better.HIGHER)
        shown.append(_ShownColumn(mean, cells, "rank_1"))
    of_which = ", ".join(search.name for search in headline)
    note = f"Mean: of {of_which}. " if len(headline) > 1 else ""
    return _table(
        results,
        name,
        f"The data set's own table, {place.title}: {condition.title}",
        shown,
        cells,
        f"In percent. {note}{BOLD}",
    )


def _by_view(
    results: Results,
    search: Search,
    name: str,
    condition: Condition,
    place: Place,
    cells: pd.DataFrame,
) -> Table:
    rates = results.views[results.views["search"] == search.name]
    views = sorted(set(rates["view"]))
    shown = [
        _ShownColumn(
            Column(view, "Probe view", Unit.PERCENT, Better.HIGHER),
            cells.assign(rank_1=_mapped(cells, where(rates, view=view), "rank_1")),
            "rank_1",
        )
        for view in views
    ]
    mean = Column("mean", unit=Unit.PERCENT, better=Better.HIGHER)
    shown.append(_ShownColumn(mean, _of_search(results, cells, search), "rank_1"))
    return _table(
        results,
        name,
        f"Rank-1 by probe view, {search.name}, {place.title}: {condition.title}",
        shown,
        cells,
        f"In percent. {_CELL_NOTE} {BOLD}",
    )


def _table(
    results: Results,
    name: str,
    title: str,
    shown: Sequence[_ShownColumn],
    cells: pd.DataFrame,
    note: str,
) -> Table:
    """Return a table with a row per method and test condition."""
    seeds = seeds_of(cells)
    columns = (Column("Method"), Column("Tested on"), *(s.column for s in shown))
    rows: list[Row] = []
    for test, label, tested in _tests(cells):
        printed = titles(tested)
        for i, method in enumerate(sorted(printed, key=is_reference)):
            values = [
                averaged(where(s.cells.loc[tested.index], method=method), s.metric, seeds)
                for s in shown
            ]
            rule = i == 0 and bool(rows)
            contest = None if is_reference(method) else test
            rows.append(Row((Entry(printed[method]), Entry(label), *values), contest, rule))
    return Table(name, title, columns, mark_best(rows, columns), footer(results, cells, note))


def _tests(cells: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield every test condition: a name, how it is printed, and its cells."""
    pairs = zip(cells["test"], cells["adapted_to"], strict=True)
    for test, adapted_to in dict.fromkeys(pairs):
        label = f"{test}, after training with {adapted_to}" if adapted_to else str(test)
        yield f"{test}/{adapted_to}", label, where(cells, test=test, adapted_to=adapted_to)


def _group(rules: Rules, search: Search) -> str:
    return search.name if len(rules.searches) > 1 else ""


def _of_search(results: Results, cells: pd.DataFrame, search: Search) -> pd.DataFrame:
    """Return the cells with the metrics of one search in the place of the headline's."""
    rates = where(results.searches, search=search.name)
    return cells.assign(**{metric: _mapped(cells, rates, metric) for metric in metrics.names()})


def _mapped(cells: pd.DataFrame, rows: pd.DataFrame, column: str) -> "pd.Series[float]":
    return cells["key"].map(rows.set_index("key")[column].astype(float)).astype(float)
