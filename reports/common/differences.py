"""Where the uncertainty of a number comes from, and which differences between methods hold."""

import pandas as pd

from gaitbench.core.units import Unit
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.results.estimates import estimate, estimate_difference
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import (
    Condition,
    Place,
    conditions,
    places,
    table_names,
    titles,
    where,
)
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Missing, Row, Table
from gaitbench.statistics.intervals import Unavailable

METRIC = "rank_1"
_PROTOCOLS = ("occluded", "retention", "generalizability", "adaptability")

TestedPart = tuple[Condition, Place, pd.DataFrame]


def difference_sections(results: Results) -> list[Section]:
    """Return which differences between methods hold."""
    tables = tuple(difference_tables(results))
    return [Section("Differences between methods", "differences", tables=tables)] if tables else []


def spread_sections(results: Results) -> list[Section]:
    """Return where the uncertainty of each number comes from."""
    tables = tuple(spread_tables(results))
    return [Section("Where the uncertainty comes from", "spread", tables=tables)] if tables else []


def spread_tables(results: Results) -> list[Table]:
    """Return, per condition and place, what identities, seeds and draws contribute to each number."""
    parts = _parts(results)
    names = table_names("spread", [(c.setting, c.side, p.title) for c, p, _ in parts])
    return [_spread_table(results, n, *part) for n, part in zip(names, parts, strict=True)]


def difference_tables(results: Results) -> list[Table]:
    """Return, per condition and place, every pair of methods on every test."""
    parts = _parts(results)
    names = table_names("differences", [(c.setting, c.side, p.title) for c, p, _ in parts])
    tables = [_difference_table(results, n, *part) for n, part in zip(names, parts, strict=True)]
    return [table for table in tables if table.rows]


def _parts(results: Results) -> list[TestedPart]:
    cells = results.of(*_PROTOCOLS)
    # Protocols share evaluations: each is shown once.
    once = cells.drop_duplicates(["key", "method"])
    return [
        (condition, place, place.of(part))
        for condition, part in conditions(once)
        for place in places(part)
    ]


def _tests(cells: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return (test, adapted to, words) of everything that was tested, whole clips last."""
    pairs = list(dict.fromkeys(zip(cells["test"], cells["adapted_to"], strict=True)))
    pairs.sort(key=lambda pair: pair[0] == HOLISTIC_TEST)
    return [(t, a, f"{t}, adapted" if a else str(t)) for t, a in pairs]


def _spread_table(
    results: Results, name: str, condition: Condition, place: Place, cells: pd.DataFrame
) -> Table:
    columns = (
        Column("Tested on"),
        Column("Method"),
        Column("Rank-1", "", Unit.PERCENT),
        *(Column(t, "Standard error from", Unit.PERCENT) for t in ("Identities", "Seeds", "Draws")),
    )
    rows: list[Row] = []
    for test, adapted, words in _tests(cells):
        tested = where(cells, test=test, adapted_to=adapted)
        for i, (method, title) in enumerate(titles(tested).items()):
            of_method = where(tested, method=method)
            rows.append(
                Row(
                    (
                        Entry(words if i == 0 else ""),
                        Entry(title),
                        estimate(results, of_method, METRIC, seeds_of(cells)),
                        *_sources(results, of_method),
                    ),
                    contest=None,
                    rule_above=i == 0 and bool(rows),
                )
            )
    return Table(
        name=name,
        title=f"Where the uncertainty comes from, {place.title}: {condition.title}",
        columns=columns,
        rows=tuple(rows),
        footer=footer(
            results,
            cells,
            "In percent and points of Rank-1. Identities: testing other people. Seeds: training again. "
            "Draws: drawing the occlusions again. Each alone; they overlap, so they do not add up.",
            intervals=METRIC,
        ),
    )


def _sources(results: Results, cells: pd.DataFrame) -> list[Entry]:
    spread = results.uncertainty.spread(cells, METRIC)
    if isinstance(spread, Unavailable):
        return [Entry(missing=Missing(spread.reason))] * 3
    absent = {
        "seeds": "one seed cannot say what another training would give",
        "draws": "one draw cannot say what another would give",
    }
    cells_of = [Entry(value=spread.identities)]
    for source, value in (("seeds", spread.seeds), ("draws", spread.draws)):
        cells_of.append(
            Entry(missing=Missing(absent[source])) if value is None else Entry(value=value)
        )
    return cells_of


def _difference_table(
    results: Results, name: str, condition: Condition, place: Place, cells: pd.DataFrame
) -> Table:
    columns = (
        Column("Tested on"),
        Column("Methods"),
        Column("Difference", "", Unit.PERCENT),
        Column("p", "", Unit.P_VALUE),
        Column("p, corrected", "", Unit.P_VALUE),
        Column("Detectable", "", Unit.PERCENT),
    )
    rows: list[Row] = []
    for test, adapted, words in _tests(cells):
        tested = where(cells, test=test, adapted_to=adapted)
        printed = titles(tested)
        by_method = {method: where(tested, method=method) for method in printed}
        differences = results.uncertainty.compare(list(by_method.values()), METRIC)
        if isinstance(differences, Unavailable):
            continue
        names = list(printed)
        for k, (i, j) in enumerate(differences.pairs):
            first, second = names[i], names[j]
            rows.append(
                Row(
                    (
                        Entry(words if k == 0 else ""),
                        Entry(f"{printed[first]} less {printed[second]}"),
                        estimate_difference(
                            results, by_method[first], by_method[second], METRIC, seeds_of(tested)
                        ),
                        Entry(value=float(differences.p[k])),
                        Entry(value=float(differences.p_holm[k])),
                        Entry(value=float(differences.detectable[k])),
                    ),
                    contest=None,
                    rule_above=k == 0 and bool(rows),
                )
            )
    return Table(
        name=name,
        title=f"Differences between methods, {place.title}: {condition.title}",
        columns=columns,
        rows=tuple(rows),
        footer=footer(
            results,
            cells,
            "Rank-1 of the first method less that of the second, in points. p: paired test on the same "
            "probes, draws and seeds, permuting identities; corrected by Holm's method for the pairs of "
            "one test. Detectable: the smallest true difference that such a test finds in 80 % of "
            "cases at the 5 % level, uncorrected.",
            intervals=METRIC,
        ),
    )
