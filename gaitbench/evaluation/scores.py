"""The scores of an evaluation as they lie in a store: one row per search, gallery view and probe."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gaitbench.core.errors import StoreError
from gaitbench.core.store_union import ReadableStore
from gaitbench.data.rules import Rules

SCORES_FILE = "probes.npz"
RULES_FILE = "rules.json"


def write_scores(folder: Path, scores: pd.DataFrame, rules: Rules) -> None:
    """Write scores and the rules that they were made with.

    Args:
        folder: Of the artifact that is being made.
        scores: As from `score_probes`, with any further columns.
        rules: Of the test data.
    """
    columns = {str(name): _plain(scores[name]) for name in scores}
    np.savez_compressed(folder / SCORES_FILE, **columns)  # type: ignore[arg-type]
    (folder / RULES_FILE).write_text(rules.model_dump_json(indent=1), encoding="utf-8")


def _plain(column: pd.Series) -> np.ndarray[Any, Any]:
    values = column.to_numpy()
    return values.astype(str) if values.dtype.kind in "OUT" or column.dtype == "string" else values


def read_scores(store: ReadableStore, key: str) -> pd.DataFrame:
    """Return the scores of an evaluation, one row per search, gallery view and probe.

    Raises:
        StoreError: If they cannot be read.
    """
    folder = store.path("scores", key)
    return unpack_scores(packed_scores(folder), folder)


def packed_scores(folder: Path) -> bytes:
    """Return the scores of an evaluation as they lie in its folder.

    Raises:
        StoreError: If they cannot be read.
    """
    try:
        return (folder / SCORES_FILE).read_bytes()
    except OSError as error:
        raise _unreadable(folder / SCORES_FILE, error) from error


def unpack_scores(packed: bytes, folder: Path) -> pd.DataFrame:
    """Return what `read_scores` does, from the bytes of `packed_scores`.

    Raises:
        StoreError: If they are damaged; `folder` says which ones.
    """
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return pd.DataFrame({name: arrays[name] for name in arrays.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(folder / SCORES_FILE, error) from error


def read_rules(store: ReadableStore, key: str) -> Rules:
    """Return the rules that the scores of an evaluation were made with.

    Raises:
        StoreError: If they cannot be read.
    """
    return rules_at(store.path("scores", key))


def rules_at(folder: Path) -> Rules:
    """Return what `read_rules` does, from the folder of an evaluation's scores.

    Raises:
        StoreError: If they cannot be read.
    """
    path = folder / RULES_FILE
    try:
        return Rules.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(f"{path} cannot be read: {error}. Remove its folder to make it again.")
