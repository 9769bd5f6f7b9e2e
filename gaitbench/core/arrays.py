"""Names for arrays by the type of their values, and pandas, loaded when something of it is first used.

Importing pandas takes longer than all that lists and `status` do. A module that takes `pd` from here has
`from __future__ import annotations`: its annotations alone would load it otherwise.
"""

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

__all__ = ["Bools", "Doubles", "Floats", "Integers", "pd"]

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]
