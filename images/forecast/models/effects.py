"""Covariate effects: one ridge regression over all series, and one per series shrunk towards it.

Both are fitted to changes from a season ago. Covariates that are always positive are taken as they are, or as
ratios to what is usual in their series, whichever explains more: a price says little without the usual price.
The effect is removed from a history before it is forecast and added to the future steps, so the forecast of a
step depends on the covariates of that step alone.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slipway import Array

from ..panel.panel import Panel

_SHRINKAGE = 20.0  # points that the common effect counts as in the effect of one series


@dataclass(frozen=True)
class Effects:
    """Effects, in standard deviations of a series per unit of the scaled covariates."""

    centre: Array
    scale: Array
    common: Array
    """The effect pooled over all series; shape (covariates,)."""
    season: int
    ratios: Array
    """Whether each covariate is taken as a ratio to what is usual in its series; shape (covariates,)."""

    @classmethod
    def fit(cls, panel: Panel, seasons: Sequence[int]) -> "Effects | None":
        """Fit to a panel. None if no covariate varies, or no series is long enough."""
        if not panel.covariate_names or not len(panel.covariates):
            return None
        plain, left = cls._fit(panel, seasons, np.zeros(len(panel.covariate_names), dtype=bool))
        ratios = positive(panel.covariates)
        if plain is None or not ratios.any():
            return plain
        by_ratios, left_by_ratios = cls._fit(panel, seasons, ratios)
        return by_ratios if left_by_ratios < left else plain

    @classmethod
    def _fit(cls, panel: Panel, seasons: Sequence[int], ratios: Array) -> "tuple[Effects | None, float]":
        """Effects of covariates of which some are ratios, and the squares that the common one leaves."""
        values = [
            relative(panel.known(place), len(panel.series(place)), ratios) for place in range(len(panel))
        ]
        known = np.concatenate(values)
        known = np.where(np.isfinite(known), known, np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a covariate without a single value
            centre, scale = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
        if not (np.nan_to_num(scale) > 0).any():
            return None, np.inf
        season = next(iter(seasons), 1)
        empty = cls(
            np.nan_to_num(centre),
            np.where(np.nan_to_num(scale) > 0, scale, 1.0),
            np.zeros(len(centre)),
            season,
            ratios,
        )
        square, product, total, seen = np.zeros((len(centre),) * 2), np.zeros(len(centre)), 0.0, 0
        for place in range(len(panel)):
            moments = empty._moments(panel.series(place), panel.known(place))
            if moments is not None:
                square, product, seen = square + moments[0], product + moments[1], seen + 1
                total += moments[2]
        if not seen:
            return None, np.inf
        ridge = 1e-3 * np.trace(square) / len(centre) + 1e-9
        common = np.linalg.solve(square + ridge * np.eye(len(centre)), product)
        left = total - 2 * float(common @ product) + float(common @ square @ common)
        return cls(empty.centre, empty.scale, common, season, ratios), left

    def as_arrays(self) -> dict[str, Array]:
        """What a model stores."""
        return {
            "centre": self.centre,
            "scale": self.scale,
            "common": self.common,
            "effects_season": np.array(self.season),
            "ratios": self.ratios,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "Effects | None":
        """Read what `as_arrays` wrote; None if there is nothing."""
        if "common" not in arrays:
            return None
        season = int(arrays["effects_season"])
        return cls(arrays["centre"], arrays["scale"], arrays["common"], season, arrays["ratios"])

    def split(self, panel: Panel, horizon: int, ahead: Sequence[Array] | None = None) -> tuple[Panel, Array]:
        """The series without the effect of their covariates, and the effect on the next `horizon` steps.

        `ahead` has the future covariates, one array of shape (horizon, covariates) per series; by default the
        panel's own. A series without future covariates is left as it is. The effect has the shape
        (series, horizon).
        """
        parts, added = [], np.zeros((len(panel), horizon))
        for place in range(len(panel)):
            y, known = panel.series(place), panel.known(place)
            future = known[len(y) : len(y) + horizon] if ahead is None else ahead[place]
            series_effect = self.series_effect(y, known) if len(y) and np.isfinite(future).any() else None
            if series_effect is None:
                parts.append(y)
                continue
            seen = known[: len(y)]
            later = carried(padded(future, horizon), seen)
            coming = self._scaled(np.vstack([seen, later]), len(y))[len(y) :]
            past = self._scaled(seen, len(y))
            spread = float(y.std())
            parts.append(y - spread * past @ series_effect)
            added[place] = spread * coming @ series_effect
        return Panel.of(panel, panel.keys, panel.first, parts), added

    def series_effect(self, y: Array, known: Array) -> Array | None:
        """The effect in one series, shrunk towards the common one; None for a constant series."""
        if y.min() == y.max():
            return None
        moments = self._moments(y, known)
        if moments is None:
            return self.common
        square, product, _ = moments
        pull = _SHRINKAGE * np.eye(len(self.common))
        found: Array = np.linalg.solve(square + pull, product + pull @ self.common)
        return found

    def _moments(self, y: Array, known: Array) -> tuple[Array, Array, float] | None:
        """The normal equations of the changes from a season ago, and their squares; None if too short."""
        lag = self.season if len(y) > 2 * self.season + len(self.centre) + 3 else 1
        if len(y) < lag + len(self.centre) + 3 or y.min() == y.max() or len(known) < len(y):
            return None
        changes = (y[lag:] - y[:-lag]) / y.std()
        scaled = self._scaled(known[: len(y)], len(y))
        moves = scaled[lag:] - scaled[:-lag]
        if not moves.any():
            return None
        return moves.T @ moves, moves.T @ changes, float(changes @ changes)

    def _scaled(self, known: Array, points: int) -> Array:
        found = (relative(known, points, self.ratios) - self.centre) / self.scale
        return np.where(np.isfinite(found), found, 0.0)


def positive(covariates: Array) -> Array:
    """Whether each covariate is positive wherever it is known, and is no flag; shape (covariates,)."""
    found = [
        len(known) > 0 and known.min() > 0 and ((known != known.min()) & (known != known.max())).any()
        for column in covariates.T
        for known in [column[np.isfinite(column)]]
    ]
    return np.array(found, dtype=bool)


def relative(known: Array, points: int, ratios: Array) -> Array:
    """The covariates of one series; those of `ratios` over their median in its first `points` steps.

    >>> relative(np.array([[2.0, 5.0], [4.0, 5.0], [2.0, 6.0]]), 3, np.array([True, False])).tolist()
    [[1.0, 5.0], [2.0, 5.0], [1.0, 6.0]]
    """
    if not ratios.any() or not points or not len(known):
        return known
    past = known[:points, ratios]
    if np.isfinite(past).all():
        usual = np.median(past, axis=0)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a covariate without a single value
            usual = np.nanmedian(np.where(np.isfinite(past), past, np.nan), axis=0)
    found = known.copy()
    found[:, ratios] /= np.where(usual > 0, usual, 1.0)
    return found


def padded(future: Array, horizon: int) -> Array:
    """The future covariates of `horizon` steps, missing where there are fewer."""
    unknown = np.full((max(0, horizon - len(future)), future.shape[1]), np.nan)
    return np.vstack([future[:horizon], unknown])


def carried(future: Array, past: Array) -> Array:
    """Fill missing future covariates with the last known value, or with the usual one, the median.

    The usual one where it has been nearer to later values, in this series and as many steps later as half of
    those that are missing: a price stays, a promotion of a week does not. Shape (steps, covariates), both.

    >>> promotion, price = [0.0, 1.0, 0.0, 0.0, 1.0, 0.0], [2.0, 2.0, 2.0, 3.0, 3.0, 3.0]
    >>> carried(np.array([[1.0, np.nan], [np.nan, np.nan]]), np.array([promotion, price]).T).tolist()
    [[1.0, 3.0], [0.0, 3.0]]
    """
    rows = np.vstack([past, future])
    given = np.isfinite(rows)
    place = np.maximum.accumulate(np.where(given, np.arange(len(rows))[:, None], 0), axis=0)
    found: Array = np.take_along_axis(rows, place, axis=0)[len(past) :]
    missing = ~np.isfinite(future)
    for column in np.flatnonzero(missing.any(axis=0)).tolist():
        seen = past[np.isfinite(past[:, column]), column]
        later = max(1, int(missing[:, column].sum()) // 2)
        if len(seen) < 2 * later:
            continue
        usual = np.median(seen)
        if np.abs(seen - usual).mean() < np.abs(seen[later:] - seen[:-later]).mean():
            found[missing[:, column], column] = usual
    return found
