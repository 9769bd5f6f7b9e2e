"""Where the uncertainty of a number comes from, and which differences between methods hold."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from gaitbench.core.units import Unit
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.results.estimates import LEVEL, estimate, estimate_difference
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
from gaitbench.results.table import Column, ContrastTest, Entry, Missing, Row, Table
from gaitbench.statistics.intervals import Unavailable
from gaitbench.statistics.paired_tests import max_t

METRIC = "rank_1"
_PROTOCOLS = ("occluded", "retention", "generalizability", "adaptability")

TestedPart = tuple[Condition, Place, pd.DataFrame]


def difference_sections(sections: Sequence[Section]) -> list[Section]:
    """Return the differences between the methods of every table that compares some."""
    tables = tuple(
        _differences_table(table) for s in sections for table in s.tables if table.differences
    )
    return [Section("Differences between methods", "differences", tables=tables)] if tables else []


def all_pairs_sections(results: Results) -> list[Section]:
    """Return tests of all pairs of methods, which no protocol declares."""
    tables = tuple(all_pairs_tables(results))
    return [Section("All pairs of methods", "all-pairs", tables=tables)] if tables else []


def spread_sections(results: Results) -> list[Section]:
    """Return where the uncertainty of each number comes from."""
    tables = tuple(spread_tables(results))
    return [Section("Where the uncertainty comes from", "spread", tables=tables)] if tables else []


def spread_tables(results: Results) -> list[Table]:
    """Return, per condition and place, what identities, seeds and draws contribute to each number."""
    parts = _parts(results)
    names = table_names("spread", [(*c.words, p.title) for c, p, _ in parts])
    return [_spread_table(results, n, *part) for n, part in zip(names, parts, strict=True)]


def all_pairs_tables(results: Results) -> list[Table]:
    """Return, per condition and place, every pair of methods on every test."""
    parts = _parts(results)
    names = table_names("all-pairs", [(*c.words, p.title) for c, p, _ in parts])
    tables = [_all_pairs_table(results, n, *part) for n, part in zip(names, parts, strict=True)]
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
    return [(t, a, _words(t, a)) for t, a in pairs]


def _words(test: str, adapted_to: str) -> str:
    if not adapted_to:
        return test
    return f"{test}, adapted" if adapted_to == test else f"{test}, adapted to {adapted_to}"


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


def _differences_table(table: Table) -> Table:
    columns = (
        Column("Where"),
        Column("Methods"),
        Column("Difference", "", Unit.PERCENT),
        Column("p", "", Unit.P_VALUE),
        Column("p, corrected", "", Unit.P_VALUE),
        Column("Decided"),
        Column("Detectable", "", Unit.PERCENT),
    )
    rows: list[Row] = []
    for difference in table.differences:
        is_first = (
            bool(rows) and difference.test is None and rows[-1].cells[5].text != "exploratory"
        )
        pair = Entry(f"{difference.method} less {difference.reference}")
        cells = (Entry(difference.where), pair, difference.value, *_test_cells(difference.test))
        rows.append(Row(cells, contest=None, rule_above=is_first))
    return Table(
        name=f"{table.name}-differences",
        title=f"Differences: {table.title}",
        columns=columns,
        rows=tuple(rows),
        footer=(
            "In points, with the 95 % interval of the difference. p: of the test alone; corrected: for all "
            f"declared contrasts of the table; decided: below {LEVEL:g}. All other differences are "
            "exploratory: their intervals are corrected for nothing, and of many some miss 0 by chance.",
            # What only the table itself says comes first there; its tests and conditions are these too.
            *table.footer[1:],
        ),
    )


def _test_cells(test: ContrastTest | None) -> tuple[Entry, ...]:
    if test is None:
        return (Entry(), Entry(), Entry("exploratory"), Entry())
    return (
        Entry(value=test.p),
        Entry(value=test.p_corrected),
        Entry("yes" if test.is_decided else "no"),
        Entry(value=test.detectable),
    )


def _all_pairs_table(
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
        names = list(printed)
        pairs = list(combinations(range(len(names)), 2))
        differences = results.uncertainty.compare(list(by_method.values()), pairs, METRIC)
        if isinstance(differences, Unavailable):
            continue
        corrected = max_t(differences)
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
                        Entry(value=float(corrected[k])),
                        Entry(value=float(differences.detectable[k])),
                    ),
                    contest=None,
                    rule_above=k == 0 and bool(rows),
                )
            )
    return Table(
        name=name,
        title=f"All pairs of methods, {place.title}: {condition.title}",
        columns=columns,
        rows=tuple(rows),
        footer=footer(
            results,
            cells,
            "Rank-1 of the first method less that of the second, in points. p: paired test on the same "
            "probes, draws and seeds, permuting identities; corrected for all pairs of one test by the "
            "largest difference that permutations give to any (Westfall and Young). Detectable: the "
            "smallest true difference that such a test finds in 80 % of cases at the 5 % level, "
            "uncorrected. No protocol declares these tests.",
            intervals=METRIC,
        ),
    )
