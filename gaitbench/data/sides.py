"""Which sequences are probes and which are gallery entries in a search."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.data.rules import Search


def matches(condition: str, patterns: Sequence[str]) -> bool:
    """Return whether a condition matches one of the shell patterns; every one does if there are none.

    >>> matches("nm-05", ["nm-0[56]"]), matches("bg-01", ["nm-0[56]"]), matches("bg-01", [])
    (True, False, True)
    """
    return not patterns or any(fnmatchcase(condition, pattern) for pattern in patterns)


def chosen(table: pd.DataFrame, patterns: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the rows whose condition matches one of the shell patterns; all for no pattern."""
    conditions = table["condition"].astype(str)
    matching = {condition: matches(condition, patterns) for condition in conditions.unique()}
    return np.flatnonzero(conditions.map(matching).to_numpy(np.bool_))


def sides_of(condition: str, searches: Iterable[Search]) -> set[str]:
    """Return on which sides, "probe" and "gallery", the searches want clips of a condition."""
    sides = set()
    for search in searches:
        if matches(condition, search.probes):
            sides.add("probe")
        if matches(condition, search.gallery):
            sides.add("gallery")
    return sides
