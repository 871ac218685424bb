"""Columns of Python objects."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway.table.arrow import Array


def objects(values: Sequence[Any]) -> Array:
    """`values` as an array of objects of shape (len(values),); lists stay lists.

    `numpy.array` would make a second axis of lists that are equally long.

    >>> objects([[1, 2], [3, 4]]).shape
    (2,)
    """
    return np.fromiter(values, dtype=object, count=len(values))
