"""Which stores a command reads, and which experiment it is about if nobody says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitbench.core.errors import ConfigurationError

if TYPE_CHECKING:
    from gaitbench.core.store import Store
    from gaitbench.core.store_union import ReadableStore

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="STORE|EXPERIMENT.toml",
        help="Stores to read as one, and a TOML file with an experiment; options override it.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class LastExperiment:
    """The experiment that was run last in a store.

    Args:
        values: Of its fields.
        record: What the store remembers of it beside them.
    """

    values: dict[str, Any]
    record: dict[str, Any]

    @property
    def options(self) -> dict[str, Any]:
        """All fields but the plug-ins."""
        return {name: value for name, value in self.values.items() if name != "plugins"}

    @property
    def plugins(self) -> list[Path]:
        """Files to load."""
        return [Path(p) for p in self.values.get("plugins", [])]


def split_paths(paths: Sequence[Path] | None) -> tuple[Path | None, list[Path]]:
    """Return the experiment file among a command's arguments, if any, and the folders of stores.

    Raises:
        ConfigurationError: If there are two files, or something that is neither.
    """
    folders = [path for path in paths or () if path.is_dir()]
    files = [path for path in paths or () if not path.is_dir()]
    for path in files:
        if path.suffix != ".toml" and not path.exists():
            raise ConfigurationError(
                f"{path}: there is no such file or folder. Give the folders of stores, and at most one "
                "TOML file with an experiment."
            )
    if len(files) > 1:
        raise ConfigurationError(
            f"{' and '.join(map(str, files))} are two experiments; a report is of one. Give one TOML file."
        )
    return (files[0] if files else None), folders


def check_store_option(context: typer.Context, folders: Sequence[Path]) -> None:
    """Check that stores are not named both as arguments and by --store.

    The environment's store is only a default, which arguments replace.

    Raises:
        ConfigurationError: If they are.
    """
    source = context.get_parameter_source("store")
    if folders and source is not None and source.name == "COMMANDLINE":
        raise ConfigurationError(
            f"--store {context.params['store']} stands beside the stores {', '.join(map(str, folders))}. "
            "Give all stores as arguments."
        )


def last_experiment(store: "ReadableStore") -> LastExperiment:
    """Return the experiment that was run last; that of several stores is merged.

    Raises:
        ConfigurationError: If a store has none, or they differ in more than seeds and methods.
    """
    from gaitbench.core.store_union import StoreUnion

    if not isinstance(store, StoreUnion):
        return _last_of(store)
    return _merged([_last_of(one) for one in store.stores], store.names)


def _last_of(store: "Store") -> LastExperiment:
    keys = store.keys("experiments")
    if not keys:
        raise ConfigurationError(
            f"{store.folder} holds no experiment yet. Run one: gaitbench run --protocol occluded"
        )
    last = max(keys, key=lambda k: store.path("experiments", k).stat().st_mtime)
    return LastExperiment(store.spec("experiments", last), store.record("experiments", last))


def _merged(experiments: Sequence[LastExperiment], names: Sequence[str]) -> LastExperiment:
    first = experiments[0]
    for other, name in zip(experiments[1:], names[1:], strict=True):
        found = differing(first, other)
        said = [
            f"{field}: {text}" for field, text in found.items() if not _united(field, first, other)
        ]
        if said:
            raise ConfigurationError(
                f"The last experiments of {names[0]} and {name} differ in {'; '.join(said)}. Only seeds "
                "and named methods are merged. Say which experiment is meant with --protocol and the other "
                "options, or with a TOML file."
            )
    seeds = sorted({seed for one in experiments for seed in one.values["seeds"]})
    methods = dict.fromkeys(m for one in experiments for m in one.values["methods"])
    return LastExperiment(first.values | {"seeds": seeds, "methods": list(methods)}, first.record)


def _united(field: str, first: LastExperiment, second: LastExperiment) -> bool:
    """Whether a field in which experiments differ is merged: each machine may have run a part.

    No methods are the protocol's own choice, which cannot be united with named ones.
    """
    named = first.values["methods"] and second.values["methods"]
    return field == "seeds" or (field == "methods" and bool(named))


def differing(first: LastExperiment, second: LastExperiment) -> dict[str, str]:
    """Return the fields in which two experiments differ, with both values; order counts for nothing."""
    found: dict[str, str] = {}
    for name in dict.fromkeys([*first.values, *second.values]):
        one, other = first.values.get(name), second.values.get(name)
        if _unordered(one) != _unordered(other):
            found[name] = f"{one!r} and {other!r}"
    one, other = (e.record.get("extractor", {}).get("digest") for e in (first, second))
    if one != other and "extractor" not in found:
        found["extractor"] = f"files with the SHA-256 {one} and {other}"
    return found


def _unordered(value: object) -> object:
    return sorted(value) if isinstance(value, list | tuple) else value
