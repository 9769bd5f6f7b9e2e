"""From a store to `Results`: looks up every cell of an experiment, and says what is missing and why."""

import shlex
from typing import Any

import pandas as pd

from gaitbench import __version__
from gaitbench.artifacts import read_scores
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.errors import DataError
from gaitbench.evaluation.retrieval import summarise
from gaitbench.protocols.base import Bench, Cell, Evaluation, expand
from gaitbench.reports.results import METRICS, Results
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
    rows = []
    for cell in expand(bench):
        key = cell.evaluation.key
        if key not in numbers and store.has("scores", key):
            numbers[key] = _numbers(store, key, bench.experiment)
        rows.append(_row(cell, bench, numbers.get(key), command))
    return Results(pd.DataFrame(rows), facts_of(store, bench), lambda key: read_scores(store, key))


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


def _numbers(store: Store, key: str, experiment: Experiment) -> dict[str, float]:
    """Return the averages of a cell's scores."""
    scores = read_scores(store, key)
    side = experiment.side
    detected = scores["detected_amount"] - scores["hidden_share"]
    return summarise(scores, no_mate=experiment.no_mate) | {
        "hidden_share": float(
            scores["gallery_hidden_share" if side == "gallery" else "hidden_share"].mean()
        ),
        "n_identities": float(scores["identity"].nunique()),
        "detector_accuracy": float(scores["type_correct"].mean()),
        "detector_error": float(detected.abs().mean()),
    }


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
        "setting": bench.setting.name,
        "side": bench.experiment.side,
        "adapted_to": cell.adapted_to,
        "test": cell.test,
        "amount": float("nan") if cell.amount is None else cell.amount,
        "seed": evaluation.seed,
        "steps_occluded": cell.occluded_steps,
        "steps_total": cell.total_steps,
    }
    found = numbers or {}
    row |= {name: found.get(name, float("nan")) for name in NUMBERS}
    return row | {name: cell.ticks.get(name, False) for name in ("residual", "adaptive", "aware")}


def _rules(store: Store, bench: Bench) -> dict[str, object]:
    """Return how probes meet the gallery; nothing before the test data are there."""
    try:
        data = Silhouettes.open(bench.test.folder or store.path("datasets", bench.test.key))
    except DataError:
        return {}
    return {"exclude_same_view": bool(data.meta.get("rules", {}).get("exclude_same_view", False))}


def facts_of(store: Store, bench: Bench) -> dict[str, object]:
    """Return what footers print about the run."""
    experiment, setting = bench.experiment, bench.setting
    return {
        "preset": experiment.preset,
        "distance": experiment.distance,
        **_rules(store, bench),
        "exclude_same_recording": True,
        "no_mate": experiment.no_mate,
        "setting": f"{setting.name}: trained on {setting.train.describe()}; "
        f"tested on {setting.test.describe()} ({setting.source})",
        "side": experiment.side,
        "seeds": list(experiment.seeds),
        "test_frames": bench.preset.test_frames,
        "sweep_frames": bench.preset.sweep_frames,
        "adaptation_steps": bench.preset.adaptation.steps,
        "gaitbench_version": __version__,
        "protocol_version": Evaluation.version,
        "command": command_of(experiment, store),
        "experiment": experiment.toml(),
    }
