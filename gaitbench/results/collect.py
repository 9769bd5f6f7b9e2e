"""From a store to `Results`: looks up every cell of an experiment, and says what is missing and why."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from gaitbench import __version__
from gaitbench.core.store_union import ReadableStore
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import folders_of
from gaitbench.evaluation.scores import read_rules
from gaitbench.evaluation.summary import probe_views, summarise, summarise_searches
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Evaluation
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand, setting_of
from gaitbench.reports.pictures.clips import TestedClips
from gaitbench.results.commands import command_of, making_commands
from gaitbench.results.frame import METRICS, SEARCH_COLUMNS, VIEW_COLUMNS, Results
from gaitbench.results.origins import origin_facts, store_facts
from gaitbench.results.rules_words import averaging, never_compared, rules_title
from gaitbench.results.snapshot import Snapshot
from gaitbench.results.stored_scores import (
    check_one_version,
    common_rules,
    read_all,
    unless_vanished,
)

NUMBERS = (
    *METRICS,
    "chance_rank_1",
    "chance_rank_5",
    "n_probes",
    "n_gallery",
    "n_without_mate",
    "hidden_share",
    "n_identities",
    "detector_accuracy",
    "detector_error",
    "alpha",
)


def collect(store: ReadableStore, bench: Bench, snapshot: Snapshot | None = None) -> Results:
    """Return everything that the store knows about an experiment's cells.

    Args:
        store: May be written to meanwhile.
        bench: The experiment.
        snapshot: Which of its evaluations are counted as finished; those that are there now by default.

    Raises:
        StoreError: If scores are damaged, or must not stand in one table: some are of another protocol
            version, or their rules differ.
    """
    snapshot = snapshot or Snapshot.take(store, bench)
    commands = making_commands(store, bench, snapshot)
    check_one_version(snapshot, commands)
    kept = read_all(snapshot)
    rules = common_rules(kept.values()) or rules_of(store, bench)
    numbers: dict[str, dict[str, float]] = {}
    searches: list[dict[str, Any]] = []
    views: list[dict[str, Any]] = []
    for key, one in kept.items():
        scores = one.rows()
        numbers[key] = _numbers(scores, one.rules, bench.experiment)
        searches += _search_rows(key, scores, one.rules, bench.experiment)
        views += _view_rows(key, scores, one.rules, bench.experiment)
    rows = [
        _row(cell, bench, numbers.get(cell.evaluation.key), commands, snapshot)
        for cell in snapshot.cells
    ]
    finished = [cell for cell in snapshot.cells if cell.evaluation.key in numbers]
    return Results(
        pd.DataFrame(rows),
        facts_of(store, bench, snapshot, rules) | origin_facts(store, finished),
        lambda key: kept[key].rows(),
        rules,
        pd.DataFrame(searches, columns=pd.Index(SEARCH_COLUMNS)),
        pd.DataFrame(views, columns=pd.Index(VIEW_COLUMNS)),
        _clips(store, bench, snapshot),
    )


def _clips(store: ReadableStore, bench: Bench, snapshot: Snapshot) -> TestedClips:
    folders = folders_of(store, (bench.train, bench.test))
    evaluations = {cell.evaluation.key: cell.evaluation for cell in snapshot.cells}
    return TestedClips(folders, evaluations)


def _numbers(scores: pd.DataFrame, rules: Rules, experiment: Experiment) -> dict[str, float]:
    """Return the averages of a cell's scores."""
    side = experiment.side
    # What was hidden belongs to a probe, however often it is searched for.
    probes = scores.drop_duplicates("probe")
    detected = probes["detected_amount"] - probes["hidden_share"]
    return summarise(scores, rules, no_mate=experiment.no_mate) | {
        "hidden_share": float(
            probes["gallery_hidden_share" if side == "gallery" else "hidden_share"].mean()
        ),
        "n_identities": float(probes["identity"].nunique()),
        "detector_accuracy": float(probes["type_correct"].mean()),
        "detector_error": float(detected.abs().mean()),
        "alpha": float(probes["alpha"].mean()),
    }


def _search_rows(
    key: str, scores: pd.DataFrame, rules: Rules, experiment: Experiment
) -> list[dict[str, Any]]:
    found = summarise_searches(scores, rules, no_mate=experiment.no_mate)
    return [{"key": key, "search": name} | numbers for name, numbers in found.items()]


def _view_rows(
    key: str, scores: pd.DataFrame, rules: Rules, experiment: Experiment
) -> list[dict[str, Any]]:
    return [
        {"key": key, "search": search.name, "view": view, "rank_1": rank_1}
        for search in rules.searches
        if search.by_view
        for view, rank_1 in probe_views(
            scores[scores["search"] == search.name], no_mate=experiment.no_mate
        ).items()
    ]


def _row(
    cell: Cell,
    bench: Bench,
    numbers: dict[str, float] | None,
    commands: Mapping[int, str],
    snapshot: Snapshot,
) -> dict[str, Any]:
    evaluation: Evaluation = cell.evaluation
    row: dict[str, Any] = {
        "key": evaluation.key,
        "status": "missing" if numbers is None else "done",
        "reason": snapshot.reason(evaluation.key) if numbers is None else "",
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
        "adapted_to": cell.adapted_to,
        "test": cell.test,
        "adapted_steps": cell.adapted_steps,
        "severity": float("nan") if cell.severity is None else cell.severity,
        "hidden_wanted": float("nan") if evaluation.hidden is None else evaluation.hidden,
        "check": cell.check,
        "seed": evaluation.seed,
        "draw": evaluation.draw,
        "steps_occluded": cell.occluded_steps,
        "steps_total": cell.total_steps,
    }
    found = numbers or {}
    row |= {name: found.get(name, float("nan")) for name in NUMBERS}
    return row | {name: cell.ticks.get(name, False) for name in ("residual", "adaptive", "aware")}


def rules_of(store: ReadableStore, bench: Bench) -> Rules | None:
    """Return how probes meet the gallery, from the test data or from what was scored on them."""
    folder = folders_of(store, [bench.test])[bench.test.key]
    if (folder / "meta.json").is_file():
        data = Silhouettes.open(folder)
        return Rules.of(data.meta, data.name)
    keys = (cell.evaluation.key for cell in expand(bench))
    found = (unless_vanished(partial(read_rules, store, key)) for key in keys)
    return next(filter(None, found), None)


def _rules_facts(rules: Rules | None) -> dict[str, object]:
    if rules is None:
        return {}
    facts: dict[str, object] = {"rules": rules_title(rules)}
    if rules.source:
        facts["rules_source"] = rules.source
    if averaging(rules):
        facts["one_number"] = averaging(rules)
    return facts | {"never_compared": never_compared(rules)}


def _positives_fact(bench: Bench) -> dict[str, object]:
    """Return the other reading of the triplet loss, where it was asked for."""
    presets = [bench.preset_of(name) for name in bench.backbone_names()]
    if not any(preset.occluded.self_positive for preset in presets):
        return {}
    return {"triplet_loss": "each anchor is its own positive too"}


def _adaptation_steps(bench: Bench) -> int | dict[str, int]:
    """Return the steps of further training, by backbone where they differ."""
    steps = {name: bench.preset_of(name).adaptation.steps for name in bench.backbone_names()}
    first = next(iter(steps.values()))
    return first if set(steps.values()) == {first} else steps


def _extractor_fact(bench: Bench) -> dict[str, object]:
    if bench.extractor is None:
        return {}
    preset = bench.preset_of(bench.extractor.backbone.name)
    return {
        "extractor": f"{bench.extractor.text()}, on frames of {preset.height}×{preset.width} pixels"
    }


def facts_of(
    store: ReadableStore, bench: Bench, snapshot: Snapshot, rules: Rules | None
) -> dict[str, object]:
    """Return what footers print about the run."""
    experiment, setting = bench.experiment, setting_of(bench)
    return {
        "preset": experiment.preset,
        "distance": experiment.distance,
        **_positives_fact(bench),
        **_rules_facts(rules),
        "no_mate": experiment.no_mate,
        "setting": f"{setting.name}: trained on {setting.train.describe()}; "
        f"tested on {setting.test.describe()} ({setting.source})",
        "side": experiment.side,
        "seeds": list(experiment.seeds),
        **_extractor_fact(bench),
        "test_frames": bench.preset.test_frames,
        "sweep_frames": bench.preset.sweep_frames,
        "adaptation_steps": _adaptation_steps(bench),
        "gaitbench_version": __version__,
        "protocol_version": Evaluation.version,
        **({"being_made": snapshot.being_made} if snapshot.being_made else {}),
        **store_facts(store),
        "command": command_of(experiment, store),
        "experiment": experiment.toml(),
    }
