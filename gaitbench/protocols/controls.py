"""What methods read: people who differ in body alone, and people who differ in gait alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaitbench.core.arrays import pd
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.base import Protocol
from gaitbench.results.comparisons.compared import is_reference
from gaitbench.results.estimates import estimate
from gaitbench.results.footers import footer
from gaitbench.results.frame import Results
from gaitbench.results.per_seed import seeds_of
from gaitbench.results.places import titles, values_of, where
from gaitbench.results.section import Section
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import backbone_title, dataset_title
from gaitbench.statistics.contrasts import NO_CONTRASTS

METRIC = "rank_1"


@register("controls")
@dataclass(frozen=True)
class Controls(Protocol):
    """Every method, trained as for the main table, tested on the data set's controls."""

    place = 8
    about = "what methods read: people who differ in body alone, or in gait alone"
    contrasts = NO_CONTRASTS

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every method on the test data and on each control, whole and with occluded probes."""
        if not bench.controls:
            if bench.experiment.protocol == self.name:
                raise ConfigurationError(
                    f"Data set {bench.train.name!r} has no controls, so protocol {self.name!r} has nothing "
                    "to test. The embedded walkers have: leave out --dataset."
                )
            return []
        return [
            cell
            for source in (bench.test, *bench.controls)
            for tested in [bench.tested_on(source)]
            for method in bench.compared_and_references()
            for backbone, seed in bench.runs()
            for cell in self._cells(tested, method, backbone, seed)
        ]

    def _cells(self, bench: Bench, method: str, backbone: str, seed: int) -> list[Cell]:
        asked = (self.name, method, backbone, bench.stage(method, backbone, seed))
        setting = bench.setting
        return [
            *bench.cells(*asked, HOLISTIC, HOLISTIC_TEST, side="probe"),
            *bench.cells(*asked, setting.test, setting.test_name, side="probe", draws=1),
        ]

    def sections(self, results: Results) -> list[Section]:
        """Return a table per training data and backbone."""
        cells = results.of(self.name)
        groups = dict.fromkeys(zip(cells["dataset"], cells["backbone"], strict=True))
        tables = tuple(
            _table(results, where(cells, dataset=d, backbone=b), f"{self.name}-{d}-{b}")
            for d, b in groups
        )
        return [Section("What methods read", self.name, tables=tables)] if tables else []


def _table(results: Results, cells: pd.DataFrame, name: str) -> Table:
    tests = [
        (data, test, where(cells, test_dataset=data, test=test))
        for data in values_of(cells, "test_dataset")
        for test in sorted(values_of(cells, "test"), key=lambda test: test != HOLISTIC_TEST)
    ]
    columns = [
        Column("Method"),
        *(
            Column(
                "Whole" if test == HOLISTIC_TEST else "Occluded probes",
                dataset_title(data),
                Unit.PERCENT,
                Better.HIGHER,
            )
            for data, test, _ in tests
        ),
    ]
    tested = [part for _, _, part in tests]
    rows = _rows(results, cells, tested)
    is_first_below = all(row.contest is not None for row in rows)
    backbone = backbone_title(values_of(cells, "backbone")[0])
    return Table(
        name=name,
        title=f"What methods read: trained on {values_of(cells, 'dataset')[0]}, {backbone}",
        columns=tuple(columns),
        rows=(*rows, _chance_row(tested, rule_above=is_first_below)),
        footer=footer(
            results,
            cells,
            "Rank-1 in percent, against a whole gallery. People of walkers-body differ in body alone, "
            "those of walkers-gait in their manner of walking alone.",
            intervals=METRIC,
        ),
    )


def _rows(results: Results, cells: pd.DataFrame, tested: Sequence[pd.DataFrame]) -> list[Row]:
    seeds, printed, rows = seeds_of(cells), titles(cells), list[Row]()
    for method, title in printed.items():
        values = [estimate(results, where(part, method=method), METRIC, seeds) for part in tested]
        is_first = is_reference(method) and not any(row.contest is None for row in rows)
        contest = None if is_reference(method) else ""
        rows.append(Row((Entry(title), *values), contest, rule_above=is_first))
    return rows


def _chance_row(tested: Sequence[pd.DataFrame], *, rule_above: bool) -> Row:
    levels = [part[f"chance_{METRIC}"].dropna() for part in tested]
    values = [Entry(value=float(level.mean())) if len(level) else Entry() for level in levels]
    return Row((Entry("Chance"), *values), contest=None, rule_above=rule_above)
