"""What is known of each column by itself: how many cells, their mean, spread and range; sums of groups."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from slipway import Array

_OUTWEIGHS = 100  # in squared distances: ten times the standard deviation


@dataclass(frozen=True)
class Moments:
    """Of the cells that are there; an entry a column."""

    height: int
    """Rows, with gaps or without."""
    count: Array
    mean: Array
    squares: Array
    """Summed, of the distances to the mean."""
    least: Array
    greatest: Array

    @classmethod
    def of(cls, columns: list[Array]) -> Self:
        """Of columns of one length, NaN where a cell is missing."""
        facts = [_moments(column) for column in columns]
        count, mean, squares, least, greatest = (np.array(each) for each in zip(*facts, strict=True))
        return cls(len(columns[0]), count, mean, squares, least, greatest)

    def and_of(self, other: Self) -> Self:
        """Of these rows and others together, as Chan et al. (1979) put moments together."""
        count = self.count + other.count
        both, apart = np.maximum(count, 1), other.mean - self.mean
        return type(self)(
            self.height + other.height,
            count,
            self.mean + apart * other.count / both,
            self.squares + other.squares + np.square(apart) * self.count * other.count / both,
            np.minimum(self.least, other.least),
            np.maximum(self.greatest, other.greatest),
        )

    @property
    def gaps(self) -> Array:
        """How many cells are missing."""
        missing: Array = self.height - self.count
        return missing

    @property
    def deviation(self) -> Array:
        """The standard deviation with the gaps filled by the mean: they add no square, but count as rows."""
        found: Array = np.sqrt(self.squares / self.height)
        return found

    @property
    def outweighed(self) -> tuple[int, Array]:
        """The column of the largest variance, and those whose variance is less than a hundredth of that.

        Constant columns have no say in distances, whatever their unit, and are not among them.
        """
        variance = np.square(self.deviation)
        heaviest = int(variance.argmax())
        return heaviest, np.flatnonzero(self._varies & (variance < variance[heaviest] / _OUTWEIGHS))

    def units(self, standardize: bool) -> tuple[Array, Array]:
        """What to subtract and divide by; a constant column is not divided."""
        if not standardize:
            return np.zeros_like(self.mean), np.ones_like(self.mean)
        return self.mean, np.where(self._varies, self.deviation, 1.0)

    @property
    def _varies(self) -> Array:
        found: Array = (self.least < self.greatest) & (self.squares > 0)
        return found


def _moments(column: Array) -> tuple[int, float, float, float, float]:
    """Count, mean, squares, least and greatest; of no cell: 0, 0, 0 and an empty range."""
    there = column[~np.isnan(column)] if np.isnan(column).any() else column
    if not len(there):
        return 0, 0.0, 0.0, np.inf, -np.inf
    least, greatest = there.min(), there.max()
    with np.errstate(over="ignore", invalid="ignore"):
        mean = there.mean()
        apart = there - mean
        # The mean of numbers far from zero is rounded; what is left over is the rounding (Chan et al. 1983).
        left_over = apart.mean()
        squares = apart @ apart - len(apart) * left_over * left_over
        mean = np.clip(mean + left_over, least, greatest)
    return len(there), mean, squares, least, greatest


def group_sums(rows: Array, labels: Array, groups: int) -> Array:
    """The sum of the `rows` with each label below `groups`; shape (groups, columns)."""
    found = np.empty((groups, rows.shape[1]))
    for place, column in enumerate(rows.T):
        found[:, place] = np.bincount(labels, weights=column, minlength=groups)
    return found
