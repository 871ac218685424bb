"""Types that the engine's modules share."""

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Cells: TypeAlias = pd.Series | NDArray[Any]
"""A column of a DataFrame, or an array of the cells of a request."""
