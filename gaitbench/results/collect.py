"""From a store to `Results`: looks up every cell of an experiment, and says what is missing and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from gaitbench.core.errors import ProtocolError
from gaitbench.core.store_union import ReadableStore
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import folders_of
from gaitbench.evaluation.counted_rows import CountedRows, probe_views
from gaitbench.evaluation.metrics.base import NoMate, all_metrics, get_metric, main_metrics
from gaitbench.evaluation.pair_groups import ALL_PAIRS, SAME_PART, rows_of_group
from gaitbench.evaluation.scores import read_rules
from gaitbench.experiment.cells import Cell
from gaitbench.experiment.expansion import Expansion
from gaitbench.experiment.trainings import planned_trainings
from gaitbench.results.facts import facts_of, making_commands, origin_facts
from gaitbench.results.frame import (
    VIEW_COLUMNS,
    RecordedTraining,
    Results,
    number_columns,
    search_columns,
)
from gaitbench.results.snapshot import (
    Snapshot,
    StoredScores,
    check_one_version,
    common_rules,
    read_all,
    unless_vanished,
)
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.training.history import read_losses


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
    asked: dict[str, dict[str, str]] = {}
    for cell in expansion.cells:
        asked.setdefault(cell.evaluation.key, {})[cell.pairs] = cell.side
    read = {
        key: _ReadScores.of(key, scores, asked[key], bench.experiment.no_mate)
        for key, scores in stored.items()
    }
    trainings = recorded_trainings(store, expansion)
    falling = _networks_still_falling(trainings, expansion)
    rows = [
        _row(cell, expansion, read.get(cell.evaluation.key), commands, snapshot)
        | {"still_falls": cell.evaluation.stage.key in falling}
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
            (key, *place): sums for key, entry in read.items() for place, sums in entry.sums.items()
        },
        evaluations={cell.evaluation.key: cell.evaluation for cell in expansion.cells},
        folders=folders_of(store, bench.sources),
        trainings=trainings,
    )


def recorded_trainings(store: ReadableStore, expansion: Expansion) -> tuple[RecordedTraining, ...]:
    """Return what the stages behind an experiment's cells recorded of their losses.

    Imported weights recorded none, and stages may be missing: scores are kept without them.

    Raises:
        StoreError: If a history is damaged.
    """
    trainings = []
    for planned in planned_trainings(expansion):
        read = {
            seed: read_losses(store.path("stages", stage.key))
            for seed, stage in planned.stages.items()
        }
        losses = {seed: recorded for seed, recorded in read.items() if recorded is not None}
        if losses:
            stage = next(iter(planned.stages.values()))
            trainings.append(
                RecordedTraining(
                    title=planned.title,
                    is_further=stage.initial is not None,
                    steps=stage.steps,
                    hidden=stage.mix.share,
                    losses=losses,
                    stages=frozenset(stage.key for stage in planned.stages.values()),
                )
            )
    return tuple(trainings)


def _networks_still_falling(
    trainings: Sequence[RecordedTraining], expansion: Expansion
) -> frozenset[str]:
    """Return the keys of networks that rest on a training, their own or another, which still fell."""
    falling = {key for t in trainings if t.convergence.still_falls for key in t.stages}
    networks = {cell.evaluation.stage.key: cell.evaluation.stage for cell in expansion.cells}
    return frozenset(
        key
        for key, network in networks.items()
        if any(stage.key in falling for stage in network.all_stages())
    )


@dataclass(frozen=True, eq=False)
class _ReadScores:
    """What is kept of the scores of one evaluation.

    Args:
        numbers: The averages, by group of pairs and column; a group in which nobody has a mate has none.
        sums: What every identity adds to the metrics of comparison tables, by group of pairs and metric.
        searches: Rows of the frame of searches.
        views: Rows of the frame of views.
    """

    numbers: dict[str, dict[str, float]]
    sums: dict[tuple[str, str], IdentitySums]
    searches: list[dict[str, Any]]
    views: list[dict[str, Any]]

    @classmethod
    def of(
        cls, key: str, stored: StoredScores, asked: Mapping[str, str], no_mate: NoMate
    ) -> "_ReadScores":
        """Return it from what is stored.

        Args:
            key: Of the evaluation.
            stored: Its scores.
            asked: Which side is occluded, by the groups of pairs that are asked for.
            no_mate: What becomes of probes without a mate.
        """
        rows, rules = stored.rows(), stored.rules
        numbers: dict[str, dict[str, float]] = {}
        sums: dict[tuple[str, str], IdentitySums] = {}
        for group, side in asked.items():
            scores = rows_of_group(rows, group)
            try:
                headline = CountedRows.of(scores, rules, no_mate=no_mate)
            except ProtocolError:
                if group == ALL_PAIRS:
                    raise
                continue
            numbers[group] = _values(headline)
            if group not in (ALL_PAIRS, SAME_PART):
                continue
            numbers[group] |= _chances(headline) | headline.counts | _of_probes(scores, side)
            sums |= {(group, metric.name): headline.sums(metric) for metric in main_metrics()}
        every = rows_of_group(rows, ALL_PAIRS)
        searches = _searches(key, every, rules, no_mate)
        return cls(numbers, sums, searches, list(_views(key, every, rules, no_mate)))


def _searches(
    key: str, scores: pd.DataFrame, rules: Rules, no_mate: NoMate
) -> list[dict[str, Any]]:
    """Return the rows of the frame of searches, of all searches at once: that spares looking at each."""
    names = [search.name for search in rules.searches]
    counted = CountedRows.of(scores, rules, no_mate=no_mate, searches=names)
    rows = [
        {"key": key, "search": name} | counts
        for name, counts in zip(names, counted.counts_by_search, strict=True)
    ]
    for metric in all_metrics():
        for row, value in zip(rows, counted.by_search(metric), strict=True):
            row[metric.name] = value
    return rows


def _views(
    key: str, scores: pd.DataFrame, rules: Rules, no_mate: NoMate
) -> Iterator[dict[str, Any]]:
    for search in rules.searches:
        if search.by_view:
            counted = CountedRows.of(scores, rules, no_mate=no_mate, searches=[search.name])
            for view, value in probe_views(counted, get_metric("rank_1")).items():
                yield {"key": key, "search": search.name, "view": view, "rank_1": value}


def _values(rows: CountedRows) -> dict[str, float]:
    return {metric.name: rows.value(metric) for metric in all_metrics()}


def _chances(rows: CountedRows) -> dict[str, float]:
    levels = {f"chance_{metric.name}": rows.chance(metric) for metric in all_metrics()}
    return {name: level for name, level in levels.items() if level is not None}


def _of_probes(scores: pd.DataFrame, side: str) -> dict[str, float]:
    """Return what was hidden of the probes, and what the method said of them."""
    # What was hidden belongs to a probe, however often it is searched for.
    probes = scores.drop_duplicates("probe")
    hidden = "gallery_hidden_share" if side == "gallery" else "hidden_share"
    return {
        "hidden_share": float(probes[hidden].mean()),
        "n_identities": float(probes["identity"].nunique()),
        "detector_accuracy": float(probes["type_correct"].mean()),
        "detector_error": float((probes["detected_amount"] - probes["hidden_share"]).abs().mean()),
        "alpha": float(probes["alpha"].mean()),
    }


_NO_PAIRS = "no probe has a mate among the pairs of this kind"


def _row(
    cell: Cell,
    expansion: Expansion,
    read: _ReadScores | None,
    commands: Mapping[int, str],
    snapshot: Snapshot,
) -> dict[str, Any]:
    evaluation, bench = cell.evaluation, expansion.bench
    numbers = {} if read is None else read.numbers.get(cell.pairs, {})
    reason = snapshot.reason(evaluation.key) if read is None else _NO_PAIRS
    row: dict[str, Any] = {
        "key": evaluation.key,
        "status": "done" if numbers else "missing",
        "reason": "" if numbers else reason,
        "command": commands[evaluation.seed] if read is None else "",
        "protocol": cell.protocol,
        "dataset": bench.train.name,
        "test_dataset": evaluation.data.name,
        "backbone": cell.backbone,
        "method": cell.method,
        "title": cell.title,
        "setting": cell.setting,
        "trained": cell.trained,
        "stage": evaluation.stage.key,
        "side": cell.side,
        "pairs": cell.pairs,
        "test": cell.test,
        "hidden_wanted": float("nan") if evaluation.hidden is None else evaluation.hidden,
        **(dict(expansion.coordinates) | dict(cell.at)),
        "seed": evaluation.seed,
        "draw": evaluation.draw,
        "steps_occluded": cell.occluded_steps,
        "steps_total": cell.total_steps,
        "occluded_share": evaluation.stage.mix.share,
    }
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
