"""Numbers as text, in the fewest digits that give the same float64 back."""

import numpy as np
import orjson

from slipway.table.arrow import Array


def joined(column: Array) -> bytes:
    """The numbers of `column` with commas between, `null` where missing."""
    return orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]


def is_plain(column: Array) -> bool:
    """Whether `column` holds one number per row."""
    return column.dtype.kind in "fiu" and column.ndim == 1
