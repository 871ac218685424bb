"""What kind of series each is: which methods are averaged follows from it, never from a contest."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from slipway import Array

Kind = Literal["empty", "constant", "tiny", "short", "intermittent", "seasonal", "long seasons"]
KINDS: tuple[Kind, ...] = ("empty", "constant", "tiny", "short", "intermittent", "seasonal", "long seasons")
TINY = 3
SHORT = 8
LONG_SEASON = 24
ZEROS = 0.4  # share of zeros from which a series without negative points is intermittent


def kind_of(y: Array, seasons: Sequence[int]) -> Kind:
    """The class of one series, without gaps."""
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
