"""The comparison of methods: a whole gallery, both sides occluded, and whole clips, beside each other.

What a method gains between two halves of a body it may lose against a whole gallery, and only the columns
together show that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.units import Better, Unit
from gaitbench.evaluation.pair_groups import ALL_PAIRS, SAME_PART
from gaitbench.experiment.bench import HOLISTIC_TEST, REFERENCE
from gaitbench.methods.base import get_method, method_names
from gaitbench.results.estimates import Comparison, compare_rows, estimate, estimate_ratio
from gaitbench.results.footers import BOLD, footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import titles, where
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import metric_title
from gaitbench.statistics.contrasts import PlannedContrasts


@dataclass(frozen=True)
class TestCondition:
    """A group of columns: what is hidden at the test, and which pairs count.

    Args:
        title: Of the group.
        side: Which clips are occluded; "" for none.
        pairs: Which pairs count.
        metrics: One column each.
        share: Title of one more column, the first metric as a share of Baseline-1's on whole clips; "" for
            none.
    """

    __test__ = False  # its name begins like those that pytest collects

    title: str
    side: str
    pairs: str
    metrics: tuple[str, ...]
    share: str = ""

    def of(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return the evaluations under this condition."""
        if not self.side:
            return where(cells, test=HOLISTIC_TEST)
        occluded = cells[cells["test"] != HOLISTIC_TEST]
        return where(occluded, side=self.side, pairs=self.pairs)

    @property
    def columns(self) -> list[Column]:
        """The columns of the group."""
        columns = [
            Column(metric_title(m), self.title, Unit.PERCENT, Better.HIGHER) for m in self.metrics
        ]
        share = [Column(self.share, self.title, Unit.RATIO, Better.HIGHER)] if self.share else []
        return columns + share


WHOLE_GALLERY = TestCondition(
    "Whole gallery, occluded probes", "probe", ALL_PAIRS, ("rank_1", "rank_5")
)
CONDITIONS = (
    WHOLE_GALLERY,
    TestCondition("Both occluded, same part", "both", SAME_PART, ("rank_1",)),
    TestCondition("Both occluded, all pairs", "both", ALL_PAIRS, ("rank_1", "rank_5"), "RP-1"),
    TestCondition("Whole clips", "", ALL_PAIRS, ("rank_1",), "HPR-1"),
)

_NOTES = (
    "Rank-k in percent. Same part: pairs in which both clips show at least half of what the one that shows "
    "less shows; all others are left out.",
    "RP-1, HPR-1: Rank-1 on occluded and on whole clips / Rank-1 of Baseline-1 on whole clips, per seed.",
    BOLD,
    "Rows below the rule do not compete: linear references, ceilings that are told what is hidden, chance.",
)


def compared_table(
    results: Results, cells: pd.DataFrame, *, name: str, title: str, planned: PlannedContrasts
) -> Table:
    """Return methods × test conditions, with references and chance below a rule.

    Args:
        results: Of the run.
        cells: Of one setting and place, and of one state of training of each method.
        name: Of the table.
        title: Of the table.
        planned: What is tested, in the first group of columns.
    """
    seeds, printed = seeds_of(cells), titles(cells)
    references = [m for m in printed if is_reference(m)]
    methods = [m for m in printed if m not in references]
    columns = [Column("Method"), *(column for c in CONDITIONS for column in c.columns)]
    values = {m: (Entry(printed[m]), *_values(results, cells, m, seeds)) for m in printed}
    below = [*(values[m] for m in references), (Entry("Chance"), *_chances(cells))]
    rows = [Row(values[m]) for m in methods]
    rows += [Row(v, contest=None, rule_above=i == 0 < len(methods)) for i, v in enumerate(below)]
    entrants = {m: i for i, m in enumerate(methods)}
    comparisons = _comparisons(cells, entrants, planned.primary)
    compared = compare_rows(results, rows, columns, comparisons, planned)
    return Table(
        name=name,
        title=title,
        columns=tuple(columns),
        rows=compared.rows,
        footer=footer(
            results,
            where(cells, pairs=ALL_PAIRS),
            " ".join(_NOTES),
            compared.line,
            intervals=planned.primary,
        ),
        differences=compared.differences,
    )


def is_reference(method: str) -> bool:
    """Whether a method stands below the rule."""
    return method in method_names() and get_method(method).kind == "reference"


def _values(
    results: Results, cells: pd.DataFrame, method: str, seeds: Sequence[int]
) -> Iterator[Entry]:
    own = where(cells, method=method)
    bound = where(cells, method=REFERENCE, test=HOLISTIC_TEST)
    for condition in CONDITIONS:
        tested = condition.of(own)
        for metric in condition.metrics:
            yield estimate(results, tested, metric, seeds)
        if condition.share and method == REFERENCE and not condition.side:
            # Its ratio to itself is 1 by definition and says nothing.
            yield Entry()
        elif condition.share:
            metric = condition.metrics[0]
            divisor = f"holistic {metric_title(metric)} of Baseline-1"
            yield estimate_ratio(results, tested, bound, metric, seeds, divisor)


def _chances(cells: pd.DataFrame) -> Iterator[Entry]:
    for condition in CONDITIONS:
        tested = condition.of(cells)
        for metric in condition.metrics:
            levels = tested[f"chance_{metric}"].dropna()
            yield Entry(value=float(levels.mean())) if len(levels) else Entry()
        if condition.share:
            yield Entry()


def _comparisons(cells: pd.DataFrame, rows: Mapping[str, int], primary: str) -> list[Comparison]:
    """Return what is compared: one test decides a metric and its share of the common bound."""
    comparisons, first = [], 1
    for condition in CONDITIONS:
        tested = condition.of(cells)
        entrants = {i: where(tested, method=m) for m, i in rows.items()}
        for position, metric in enumerate(condition.metrics):
            share = [first + len(condition.metrics)] if condition.share and not position else []
            is_primary = condition is WHOLE_GALLERY and metric == primary
            comparisons.append(Comparison((first + position, *share), metric, entrants, is_primary))
        first += len(condition.columns)
    return comparisons
