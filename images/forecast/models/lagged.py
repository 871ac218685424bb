"""What the global learner sees of a point: lags, seasons and covariates, relative to the series' own past."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipway import Array

from ..panel.panel import Panel
from .effects import relative

_USUAL = 13  # points, about, whose mean the target is relative to
_WINDOWS = (1, 2, 4, 8, 26, 52)  # points before the forecast begins, whose means are features
_SMOOTHED = 24  # a longer season is seen as the mean of three points of a season ago
_SHIFTS = (0, -1, -2, 1)  # steps from the forecast one at which covariates are seen


def base_window(seasons: Sequence[int]) -> int:
    """Points whose mean the target is relative to: whole short seasons, about 13."""
    season = min(seasons, default=1)
    return season * max(1, round(_USUAL / season)) if season <= 2 * _USUAL else _USUAL


@dataclass(frozen=True)
class Lagged:
    """Series, scaled and flat, and their covariates."""

    seasons: tuple[int, ...]
    horizon: int
    values: Array
    """The scaled points of all series; shape (points,)."""
    sums: Array
    """Sums of the points before each, and of all, of each series; shape (points + series,)."""
    starts: Array
    lengths: Array
    first: Array
    """The step of each series' first point on the timeline."""
    scales: Array
    covariates: Array
    """Shape (known steps, covariates)."""
    known_starts: Array
    known_lengths: Array

    @classmethod
    def of(
        cls,
        panel: Panel,
        places: Sequence[int],
        seasons: Sequence[int],
        horizon: int,
        logs: Array,
        known: Sequence[Array],
        ratios: Array,
    ) -> "Lagged":
        """Some series of a panel with covariates of past and future steps, one array per series without gaps.
        `logs` says which series are logarithms, which need no scale.
        """
        parts = [panel.series(place) for place in places]
        usual = [1.0 if logs[place] else float(np.mean(np.abs(panel.series(place)))) for place in places]
        scales = np.array([size or 1.0 for size in usual])
        lengths = np.array([len(y) for y in parts], dtype=np.int64)
        spans = np.array([len(rows) for rows in known], dtype=np.int64)
        scaled = [y / scale for y, scale in zip(parts, scales, strict=True)]
        seen = [relative(rows, len(y), ratios) for rows, y in zip(known, parts, strict=True)]
        seen = [np.where(np.isnan(rows) & ratios, 1.0, rows) for rows in seen]
        return cls(
            tuple(seasons),
            horizon,
            np.concatenate([np.empty(0), *scaled]),
            np.concatenate([np.empty(0), *(np.r_[0.0, np.cumsum(y)] for y in scaled)]),
            np.cumsum(lengths) - lengths,
            lengths,
            panel.first[list(places)],
            scales,
            np.concatenate([np.empty((0, len(ratios))), *seen]),
            np.cumsum(spans) - spans,
            spans,
        )

    def at(self, rows: Array, steps: Array) -> Array:
        """Points by series and place in it; NaN outside of a series."""
        inside = (steps >= 0) & (steps < self.lengths[rows])
        found: Array = np.where(inside, self.values[np.where(inside, self.starts[rows] + steps, 0)], np.nan)
        return found

    def means(self, rows: Array, ends: Array, window: int) -> Array:
        """Means of up to `window` points before the places `ends`; NaN where there is none."""
        ends = np.minimum(ends, self.lengths[rows])
        begins = np.maximum(ends - window, 0)
        starts = self.starts[rows] + rows
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Array = np.where(
                ends > 0,
                (self.sums[starts + np.maximum(ends, 0)] - self.sums[starts + begins]) / (ends - begins),
                np.nan,
            )
        return found

    def features(self, rows: Array, steps: Array, ahead: Array) -> tuple[Array, Array]:
        """Features of points by series and place, `ahead` steps after the last known one, and the means that
        they are relative to; shapes (points, features) and (points,).
        """
        begins = steps - ahead + 1
        base_length = base_window(self.seasons)
        base = self.means(rows, begins, base_length)
        columns = [ahead.astype(np.float64)]
        columns += [self.means(rows, begins, window) - base for window in _WINDOWS if window != base_length]
        for season in self.seasons:
            # The same time in the last season that is known, beside what was usual a season before.
            ago = season * -(-ahead // season)
            same = self.at(rows, steps - ago)
            if season > _SMOOTHED:
                near = [self.at(rows, np.minimum(steps - ago + by, begins - 1)) for by in (-1, 0, 1)]
                same = np.mean(near, axis=0)
            columns.append(same - self.means(rows, begins - ago, base_length))
            turn = 2 * np.pi * (self.first[rows] + steps) / season
            columns += [np.sin(turn), np.cos(turn)]
        return np.column_stack([*columns, *self._covariates_at(rows, steps, ahead)]), base

    def _covariates_at(self, rows: Array, steps: Array, ahead: Array) -> list[Array]:
        """Covariates around the steps; NaN beyond the horizon, in training as in forecasts."""
        found: list[Array] = []
        if not self.covariates.size:
            return found
        for shift in _SHIFTS:
            there = steps + shift
            inside = (there >= 0) & (there < self.known_lengths[rows]) & (ahead + shift <= self.horizon)
            place = np.where(inside, self.known_starts[rows] + there, 0)
            found.append(np.where(inside[:, None], self.covariates[place], np.nan))
        return found
