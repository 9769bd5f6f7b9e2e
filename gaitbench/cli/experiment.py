"""The options that say which experiment a command is about, and how they become one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gaitbench.cli.options import err, load_plugins
from gaitbench.core.errors import ConfigurationError

if TYPE_CHECKING:
    from gaitbench.checkpoints.extractor import ExtractorFile
    from gaitbench.core.store import Store
    from gaitbench.core.store_union import ReadableStore
    from gaitbench.experiment.bench import Bench

INTERRUPTED = 130

ProtocolOption = Annotated[
    str | None, typer.Option(help="What is trained and tested; see 'gaitbench protocols list'.")
]
PresetOption = Annotated[
    str | None, typer.Option(help="Sizes and budgets: laptop, smoke, paper, or a TOML file.")
]
DatasetOption = Annotated[
    str | None, typer.Option(help="A data set's name or folder; trained and tested on.")
]
TestDatasetOption = Annotated[
    str | None, typer.Option(help="A data set's name or folder to test on instead.")
]
SettingOption = Annotated[
    str | None, typer.Option(help="Who is occluded and how much; see 'gaitbench settings list'.")
]
SideOption = Annotated[
    str | None, typer.Option(help="What is occluded at test time: both, probe or gallery.")
]
MethodsOption = Annotated[str | None, typer.Option(help="Comma-separated methods.")]
BackbonesOption = Annotated[
    str | None, typer.Option("--backbones", "--backbone", help="Comma-separated backbones.")
]
ExtractorOption = Annotated[
    str | None,
    typer.Option(help="Checkpoint that replaces training of the extractor on whole clips."),
]
SeedsOption = Annotated[
    str | None, typer.Option("--seeds", "--seed", help="Comma-separated seeds, for example 0,1,2.")
]
TestDrawsOption = Annotated[
    int | None, typer.Option(min=1, help="How often every occluded test is repeated; default 3.")
]
DistanceOption = Annotated[str | None, typer.Option(help="euclidean or cosine.")]
DrawsOption = Annotated[
    str | None, typer.Option(help="Occlusion in training is drawn per clip, or once per batch.")
]
PositivesOption = Annotated[
    str | None, typer.Option(help="Triplet loss: others, or self-too as in the released code.")
]
NoMateOption = Annotated[
    str | None, typer.Option(help="Probes without a mate: drop, miss or miss-ranks.")
]
SanityOption = Annotated[
    bool | None,
    typer.Option(
        "--sanity/--no-sanity", help="Whether the sanity panel is run too.", show_default=False
    ),
]
AdaptToOption = Annotated[
    str | None,
    typer.Option(help="Comma-separated new types for generalizability and adaptability."),
]
StoreOption = Annotated[
    Path | None,
    typer.Option(envvar="GAITBENCH_STORE", help="Where results are kept.", show_default=False),
]
ExperimentArgument = Annotated[
    Path | None, typer.Argument(help="TOML file with an experiment; options override it.")
]

_LISTS = {"methods", "backbones", "seeds", "adapt_to"}
_EXPERIMENT_OPTIONS = (
    "protocol",
    "preset",
    "dataset",
    "test_dataset",
    "setting",
    "side",
    "methods",
    "backbones",
    "extractor",
    "seeds",
    "test_draws",
    "distance",
    "draws",
    "positives",
    "no_mate",
    "sanity",
    "adapt_to",
)


def experiment_options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the experiment's fields among a command's options, lists split at commas."""
    options = {k: given[k] for k in _EXPERIMENT_OPTIONS if given.get(k) is not None}
    for name in _LISTS & options.keys():
        parts = [p.strip() for p in str(options[name]).split(",") if p.strip()]
        options[name] = [_seed(p) for p in parts] if name == "seeds" else parts
    return options


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(
            f"--seeds: {text!r} is not a whole number. Give seeds like 0,1,2."
        ) from None


def open_store(folder: Path | None) -> "Store":
    """Return the store in a folder; in the default one if none is given."""
    from gaitbench.core.store import DEFAULT_FOLDER, Store

    return Store(folder or DEFAULT_FOLDER)


@contextmanager
def opened_experiment(
    file: Path | None, options: dict[str, Any], plugins: list[Path] | None, store: Path | None
) -> "Iterator[tuple[Bench, Store]]":
    """Give the resolved experiment and the store; everything is checked before any work."""
    opened = open_store(store)
    with resolved_experiment(file, options, plugins, opened) as bench:
        yield bench, opened


@contextmanager
def resolved_experiment(
    file: Path | None,
    options: dict[str, Any],
    plugins: list[Path] | None,
    store: "ReadableStore",
    record: dict[str, Any] | None = None,
) -> "Iterator[Bench]":
    """Give the resolved experiment; everything is checked before any work.

    Args:
        file: TOML file with an experiment.
        options: Override it.
        plugins: Added to those of the file.
        store: Remembers the experiment's extractor.
        record: What is remembered instead, where it is of an experiment that was merged.
    """
    from gaitbench.experiment.spec import Experiment

    values: dict[str, Any] = _located(Experiment.read(file), file.parent) if file else {}
    values |= _located(options, Path())
    if plugins:
        values["plugins"] = [*values.get("plugins", []), *(str(p.resolve()) for p in plugins)]
    asked = Experiment.of(values, str(file) if file else "options")
    load_plugins([Path(p) for p in asked.plugins])
    from gaitbench.checkpoints.extractor import ExtractorFile
    from gaitbench.experiment.bench import Bench
    from gaitbench.protocols.expansion import expand

    remembered = ExtractorFile.remembered(record or store.record("experiments", asked.key))
    bench = Bench.resolve(asked, remembered)
    _say_if_changed(bench, remembered)
    expand(bench)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield bench
    except KeyboardInterrupt:
        # SIGTERM, which batch systems send, comes here too. Left alone, the command line's framework
        # would print a bare "Aborted!".
        err.print(
            "\n[bold]Stopped.[/] Everything that was finished is kept; only what was being made is "
            "lost. Give the same command again to go on.",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def _say_if_changed(bench: "Bench", remembered: "ExtractorFile | None") -> None:
    """Say that earlier results of an experiment are of another extractor than the file holds now."""
    now = bench.extractor
    if now is not None and remembered is not None and now.digest != remembered.digest:
        err.print(
            f"careful: {now.path} has changed since this experiment was run with {remembered.text()}. "
            "What was made with the old file is kept, but is no part of this experiment any more.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _located(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return options with every path made absolute: relative ones start where they were written."""
    located = dict(values)
    for name in ("dataset", "test_dataset", "preset", "extractor"):
        path = folder / str(values.get(name))
        # A bare word is a registered name unless there is something of that name.
        is_path = name == "extractor" or path.is_dir() or str(values.get(name)).endswith(".toml")
        if values.get(name) is not None and is_path:
            located[name] = str(path.resolve())
    if isinstance(values.get("plugins"), list):
        located["plugins"] = [str((folder / str(p)).resolve()) for p in values["plugins"]]
    return located
