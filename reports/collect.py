"""From a store to `Results`: looks up every cell of an experiment, and says what is missing and why."""

import shlex
from typing import Any

import pandas as pd

from gaitbench import __version__
from gaitbench.artifacts import folders_of, read_rules, read_scores
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.evaluation.summary import probe_views, summarise, summarise_searches
from gaitbench.protocols.base import Bench, Cell, Evaluation, expand
from gaitbench.reports.results import METRICS, SEARCH_COLUMNS, VIEW_COLUMNS, Results
from gaitbench.reports.rules_words import averaging, never_compared, rules_title
from gaitbench.spec import Experiment
from gaitbench.store import DEFAULT_FOLDER, Store

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
)


def collect(store: Store, bench: Bench) -> Results:
    """Return everything that the store knows about an experiment's cells."""
    command = command_of(bench.experiment, store)
    numbers: dict[str, dict[str, float]] = {}
    rows: list[dict[str, Any]] = []
    searches: list[dict[str, Any]] = []
    views: list[dict[str, Any]] = []
    for cell in expand(bench):
        key = cell.evaluation.key
        if key not in numbers and store.has("scores", key):
            scores, rules = read_scores(store, key), read_rules(store, key)
            numbers[key] = _numbers(scores, rules, bench.experiment)
            searches += _search_rows(key, scores, rules, bench.experiment)
            views += _view_rows(key, scores, rules, bench.experiment)
        rows.append(_row(cell, bench, numbers.get(key), command))
    return Results(
        pd.DataFrame(rows),
        facts_of(store, bench),
        lambda key: read_scores(store, key),
        rules_of(store, bench),
        pd.DataFrame(searches, columns=pd.Index(SEARCH_COLUMNS)),
        pd.DataFrame(views, columns=pd.Index(VIEW_COLUMNS)),
    )


def command_of(experiment: Experiment, store: Store) -> str:
    """Return the command line that makes what an experiment needs."""
    parts = ["gaitbench", "run"]
    defaults = Experiment()
    for name, value in experiment.model_dump().items():
        if name != "protocol" and value == getattr(defaults, name):
            continue
        option = "--" + {"plugins": "plugin", "seeds": "seeds"}.get(name, name).replace("_", "-")
        if name == "plugins":
            for plugin in value:
                parts += [option, plugin]
        elif isinstance(value, list | tuple):
            parts += [option, ",".join(map(str, value))]
        else:
            parts += [option, str(value)]
    if store.folder != DEFAULT_FOLDER.resolve():
        parts += ["--store", str(store.folder)]
    return shlex.join(parts)


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
    cell: Cell, bench: Bench, numbers: dict[str, float] | None, command: str
) -> dict[str, Any]:
    evaluation: Evaluation = cell.evaluation
    row: dict[str, Any] = {
        "key": evaluation.key,
        "status": "missing" if numbers is None else "done",
        "reason": "not evaluated yet" if numbers is None else "",
        "command": command,
        "protocol": cell.protocol,
        "dataset": bench.train.name,
        "test_dataset": bench.test.name,
        "backbone": cell.backbone,
        "method": cell.method,
        "title": cell.title,
        "setting": cell.setting,
        "trained": cell.trained,
        "side": bench.experiment.side,
        "adapted_to": cell.adapted_to,
        "test": cell.test,
        "amount": float("nan") if cell.amount is None else cell.amount,
        "seed": evaluation.seed,
        "draw": evaluation.draw,
        "steps_occluded": cell.occluded_steps,
        "steps_total": cell.total_steps,
    }
    found = numbers or {}
    row |= {name: found.get(name, float("nan")) for name in NUMBERS}
    return row | {name: cell.ticks.get(name, False) for name in ("residual", "adaptive", "aware")}


def rules_of(store: Store, bench: Bench) -> Rules | None:
    """Return how probes meet the gallery, from the test data or from what was scored on them."""
    folder = folders_of(store, [bench.test])[bench.test.key]
    if (folder / "meta.json").is_file():
        data = Silhouettes.open(folder)
        return Rules.of(data.meta, data.name)
    keys = (cell.evaluation.key for cell in expand(bench))
    return next((read_rules(store, key) for key in keys if store.has("scores", key)), None)


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


def facts_of(store: Store, bench: Bench) -> dict[str, object]:
    """Return what footers print about the run."""
    experiment, setting = bench.experiment, bench.setting
    return {
        "preset": experiment.preset,
        "distance": experiment.distance,
        **_positives_fact(bench),
        **_rules_facts(rules_of(store, bench)),
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
        "command": command_of(experiment, store),
        "experiment": experiment.toml(),
    }
