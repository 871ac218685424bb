"""Covariate effects: one ridge regression over all series, and one per series shrunk towards it.

Both are fitted to changes from a season ago. The effect is removed from a history before it is forecast and
added to the future steps, so the forecast of a step depends on the covariates of that step alone.
"""

import warnings
from collections.abc import Sequence
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

    @classmethod
    def fit(cls, panel: Panel, seasons: Sequence[int]) -> "Effects | None":
        """Fit to a panel. None if no covariate varies, or no series is long enough."""
        if not panel.covariate_names or not len(panel.covariates):
            return None
        known = np.where(np.isfinite(panel.covariates), panel.covariates, np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a covariate without a single value
            centre, scale = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
        if not (np.nan_to_num(scale) > 0).any():
            return None
        season = next(iter(seasons), 1)
        empty = cls(
            np.nan_to_num(centre),
            np.where(np.nan_to_num(scale) > 0, scale, 1.0),
            np.zeros(len(centre)),
            season,
        )
        square, product, seen = np.zeros((len(centre),) * 2), np.zeros(len(centre)), 0
        for place in range(len(panel)):
            moments = empty._moments(panel.series(place), panel.known(place))
            if moments is not None:
                square, product, seen = square + moments[0], product + moments[1], seen + 1
        if not seen:
            return None
        ridge = 1e-3 * np.trace(square) / len(centre) + 1e-9
        common = np.linalg.solve(square + ridge * np.eye(len(centre)), product)
        return cls(empty.centre, empty.scale, common, season)

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
            past, coming = self._scaled(known[: len(y)]), self._scaled(_carried(future, known[: len(y)]))
            spread = float(y.std())
            parts.append(y - spread * past @ series_effect)
            added[place, : len(coming)] = spread * coming @ series_effect
            if len(coming) < horizon:
                added[place, len(coming) :] = added[place, len(coming) - 1]
        return Panel.of(panel, panel.keys, panel.first, parts), added

    def series_effect(self, y: Array, known: Array) -> Array | None:
        """The effect in one series, shrunk towards the common one; None for a constant series."""
        if y.min() == y.max():
            return None
        moments = self._moments(y, known)
        if moments is None:
            return self.common
        square, product = moments
        pull = _SHRINKAGE * np.eye(len(self.common))
        found: Array = np.linalg.solve(square + pull, product + pull @ self.common)
        return found

    def _moments(self, y: Array, known: Array) -> tuple[Array, Array] | None:
        """The normal equations of the changes from a season ago; None if too short."""
        lag = self.season if len(y) > 2 * self.season + len(self.centre) + 3 else 1
        if len(y) < lag + len(self.centre) + 3 or y.min() == y.max() or len(known) < len(y):
            return None
        changes = (y[lag:] - y[:-lag]) / y.std()
        scaled = self._scaled(known[: len(y)])
        moves = scaled[lag:] - scaled[:-lag]
        if not moves.any():
            return None
        return moves.T @ moves, moves.T @ changes

    def _scaled(self, known: Array) -> Array:
        found = (known - self.centre) / self.scale
        return np.where(np.isfinite(found), found, 0.0)


def _carried(future: Array, past: Array) -> Array:
    """Fill missing future covariates with the last known value."""
    rows = np.vstack([past, future])
    given = np.isfinite(rows)
    place = np.maximum.accumulate(np.where(given, np.arange(len(rows))[:, None], 0), axis=0)
    return np.take_along_axis(rows, place, axis=0)[len(past) :]
