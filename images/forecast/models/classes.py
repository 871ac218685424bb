"""The class of a series, which determines its ensemble; methods are not selected for single series."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from slipway import Array

SeriesClass = Literal["empty", "constant", "tiny", "short", "intermittent", "seasonal", "long seasons"]
CLASSES: tuple[SeriesClass, ...] = (
    "empty",
    "constant",
    "tiny",
    "short",
    "intermittent",
    "seasonal",
    "long seasons",
)
TINY = 3
SHORT = 8
LONG_SEASON = 24
ZEROS = 0.4  # minimum share of zeros of an intermittent series


def class_of(y: Array, seasons: Sequence[int]) -> SeriesClass:
    """The class of a series without gaps; `seasons` are its season lengths in steps, ascending.

    >>> class_of(np.array([0.0, 0, 3, 0, 0, 1, 0, 0]), (12,)), class_of(np.arange(40.0), (12,))
    ('intermittent', 'seasonal')
    """
    if not len(y):
        return "empty"
    if len(y) <= TINY:
        return "tiny"
    if y.min() == y.max():
        return "constant"
    if y.min() >= 0 and np.mean(y == 0) >= ZEROS:
        return "intermittent"
    if len(y) < SHORT:
        return "short"
    whole = [m for m in seasons if len(y) > 2 * m]
    if len(whole) > 1 or (whole and whole[-1] > LONG_SEASON):
        return "long seasons"
    return "seasonal"


def classes_of(values: Array, ends: Array, seasons: Sequence[int]) -> list[SeriesClass]:
    """The classes of many series, concatenated in `values` and ending at `ends`.

    Series of the same length are of the same class, except constant and intermittent ones.
    """
    lengths = np.diff(ends, prepend=0)
    begins = (ends - lengths)[lengths > 0]
    flags = np.zeros((len(ends), 2), dtype=bool)
    if len(begins):
        least, most = np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins)
        zeros = np.add.reduceat((values == 0).astype(np.int64), begins) / lengths[lengths > 0]
        flags[lengths > 0] = np.column_stack([least == most, (least >= 0) & (zeros >= ZEROS)])
    _, first, inverse = np.unique(
        np.column_stack([lengths, flags]), axis=0, return_index=True, return_inverse=True
    )
    found = [
        class_of(values[ends[place] - lengths[place] : ends[place]], seasons) for place in first.tolist()
    ]
    return [found[place] for place in inverse.reshape(-1).tolist()]
