"""Names for arrays by the type of their values."""

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]
