"""Which stores a command reads or writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaitbench.core.errors import ConfigurationError

if TYPE_CHECKING:
    from gaitbench.core.store import Store

StoreOption = Annotated[
    Path | None,
    typer.Option(
        envvar="GAITBENCH_STORE", help="Where results are kept.", show_default="gaitbench-store"
    ),
]
PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="STORE|EXPERIMENT.toml",
        help="Stores to read as one, and a TOML file with an experiment; options override it.",
        show_default=False,
    ),
]


def open_store(folder: Path | None) -> "Store":
    """Return the store in a folder; in the default one if none is given."""
    from gaitbench.core.store import DEFAULT_FOLDER, Store

    return Store(folder or DEFAULT_FOLDER)


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
