"""What stores remember of experiments: which was run last, and with which extractor."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gaitbench.checkpoints.extractor import ExtractorFile
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.store import Store
from gaitbench.core.store_union import ReadableStore, StoreUnion
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment


@dataclass(frozen=True)
class RememberedExperiment:
    """An experiment as a store knows it.

    Args:
        values: Of its fields.
        record: What the store remembers of it beside them.
    """

    values: dict[str, Any]
    record: dict[str, Any]

    def bench(self) -> Bench:
        """Return the experiment with every name resolved.

        Raises:
            GaitbenchError: If a plug-in does not load, a name is unknown, or data cannot be used.
        """
        experiment = Experiment.of(self.values, "experiment")
        return Bench.resolve(experiment, ExtractorFile.remembered(self.record))


def recall(store: ReadableStore, experiment: Experiment | None) -> RememberedExperiment:
    """Return an experiment with what a store remembers of it.

    Args:
        store: Any.
        experiment: None takes the one that was run last; those of several stores are merged.

    Raises:
        ConfigurationError: If the last one is asked for and a store has none, or they differ in more than
            seeds and methods.
    """
    if experiment is not None:
        record = store.record("experiments", experiment.key)
        return RememberedExperiment(experiment.model_dump(), record)
    if not isinstance(store, StoreUnion):
        return _last_of(store)
    return _merged([_last_of(part) for part in store.stores], store.names)


def remember(store: Store, bench: Bench) -> None:
    """Keep an experiment in a store as the last one that was run."""
    key = bench.experiment.key
    store.prepare()
    with store.lock(key):
        if not store.has("experiments", key):
            with store.write("experiments", key, bench.experiment.model_dump()) as folder:
                (folder / "experiment.toml").write_text(bench.experiment.toml(), encoding="utf-8")
        if bench.extractor is not None:
            store.write_record(store.path("experiments", key), bench.extractor.record())
        os.utime(store.path("experiments", key))


def differing(first: RememberedExperiment, second: RememberedExperiment) -> dict[str, str]:
    """Return the fields in which two experiments differ, with both values; order counts for nothing."""
    differences: dict[str, str] = {}
    for name in dict.fromkeys([*first.values, *second.values]):
        first_value, second_value = first.values.get(name), second.values.get(name)
        if _unordered(first_value) != _unordered(second_value):
            differences[name] = f"{first_value!r} and {second_value!r}"
    digests = [e.record.get("extractor", {}).get("digest") for e in (first, second)]
    if digests[0] != digests[1] and "extractor" not in differences:
        differences["extractor"] = f"files with the SHA-256 {digests[0]} and {digests[1]}"
    return differences


def _last_of(store: Store) -> RememberedExperiment:
    keys = store.keys("experiments")
    if not keys:
        raise ConfigurationError(
            f"{store.folder} holds no experiment yet. Run one: gaitbench run --protocol occluded"
        )
    last = max(keys, key=lambda k: store.path("experiments", k).stat().st_mtime)
    return RememberedExperiment(store.spec("experiments", last), store.record("experiments", last))


def _merged(
    experiments: Sequence[RememberedExperiment], names: Sequence[str]
) -> RememberedExperiment:
    first = experiments[0]
    for second, name in zip(experiments[1:], names[1:], strict=True):
        apart = [
            f"{field}: {text}"
            for field, text in differing(first, second).items()
            if not _united(field, first, second)
        ]
        if apart:
            raise ConfigurationError(
                f"The last experiments of {names[0]} and {name} differ in {'; '.join(apart)}. Only seeds "
                "and named methods are merged. Say which experiment is meant with --protocol and the other "
                "options, or with a TOML file."
            )
    seeds = sorted({seed for experiment in experiments for seed in experiment.values["seeds"]})
    methods = dict.fromkeys(m for experiment in experiments for m in experiment.values["methods"])
    return RememberedExperiment(
        first.values | {"seeds": seeds, "methods": list(methods)}, first.record
    )


def _united(field: str, first: RememberedExperiment, second: RememberedExperiment) -> bool:
    """Whether a field in which experiments differ is merged: each machine may have run a part.

    No methods are the protocol's own choice, which cannot be united with named ones.
    """
    named = first.values["methods"] and second.values["methods"]
    return field == "seeds" or (field == "methods" and bool(named))


def _unordered(value: object) -> object:
    return sorted(value) if isinstance(value, list | tuple) else value
