"""From a store to `Results`: looks up every cell of an experiment, and says what is missing and why."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from gaitbench.core.store_union import ReadableStore
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import folders_of
from gaitbench.evaluation.counted_rows import CountedRows, probe_views
from gaitbench.evaluation.metrics.base import Metric, all_metrics, get_metric, main_metrics
from gaitbench.evaluation.scores import read_rules
from gaitbench.experiment.cells import Cell
from gaitbench.experiment.expansion import Expansion
from gaitbench.experiment.spec import Experiment
from gaitbench.results.facts import facts_of, making_commands, origin_facts
from gaitbench.results.frame import VIEW_COLUMNS, Results, number_columns, search_columns
from gaitbench.results.snapshot import (
    Snapshot,
    check_one_version,
    common_rules,
    read_all,
    unless_vanished,
)
from gaitbench.statistics.identity_sums import IdentitySums


def collect(
    store: ReadableStore, expansion: Expansion, snapshot: Snapshot | None = None
) -> Results:
    """Return everything that the store knows about an experiment's cells.

    Args:
        store: May be written to meanwhile.
        expansion: The experiment.
        snapshot: Which of its evaluations are counted as finished; those that are there now by default.

    Raises:
        StoreError: If scores are damaged, or must not stand in one table: some are of another protocol
            version, or their rules differ.
    """
    bench = expansion.bench
    snapshot = snapshot or Snapshot.take(store, expansion)
    commands = making_commands(store, bench, snapshot)
    check_one_version(snapshot, commands)
    stored = read_all(snapshot)
    rules = common_rules(stored.values()) or rules_of(store, expansion)
    read = {
        key: _ReadScores.of(key, scores.rows(), scores.rules, bench.experiment)
        for key, scores in stored.items()
    }
    rows = [
        _row(cell, expansion, read.get(cell.evaluation.key), commands, snapshot)
        for cell in expansion.cells
    ]
    finished = [cell for cell in expansion.cells if cell.evaluation.key in read]
    return Results(
        cells=pd.DataFrame(rows),
        facts=facts_of(store, expansion, snapshot, rules) | origin_facts(store, finished),
        probes=lambda key: stored[key].rows(),
        rules=rules,
        searches=pd.DataFrame(
            [row for entry in read.values() for row in entry.searches],
            columns=pd.Index(search_columns()),
        ),
        views=pd.DataFrame(
            [row for entry in read.values() for row in entry.views], columns=pd.Index(VIEW_COLUMNS)
        ),
        coordinates=expansion.coordinates,
        sums={
            (key, name): sums for key, entry in read.items() for name, sums in entry.sums.items()
        },
        evaluations={cell.evaluation.key: cell.evaluation for cell in expansion.cells},
        folders=folders_of(store, (bench.train, bench.test)),
    )


class _ReadScores:
    """What is kept of the scores of one evaluation.

    Args:
        numbers: The averages, by column.
        sums: What every identity adds to the metrics of comparison tables, by metric.
        searches: Rows of the frame of searches.
        views: Rows of the frame of views.
    """

    def __init__(
        self,
        numbers: dict[str, float],
        sums: dict[str, IdentitySums],
        searches: list[dict[str, Any]],
        views: list[dict[str, Any]],
    ) -> None:
        self.numbers, self.sums, self.searches, self.views = numbers, sums, searches, views

    @classmethod
    def of(
        cls, key: str, scores: pd.DataFrame, rules: Rules, experiment: Experiment
    ) -> "_ReadScores":
        """Return it from rows of scores."""
        headline = CountedRows.of(scores, rules, no_mate=experiment.no_mate)
        every = all_metrics()
        numbers = _values(headline, every) | _chances(headline, every) | headline.counts
        numbers |= _of_probes(scores, experiment)
        names = [search.name for search in rules.searches]
        by_search = {
            name: headline
            if len(names) == 1
            else CountedRows.of(scores, rules, no_mate=experiment.no_mate, searches=[name])
            for name in names
        }
        searches = [
            dict[str, Any](key=key, search=name)
            | (
                {m.name: numbers[m.name] for m in every}
                if len(names) == 1
                else _values(rows, every)
            )
            | rows.counts
            for name, rows in by_search.items()
        ]
        views = [
            {"key": key, "search": search.name, "view": view, "rank_1": value}
            for search in rules.searches
            if search.by_view
            for view, value in probe_views(by_search[search.name], get_metric("rank_1")).items()
        ]
        sums = {metric.name: headline.sums(metric) for metric in main_metrics()}
        return cls(numbers, sums, searches, views)


def _values(rows: CountedRows, every: list[Metric]) -> dict[str, float]:
    return {metric.name: rows.value(metric) for metric in every}


def _chances(rows: CountedRows, every: list[Metric]) -> dict[str, float]:
    levels = {f"chance_{metric.name}": rows.chance(metric) for metric in every}
    return {name: level for name, level in levels.items() if level is not None}


def _of_probes(scores: pd.DataFrame, experiment: Experiment) -> dict[str, float]:
    """Return what was hidden of the probes, and what the method said of them."""
    # What was hidden belongs to a probe, however often it is searched for.
    probes = scores.drop_duplicates("probe")
    hidden = "gallery_hidden_share" if experiment.side == "gallery" else "hidden_share"
    return {
        "hidden_share": float(probes[hidden].mean()),
        "n_identities": float(probes["identity"].nunique()),
        "detector_accuracy": float(probes["type_correct"].mean()),
        "detector_error": float((probes["detected_amount"] - probes["hidden_share"]).abs().mean()),
        "alpha": float(probes["alpha"].mean()),
    }


def _row(
    cell: Cell,
    expansion: Expansion,
    read: _ReadScores | None,
    commands: Mapping[int, str],
    snapshot: Snapshot,
) -> dict[str, Any]:
    evaluation, bench = cell.evaluation, expansion.bench
    row: dict[str, Any] = {
        "key": evaluation.key,
        "status": "missing" if read is None else "done",
        "reason": snapshot.reason(evaluation.key) if read is None else "",
        "command": commands[evaluation.seed],
        "protocol": cell.protocol,
        "dataset": bench.train.name,
        "test_dataset": bench.test.name,
        "backbone": cell.backbone,
        "method": cell.method,
        "title": cell.title,
        "setting": cell.setting,
        "trained": cell.trained,
        "stage": evaluation.stage.key,
        "side": bench.experiment.side,
        "test": cell.test,
        "hidden_wanted": float("nan") if evaluation.hidden is None else evaluation.hidden,
        **(dict(expansion.coordinates) | dict(cell.at)),
        "seed": evaluation.seed,
        "draw": evaluation.draw,
        "steps_occluded": cell.occluded_steps,
        "steps_total": cell.total_steps,
    }
    numbers = {} if read is None else read.numbers
    return row | {name: numbers.get(name, float("nan")) for name in number_columns()}


def rules_of(store: ReadableStore, expansion: Expansion) -> Rules | None:
    """Return how probes meet the gallery, from the test data or from what was scored on them."""
    test = expansion.bench.test
    folder = folders_of(store, [test])[test.key]
    if (folder / "meta.json").is_file():
        data = Silhouettes.open(folder)
        return Rules.of(data.meta, data.name)
    keys = (cell.evaluation.key for cell in expansion.cells)
    stored = (unless_vanished(partial(read_rules, store, key)) for key in keys)
    return next(filter(None, stored), None)
