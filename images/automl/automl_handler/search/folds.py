"""The fold in which each row is held out."""

from typing import Any

import numpy as np

from ..types import Floats


def assign(target: Floats, count: int, seed: int) -> Any:
    """The fold of each row, of shape (rows,), stratified by class or by size of the target."""
    count = max(2, min(count, len(target) // 2))
    order = np.lexsort((np.random.default_rng(seed).random(len(target)), target))
    found = np.empty(len(target), int)
    found[order] = np.arange(len(target)) % count
    return found
