"""Numbers in libraries that keep them in 32 bits."""

import numpy as np

from slipway.table.arrow import Array


def float32_error(values: Array) -> float:
    """Root mean square of what numbers, of shape (n,), lose in 32 bits; infinite where one is beyond them.

    >>> float32_error(np.array([1.0, 2.5])), float32_error(np.array([1.0, 1e39]))
    (0.0, inf)
    """
    with np.errstate(over="ignore"):
        lost = values - values.astype(np.float32)
    return float(np.sqrt(np.mean(lost**2)))
