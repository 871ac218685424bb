"""An answer column as what is counted: numbers, or texts."""

import numpy as np
import pyarrow as pa

from slipway.table.arrow import Array, strings


def as_numbers(values: Array) -> Array | None:
    """A column of numbers as float64; None for any other."""
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        return None
    found: Array = values.astype(np.float64)
    return found


def as_texts(values: Array) -> pa.Array | None:
    """A column of texts as Arrow's strings; None for any other."""
    if values.ndim != 1 or values.dtype.kind not in "OU":
        return None
    cells = values.tolist()
    if not all(cell is None or isinstance(cell, str) for cell in cells):
        return None
    return strings(cells)
