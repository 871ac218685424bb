"""The classical decomposition: a season as ratios to a moving average, or as differences from it."""

from dataclasses import dataclass

import numpy as np

from slipway import Array


@dataclass(frozen=True)
class Shape:
    """What each step of a season adds, or multiplies by."""

    of: Array
    """One number for each place in the season, of which a series' first point has the first."""
    ratios: bool

    @classmethod
    def fit(cls, y: Array, season: int) -> "Shape":
        """From two seasons or more; ratios where every point is above zero, since seasons mostly grow with
        their series.
        """
        ratios = bool(y.min() > 0)
        values = np.log(y) if ratios else y
        # A window of even length counts its ends half, so that every place of the season has the same weight.
        ends = [0.5] if season % 2 == 0 else []
        window = np.array([*ends, *[1.0] * (season - len(ends)), *ends]) / season
        trend = np.convolve(values, window, "valid")
        skipped = (len(window) - 1) // 2
        apart = values[skipped : skipped + len(trend)] - trend
        places = (np.arange(len(apart)) + skipped) % season
        found = np.bincount(places, apart, season) / np.bincount(places, minlength=season)
        found = found - found.mean()
        return cls(np.exp(found) if ratios else found, ratios)

    def without(self, y: Array) -> Array:
        """The series without its season."""
        shape = np.resize(self.of, len(y))
        found: Array = y / shape if self.ratios else y - shape
        return found

    def ahead(self, points: int, horizon: int) -> Array:
        """The shape of the steps after the first `points`."""
        found: Array = self.of[(points + np.arange(horizon)) % len(self.of)]
        return found
