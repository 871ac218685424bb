"""Quantiles of intermittent demand: those of a series' own past, at levels that backtests have put right.

A mean and a spread tell nothing of a series that is zero in most steps: its median may be zero, and no
quantile lies below. What may come is therefore drawn from what was: recent points, and those of the same
season, weigh more, and a few points of all such series, in multiples of each one's mean, stand for what a
short history has not had yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slipway import Array

from .calibration import LEVELS, MIN_FORECASTS

SHAPE_POINTS = 50
PRIOR = 5.0  # points of the series that those of all series count as
MIN_SEASONS = 4  # whole seasons of a history whose points may weigh by season


@dataclass(frozen=True)
class Demand:
    """The distribution of the next points of intermittent series."""

    half_life: float
    """Steps after which a point weighs half; infinite where all weigh the same."""
    seasonal: float
    """How much more the points of the same place in the season weigh."""
    shape: Array
    """Points of all series in multiples of each one's mean, ascending; shape (SHAPE_POINTS,)."""
    levels: Array
    """Where the quantiles at LEVELS are read: levels, and above 1 multiples of the largest point; shape
    (levels,)."""

    def __str__(self) -> str:
        recent = "" if np.isinf(self.half_life) else f", a point weighing half after {self.half_life:g} steps"
        same = "" if self.seasonal == 1 else f", {self.seasonal:g} times as much in the same step of a season"
        return f"their own past{recent}{same}"

    @classmethod
    def of(cls, histories: Sequence[Array], half_life: float, seasonal: float) -> "Demand":
        """The distribution with the shape that `histories` have together, each weighing the same."""
        places = (np.arange(SHAPE_POINTS) + 0.5) / SHAPE_POINTS
        each = [np.quantile(y, places, method="inverted_cdf") / y.mean() for y in histories if y.any()]
        shape = np.quantile(np.concatenate(each), places, method="inverted_cdf") if each else np.ones(1)
        return cls(half_life, seasonal, shape, LEVELS)

    def as_arrays(self) -> dict[str, Array]:
        """For a file."""
        weights = np.array([self.half_life, self.seasonal])
        return {"demand_weights": weights, "demand_shape": self.shape, "demand_levels": self.levels}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Demand | None":
        """From a file's; None where it has none."""
        if "demand_weights" not in arrays:
            return None
        half_life, seasonal = arrays["demand_weights"].tolist()
        return cls(half_life, seasonal, arrays["demand_shape"], arrays["demand_levels"])

    def fit(self, histories: Sequence[Array], actual: Array, season: int) -> "Demand":
        """With the levels that hold as many of the `actual` points, shape (series, steps), as promised.

        Below MIN_FORECASTS series nothing is changed.
        """
        if len(histories) < MIN_FORECASTS:
            return replace(self, levels=LEVELS)
        random = np.random.default_rng(0)
        found = []
        for y, points in zip(histories, actual, strict=True):
            for place, step in enumerate(self._distributions(y, season, len(points))):
                if np.isfinite(points[place]):
                    found.append(step.level(points[place], random.random()))
        return replace(self, levels=np.quantile(found, LEVELS))

    def quantiles(
        self, histories: Sequence[Array], season: int, steps: int, levels: Sequence[float]
    ) -> Array:
        """Quantiles of the next steps; shape (series, steps, levels)."""
        read = np.tile(self._read(np.asarray(levels)), (steps, 1))
        found = [self._at(y, season, read) for y in histories]
        return np.array(found).reshape(len(histories), steps, len(levels))

    def paths(self, histories: Sequence[Array], season: int, levels: Array) -> Array:
        """The quantiles of each series at `levels` of its own, both of shape (series, paths, steps)."""
        read = self._read(levels).swapaxes(1, 2)
        found = [self._at(y, season, mine) for y, mine in zip(histories, read, strict=True)]
        return np.array(found).reshape(read.shape).swapaxes(1, 2)

    def _read(self, levels: Array) -> Array:
        return np.interp(levels, np.r_[0, LEVELS, 1], np.r_[0, self.levels, max(1, self.levels[-1])])

    def _at(self, y: Array, season: int, levels: Array) -> Array:
        """The quantiles of each step at `levels`, shape (steps, levels)."""
        steps = self._distributions(y, season, len(levels))
        return np.array([step.quantiles(row) for step, row in zip(steps, levels, strict=True)])

    def _distributions(self, y: Array, season: int, steps: int) -> "list[_Distribution]":
        """The distribution of each of the next steps."""
        ages = np.arange(len(y), 0, -1)
        weights = np.exp2(-ages / self.half_life)
        own = weights @ y / weights.sum()
        points = np.r_[y, self.shape * own]
        order = np.argsort(points, kind="stable")
        if season < 2 or len(y) < MIN_SEASONS * season or self.seasonal == 1:
            return [_Distribution.of(points, order, weights)] * steps
        found = [
            _Distribution.of(points, order, weights * np.where((ages + step) % season == 0, self.seasonal, 1))
            for step in range(min(season, steps))
        ]
        return [found[step % season] for step in range(steps)]


@dataclass(frozen=True)
class _Distribution:
    """Points in ascending order, and the share of the weight up to each."""

    points: Array
    shares: Array

    @classmethod
    def of(cls, points: Array, order: Array, weights: Array) -> "_Distribution":
        """Of the points in their order; the last, which have no weights, are the shape's."""
        total = weights.sum()
        effective = total**2 / np.square(weights).sum()
        shape = len(points) - len(weights)
        whole = np.r_[weights * (effective / total), np.full(shape, PRIOR / shape)][order]
        shares = np.cumsum(whole)
        return cls(points[order], shares / shares[-1])

    def quantiles(self, levels: Array) -> Array:
        """A level above 1 is a multiple of the largest point."""
        places = np.searchsorted(self.shares, levels - 1e-12)
        found: Array = self.points[np.minimum(places, len(self.points) - 1)] * np.maximum(levels, 1)
        return found

    def level(self, point: float, within: float) -> float:
        """The level at which `quantiles` gives the point; `within` says where, from 0 to 1, if many do."""
        largest = self.points[-1]
        if point > largest > 0:
            return float(point / largest)
        below, up_to = (
            np.searchsorted(self.points, point, "left"),
            np.searchsorted(self.points, point, "right"),
        )
        shares = np.r_[0, self.shares]
        return float(shares[below] + within * (shares[up_to] - shares[below]))
