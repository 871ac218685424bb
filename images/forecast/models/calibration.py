"""Intervals from what backtests missed by: the spread of the methods, stretched by pooled quantiles.

The methods' own 95 % intervals cover 81 to 84 % of short business series. What is pooled is each error over
the spread that was said for it, by class of series and step, so the quantiles carry over to any series of the
class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from slipway import Array
from slipway.kit.conformal import widened

from .classes import CLASSES

_LOWER = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)
LEVELS = np.array([*_LOWER, 0.5, *(round(1 - level, 3) for level in reversed(_LOWER))])
NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
MIN_FORECASTS = 100  # forecasts of a class from which on its own quantiles are taken
FEW = 20  # from which on at least the methods' spread is stretched by what it was short of
DEFAULT_STRETCH = 1.3  # what it is stretched by before anything is known: it is short nearly always


@dataclass(frozen=True)
class IntervalCalibration:
    """How errors over spreads are distributed, by class."""

    table: Array
    """Their quantiles; shape (classes, steps, levels)."""
    pooled: Array
    """How many backtest forecasts each class had."""
    correlations: Array
    """How each step's error goes with that of the step before, as normal scores' correlation; shape
    (classes, steps), of which the first says nothing.
    """

    @classmethod
    def normal(cls, horizon: int) -> "IntervalCalibration":
        """Normal intervals somewhat wider than the methods' own, where there is nothing to go by."""
        table = np.tile(DEFAULT_STRETCH * NORMAL, (len(CLASSES), horizon, 1))
        steps = np.arange(horizon)
        walk = np.sqrt(steps / (steps + 1))  # as of a random walk
        return cls(table, np.zeros(len(CLASSES), dtype=np.int64), np.tile(walk, (len(CLASSES), 1)))

    @classmethod
    def fit(cls, errors: Array, spreads: Array, classes: Array) -> "IntervalCalibration":
        """From `errors` (actual less mean) and `spreads`, both of shape (forecasts, steps), and their
        classes.
        """
        found = cls.normal(errors.shape[1])
        ratios = errors / np.where(spreads > 0, spreads, np.nan)
        whole = np.isfinite(ratios).any(axis=1)
        for series_class in range(len(CLASSES)):
            rows = ratios[(classes == series_class) & whole]
            found.pooled[series_class] = len(rows)
            if len(rows) >= MIN_FORECASTS:
                found.table[series_class] = _quantiles(rows)
                found.correlations[series_class] = _correlations(rows)
            elif len(rows) >= FEW:
                found.table[series_class] *= _stretch(rows) / DEFAULT_STRETCH
        return found

    def factors(self, classes: Array, horizon: int, quantiles: Sequence[float]) -> Array:
        """By what to multiply the spreads; shape (series, steps, quantiles), rising with the quantile.

        Between two levels it goes in a straight line over normal scores, beyond them on as far as they do.
        """
        steps = np.minimum(np.arange(horizon), self.table.shape[1] - 1)
        scores = np.array([NormalDist().inv_cdf(q) for q in quantiles])
        used = {
            int(series_class): _read(self.table[series_class][steps], scores)
            for series_class in np.unique(classes)
        }
        return (
            np.stack([used[int(series_class)] for series_class in classes])
            if len(classes)
            else np.empty((0, horizon, len(scores)))
        )

    def paths(self, classes: Array, noise: Array) -> Array:
        """By what to multiply the spreads so that each step is spread as `factors` say, and steps go together
        as errors did: a Gaussian copula in which a step hangs on the one before.

        `noise` is standard normal, of shape (series, paths, steps), as is what comes back.
        """
        steps = np.minimum(np.arange(noise.shape[2]), self.table.shape[1] - 1)
        found = np.empty_like(noise)
        for series_class in np.unique(classes):
            mine = classes == series_class
            link = self.correlations[series_class][steps]
            scores = noise[mine]
            for step in range(1, len(steps)):
                fresh = np.sqrt(1 - link[step] ** 2)
                scores[:, :, step] = link[step] * scores[:, :, step - 1] + fresh * scores[:, :, step]
            scores = np.clip(scores, NORMAL[0], NORMAL[-1])
            found[mine] = np.stack(
                [
                    np.interp(scores[:, :, step], NORMAL, self.table[series_class, place])
                    for step, place in enumerate(steps)
                ],
                axis=2,
            )
        return found


def _correlations(ratios: Array) -> Array:
    """The correlation of each step's errors with those of the step before, of their ranks' normal scores."""
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
    """Quantiles for each step from it and its neighbours, those above the middle a rank up, as conformal
    ones.
    """
    steps, forecasts = ratios.shape[1], len(ratios)
    table = np.empty((steps, len(LEVELS)))
    reach = max(1, steps // 8)
    levels = widened(LEVELS, forecasts)
    for step in range(steps):
        near = ratios[:, max(0, step - reach) : step + reach + 1]
        near = near[np.isfinite(near)]
        # Half of what was lopsided in the past is taken for chance: as good as any share on M1's series.
        table[step] = (np.quantile(near, levels) + np.quantile(np.r_[near, -near], levels)) / 2
    return np.maximum.accumulate(table, axis=1)


def _stretch(ratios: Array) -> float:
    """One number by which normal quantiles are widened: from the middle of the errors, and from their
    tails.
    """
    size = np.abs(ratios[np.isfinite(ratios)])
    middle, tail = np.quantile(size, [0.5, 0.9])
    return float(max(middle / 0.6745, tail / 1.6449, 0.1))


def _read(table: Array, scores: Array) -> Array:
    """The table at other normal scores; shape (steps, scores)."""
    rows = [np.interp(scores, NORMAL, row) for row in table]
    ends = np.clip(np.abs(scores) / NORMAL[-1], 1, None)  # beyond the last level the tails go on
    found: Array = np.array(rows) * ends
    return found
