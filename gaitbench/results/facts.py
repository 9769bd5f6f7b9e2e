"""What tables depend on beside their numbers: rules, options, versions, machines, and command lines."""

import shlex
from collections import Counter
from collections.abc import Sequence

from gaitbench import __version__
from gaitbench.core.errors import StoreError
from gaitbench.core.store import DEFAULT_FOLDER, Kind, Store
from gaitbench.core.store_union import ReadableStore, StoreUnion
from gaitbench.data.rules import Rules
from gaitbench.evaluation.pairs import excluded_words
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Evaluation
from gaitbench.experiment.expansion import Expansion
from gaitbench.experiment.spec import Experiment
from gaitbench.results.snapshot import Snapshot

Origin = tuple[tuple[str, str], ...]
"""What a record says of how something was made, as (name, value)."""

Artifact = tuple[Kind, str]

_KINDS: dict[Kind, str] = {"stages": "stages", "scores": "evaluations"}
_PACKAGES = ("torch", "numpy")
_DECISIVE = ("torch", "machine", "device", "bfloat16")
"""What changes floating-point results."""

_NOT_RECORDED = "not recorded"


def facts_of(
    store: ReadableStore, expansion: Expansion, snapshot: Snapshot, rules: Rules | None
) -> dict[str, object]:
    """Return what footers print about the run."""
    bench, setting = expansion.bench, expansion.setting
    experiment = bench.experiment
    return {
        "preset": experiment.preset,
        "distance": experiment.distance,
        **_positives_fact(bench),
        **_rules_facts(rules),
        "no_mate": experiment.no_mate,
        "setting": f"{setting.name}: trained on {setting.train.types()}; "
        f"tested on {setting.test.describe()} ({setting.source})",
        "side": experiment.side,
        "shares": experiment.shares,
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


def rules_title(rules: Rules) -> str:
    """Return name and version.

    >>> rules_title(Rules(name="casia-b"))
    'casia-b, version 1'
    """
    return f"{rules.name}, version {rules.version}"


def never_compared(rules: Rules) -> str:
    """Return which pairs each search leaves out; searches that leave out the same are named together."""
    by_words: dict[str, list[str]] = {}
    for search in rules.searches:
        words = excluded_words(search.excluded, exclude_same_recording=rules.exclude_same_recording)
        by_words.setdefault(words, []).append(search.name)
    if len(by_words) == 1:
        return next(iter(by_words))
    return "; ".join(f"{words} ({', '.join(names)})" for words, names in by_words.items())


def averaging(rules: Rules) -> str:
    """Return how a comparison table's one number comes about; "" for one pooled search.

    >>> averaging(Rules())
    ''
    """
    headline = [search for search in rules.searches if search.headline]
    by_view = [search.name for search in headline if search.by_view]
    parts = []
    if len(rules.searches) > 1:
        of = "mean over the searches" if len(headline) > 1 else "search"
        parts.append(f"{of} {', '.join(search.name for search in headline)}")
    if by_view:
        which = "" if len(by_view) == len(headline) else f" in {', '.join(by_view)}"
        parts.append(
            f"each gallery view searched by itself{which}, mean over the pairs of a probe view and a "
            "gallery view"
        )
    return "; ".join(parts)


def origin_facts(store: ReadableStore, finished: Sequence[Cell]) -> dict[str, object]:
    """Return what made the scores, and the stages that they rest on, as facts of a report.

    Args:
        store: Holds the records.
        finished: Cells whose scores are there.
    """
    origins = _origins(store, finished)
    facts: dict[str, object] = {}
    for kind, words in _KINDS.items():
        of_kind = Counter(origin for artifact, origin in origins.items() if artifact[0] == kind)
        if of_kind:
            facts[f"{words}_made_with"] = _counted(of_kind)
    return facts | _mixture(origins, finished)


def store_facts(store: ReadableStore) -> dict[str, object]:
    """Return which stores were read, as the command line shows them; nothing of a single one."""
    return {"stores": ", ".join(store.names)} if isinstance(store, StoreUnion) else {}


def _origins(store: ReadableStore, finished: Sequence[Cell]) -> dict[Artifact, Origin]:
    needed = dict.fromkeys(artifact for cell in finished for artifact in _artifacts(cell))
    # A stage may have been removed, or left on the machine that trained it.
    return {artifact: _origin(store, *artifact) for artifact in needed if store.has(*artifact)}


def _artifacts(cell: Cell) -> list[Artifact]:
    stages: list[Artifact] = [("stages", s.key) for s in cell.evaluation.stage.all_stages()]
    return [*stages, ("scores", cell.evaluation.key)]


def _origin(store: ReadableStore, kind: Kind, key: str) -> Origin:
    try:
        record = store.record(kind, key)
    except StoreError:
        record = {}
    packages = record.get("packages", {})
    made_with = {"gaitbench": record.get("gaitbench")} | {p: packages.get(p) for p in _PACKAGES}
    made_with |= {name: record.get(name) for name in ("machine", "device", "bfloat16")}
    return tuple((name, _text(value)) for name, value in made_with.items())


def _text(value: object) -> str:
    if value is None:
        return _NOT_RECORDED
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _counted(origins: Counter[Origin]) -> str:
    return "; ".join(
        f"{n} with {', '.join(f'{name} {value}' for name, value in origin)}"
        for origin, n in origins.most_common()
    )


def _mixture(origins: dict[Artifact, Origin], finished: Sequence[Cell]) -> dict[str, object]:
    """Return a warning for tables whose numbers were not all made alike; nothing if there are none."""
    mixed: dict[str, str] = {}
    for protocol in dict.fromkeys(cell.protocol for cell in finished):
        artifacts = dict.fromkeys(
            a for c in finished if c.protocol == protocol for a in _artifacts(c)
        )
        text = _differing(
            [dict(origins[artifact]) for artifact in artifacts if artifact in origins]
        )
        if text:
            mixed[protocol] = text
    if not mixed:
        return {}
    by_text: dict[str, list[str]] = {}
    for protocol, text in mixed.items():
        by_text.setdefault(text, []).append(protocol)
    mixtures = "; ".join(
        f"the tables of {', '.join(names)} mix {t}" for t, names in by_text.items()
    )
    return {
        "careful": f"{mixtures}. Floating-point results depend on these, and training carries small "
        "differences on to other weights: between such numbers a difference may come from the machine."
    }


def _differing(origins: Sequence[dict[str, str]]) -> str:
    parts = []
    for name in _DECISIVE:
        values = sorted({origin[name] for origin in origins})
        if len(values) > 1:
            parts.append(f"{name} {' and '.join(values)}")
    return ", ".join(parts)


def command_of(experiment: Experiment, store: ReadableStore) -> str:
    """Return the command line that makes what an experiment needs; of several stores, their report."""
    if isinstance(store, StoreUnion):
        return shlex.join(["gaitbench", "report", *store.names, *experiment.command_options()])
    where = [] if store.folder == DEFAULT_FOLDER.resolve() else ["--store", str(store.folder)]
    return shlex.join(["gaitbench", "run", *experiment.command_options(), *where])


def making_commands(store: ReadableStore, bench: Bench, snapshot: Snapshot) -> dict[int, str]:
    """Return, by seed, the command line that makes what is missing of it.

    One store is completed as a whole. Of several, a seed is completed in the one that has most of it, so
    that nothing is trained again that another one holds.
    """
    experiment = bench.experiment
    if not isinstance(store, StoreUnion):
        return dict.fromkeys(experiment.seeds, command_of(experiment, store))
    commands = {}
    for seed in experiment.seeds:
        alone = experiment.model_copy(update={"seeds": (seed,)})
        commands[seed] = command_of(alone, _home(store, snapshot, seed))
    return commands


def _home(union: StoreUnion, snapshot: Snapshot, seed: int) -> Store:
    """Return the store that most of a seed's scores were read from; the first one if there are none."""
    keys = {c.evaluation.key for c in snapshot.cells if c.evaluation.seed == seed}
    folders = Counter(
        folder.parent.parent for key, folder in snapshot.folders.items() if key in keys
    )
    return max(union.stores, key=lambda store: folders[store.folder])
