"""Names for arrays by the type of their values, rows of frames, and pandas, loaded when first used.

Importing pandas takes longer than all that lists and `status` do. A module that takes `pd` from here has
`from __future__ import annotations`: its annotations alone would load it otherwise.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd
else:

    class _Pandas:
        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module("pandas"), name)

    pd = _Pandas()

__all__ = ["Bools", "Doubles", "Floats", "Integers", "pd", "rows_where"]

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]


def rows_where(frame: pd.DataFrame, keep: Bools) -> pd.DataFrame:
    """Return the rows for which `keep`, shape (rows,), is true; uncopied where they lie beside each other.

    A copy moves every column by itself, and frames of scores have forty.
    """
    rows = np.flatnonzero(keep)
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return frame.iloc[rows[0] : rows[-1] + 1]
    return frame.iloc[rows]
