"""Classical decomposition: a season as ratios to a moving average, or as differences from it."""

from dataclasses import dataclass

import numpy as np

from slipway import Array


@dataclass(frozen=True)
class SeasonalIndices:
    """Seasonal indices: what each step of a season adds, or multiplies by."""

    indices: Array
    """One index per step of the season, beginning with a series' first point; shape (season,)."""
    multiplicative: bool

    @classmethod
    def fit(cls, y: Array, season: int) -> "SeasonalIndices":
        """Fit to two seasons or more; multiplicative if every point is positive."""
        multiplicative = bool(y.min() > 0)
        values = np.log(y) if multiplicative else y
        # The ends of a window of even length count half, so that each step of the season has the same weight.
        ends = [0.5] if season % 2 == 0 else []
        window = np.array([*ends, *[1.0] * (season - len(ends)), *ends]) / season
        trend = np.convolve(values, window, "valid")
        skipped = (len(window) - 1) // 2
        apart = values[skipped : skipped + len(trend)] - trend
        places = (np.arange(len(apart)) + skipped) % season
        found = np.bincount(places, apart, season) / np.bincount(places, minlength=season)
        found = found - found.mean()
        return cls(np.exp(found) if multiplicative else found, multiplicative)

    def deseasonalize(self, y: Array) -> Array:
        """The series without its season."""
        shape = np.resize(self.indices, len(y))
        found: Array = y / shape if self.multiplicative else y - shape
        return found

    def extended(self, points: int, horizon: int) -> Array:
        """The indices of the `horizon` steps after the first `points`."""
        found: Array = self.indices[(points + np.arange(horizon)) % len(self.indices)]
        return found
