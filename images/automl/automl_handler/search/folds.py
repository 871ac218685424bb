"""Which fold each row is held out in."""

from typing import Any

import numpy as np

from ..problem import Floats


def assign(target: Floats, count: int, seed: int) -> Any:
    """A fold for each row: every fold has its share of each label, or of small and large numbers."""
    count = max(2, min(count, len(target) // 2))
    order = np.lexsort((np.random.default_rng(seed).random(len(target)), target))
    found = np.empty(len(target), int)
    found[order] = np.arange(len(target)) % count
    return found
