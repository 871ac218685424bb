"""Sums over about the last so many rows, in memory that several processes share.

They lie in generations: the oldest is emptied when the newest is full, so that the window rolls, and no row
is kept.
"""

from collections.abc import Sequence

import numpy as np

from slipway.table.arrow import Array

_GENERATIONS = 4


class Rolling:
    """`width` sums of each of some workers, of at most about `most` rows of all of them together."""

    def __init__(self, memory: memoryview, workers: int, width: int, most: int) -> None:
        """`memory` is of `size` bytes, all of them 0 before anything was added."""
        shape = (workers, _GENERATIONS, 1 + width)  # the first cell of each generation: how many rows
        self._sums = np.frombuffer(memory, dtype=np.float64).reshape(shape)
        self._full = max(1, most // (_GENERATIONS * workers))
        self._newest: dict[int, int] = {}

    @staticmethod
    def size(workers: int, width: int) -> int:
        """Bytes of memory that are needed."""
        return 8 * workers * _GENERATIONS * (1 + width)

    def add(self, worker: int, rows: int, sums: Sequence[float] | Array) -> None:
        """Adds what a worker has seen in so many rows."""
        own = self._sums[worker]
        newest = self._newest.setdefault(worker, int(own[:, 0].argmin()))
        if own[newest, 0] >= self._full:
            newest = self._newest[worker] = (newest + 1) % _GENERATIONS
            own[newest] = 0
        own[newest, 1:] += sums
        own[newest, 0] += rows

    @property
    def rows(self) -> int:
        """How many rows the window holds now."""
        return int(self._sums[:, :, 0].sum())

    def total(self) -> Array:
        """The sums over the window."""
        total: Array = self._sums.sum(axis=(0, 1))[1:]
        return total
