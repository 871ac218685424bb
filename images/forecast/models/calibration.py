"""Prediction intervals from backtest errors: the spread of the methods times pooled quantiles.

The methods' own 95 % intervals cover 81 to 84 % of short business series. The ratio of each error to its
spread is pooled by class of series and step, so the quantiles apply to any series of the class.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import NormalDist

import numpy as np

from slipway import Array
from slipway.kit.conformal import widened

from .classes import CLASSES

_LOWER = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)
LEVELS = np.array([*_LOWER, 0.5, *(round(1 - level, 3) for level in reversed(_LOWER))])
NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
POOLS = 2 * len(CLASSES)  # each class twice: series as they are, and in logarithms
MIN_FORECASTS = 100  # forecasts of a class that its own quantiles need
FEW = 20  # forecasts that a correlation needs
# With fewer than MIN_FORECASTS quantiles have one shape, stretched; chosen on jobs of one to fifteen series.
FREEDOM = 5.0  # of Student's t: errors of many series together have heavier tails than normal ones
USUAL_STRETCH = 1.3  # without backtests: spreads are nearly always too narrow
STRETCH_WEIGHT = 2  # forecasts that the usual stretch counts as beside those of the backtest


@dataclass(frozen=True)
class IntervalCalibration:
    """The distribution of ratios of errors to spreads, by pool: a class, on its scale or in logarithms."""

    table: Array
    """Quantiles of the ratios at LEVELS; shape (pools, steps, levels)."""
    pooled: Array
    """The number of backtest forecasts of each pool; shape (pools,)."""
    correlations: Array
    """The correlation of each step's error with that of the step before, in normal scores; shape
    (pools, steps). The first step's is unused.
    """

    @classmethod
    def usual(cls, horizon: int) -> "IntervalCalibration":
        """Intervals somewhat wider than the methods' own, with heavier tails, for use without backtests."""
        table = np.stack([np.tile(USUAL_STRETCH * _shape(pool), (horizon, 1)) for pool in range(POOLS)])
        steps = np.arange(horizon)
        walk = np.sqrt(steps / (steps + 1))  # as for a random walk
        return cls(table, np.zeros(POOLS, dtype=np.int64), np.tile(walk, (POOLS, 1)))

    @classmethod
    def normal(cls, horizon: int) -> "IntervalCalibration":
        """The same with normal intervals, by which logarithms and the scale of the points compare."""
        table = np.tile(USUAL_STRETCH * NORMAL, (POOLS, horizon, 1))
        return replace(cls.usual(horizon), table=table)

    @classmethod
    def fit(cls, errors: Array, spreads: Array, pools: Array) -> "IntervalCalibration":
        """Fit to `errors` (actual minus mean) and `spreads`, shape (forecasts, steps), and their pools,
        shape (forecasts,).
        """
        found = cls.usual(errors.shape[1])
        ratios = errors / np.where(spreads > 0, spreads, np.nan)
        whole = np.isfinite(ratios).any(axis=1)
        for pool in range(POOLS):
            rows = ratios[(pools == pool) & whole]
            found.pooled[pool] = len(rows)
            if len(rows) >= MIN_FORECASTS:
                found.table[pool] = _quantiles(rows)
                found.correlations[pool] = _correlations(rows)
            elif len(rows):
                found.table[pool] = _stretch(rows, _shape(pool)) * _shape(pool)
        return found

    def factors(self, pools: Array, horizon: int, quantiles: Sequence[float]) -> Array:
        """Factors of the spreads; shape (series, steps, quantiles), increasing in the quantile.

        They are interpolated linearly in normal scores, and extrapolated beyond the first and last level.

        >>> IntervalCalibration.usual(1).factors(np.array([0]), 1, [0.1, 0.5, 0.9]).round(2).tolist()
        [[[-1.46, 0.0, 1.46]]]
        """
        steps = np.minimum(np.arange(horizon), self.table.shape[1] - 1)
        scores = np.array([NormalDist().inv_cdf(q) for q in quantiles])
        used = {int(pool): _read(self.table[pool][steps], scores) for pool in np.unique(pools)}
        return (
            np.stack([used[int(pool)] for pool in pools])
            if len(pools)
            else np.empty((0, horizon, len(scores)))
        )

    def scores(self, pools: Array, noise: Array) -> Array:
        """Normal scores of sample paths, from a first-order Gaussian copula.

        Consecutive steps are correlated as backtest errors were. `noise` is standard normal, of shape
        (series, paths, steps), as is the result.
        """
        steps = np.minimum(np.arange(noise.shape[2]), self.table.shape[1] - 1)
        found = noise.copy()
        for pool in np.unique(pools):
            mine = pools == pool
            link = self.correlations[pool][steps]
            scores = noise[mine]
            for step in range(1, len(steps)):
                fresh = np.sqrt(1 - link[step] ** 2)
                scores[:, :, step] = link[step] * scores[:, :, step - 1] + fresh * scores[:, :, step]
            found[mine] = scores
        return found

    def at(self, pools: Array, scores: Array) -> Array:
        """Factors of the spreads at normal scores, both of shape (series, paths, steps)."""
        steps = np.minimum(np.arange(scores.shape[2]), self.table.shape[1] - 1)
        scores = np.clip(scores, NORMAL[0], NORMAL[-1])
        found = np.empty_like(scores)
        for pool in np.unique(pools):
            mine = pools == pool
            for step, place in enumerate(steps):
                found[mine, :, step] = np.interp(scores[mine, :, step], NORMAL, self.table[pool, place])
        return found


def _correlations(ratios: Array) -> Array:
    """The correlation of consecutive steps' errors, in normal scores of their ranks; shape (steps,)."""
    from scipy.special import ndtri

    found = np.zeros(ratios.shape[1])
    for step in range(1, len(found)):
        pair = ratios[:, step - 1 : step + 1]
        pair = pair[np.isfinite(pair).all(axis=1)]
        if len(pair) >= FEW:
            ranks = pair.argsort(axis=0).argsort(axis=0)
            scores = ndtri((ranks + 0.5) / len(pair))
            found[step] = np.mean(scores[:, 0] * scores[:, 1]) / np.mean(np.square(scores[:, 0]))
    return found


def _quantiles(ratios: Array) -> Array:
    """Quantiles of each step, pooled with its neighbours and widened as conformal ones."""
    steps, forecasts = ratios.shape[1], len(ratios)
    table = np.empty((steps, len(LEVELS)))
    reach = max(1, steps // 8)
    levels = widened(LEVELS, forecasts)
    for step in range(steps):
        near = ratios[:, max(0, step - reach) : step + reach + 1]
        near = near[np.isfinite(near)]
        # Half of the asymmetry is taken for chance; no other share was better on M1's series.
        table[step] = (np.quantile(near, levels) + np.quantile(np.r_[near, -near], levels)) / 2
    return np.maximum.accumulate(table, axis=1)


@cache
def _shape(pool: int) -> Array:
    """Quantiles of Student's t at LEVELS, with the 97.5 % quantile of a standard normal distribution; normal
    ones for a pool in logarithms, whose exponentials have a heavy tail anyway, and need a mean.
    """
    if pool >= len(CLASSES):
        return NORMAL
    from scipy.special import stdtrit

    found = np.asarray(stdtrit(FREEDOM, LEVELS), dtype=np.float64)
    found *= NORMAL[-1 - _LOWER.index(0.025)] / found[-1 - _LOWER.index(0.025)]
    return found


def _stretch(ratios: Array, shape: Array) -> float:
    """The factor of the shape: the mean, in logarithms, of those by the median and by the 90 % quantile of
    sizes, drawn to the usual one where forecasts are few.
    """
    size = np.abs(ratios[np.isfinite(ratios)])
    expected = np.interp([0.75, 0.95], LEVELS, shape)
    found = np.log(np.maximum(np.quantile(size, [0.5, 0.9]) / expected, 0.1)).mean()
    weight = len(ratios) / (len(ratios) + STRETCH_WEIGHT)
    return float(np.exp(weight * found + (1 - weight) * np.log(USUAL_STRETCH)))


def _read(table: Array, scores: Array) -> Array:
    """Interpolate the table at other normal scores; shape (steps, scores)."""
    rows = [np.interp(scores, NORMAL, row) for row in table]
    ends = np.clip(np.abs(scores) / NORMAL[-1], 1, None)  # extrapolate the tails
    found: Array = np.array(rows) * ends
    return found
