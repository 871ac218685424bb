"""What covariates add: one regression for all series, each leaning on it, on changes from a season ago.

The effect is taken out of a history before it is forecast and put back on the steps to come, so a step's
forecast needs that step's covariates alone.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipway import Array

from ..panel.panel import Panel

MIN_GAIN = 0.01  # of the backtest's error: covariates that gain less are left out
SURE = 2.0  # standard errors that the gain is above zero
_SHRINKAGE = 20.0  # points by which a series' own effect is pulled towards all series'


def improves(without: Array, with_them: Array) -> bool:
    """Whether forecasts' errors, one a forecast, are smaller with covariates, and not by chance."""
    known = np.isfinite(without) & np.isfinite(with_them)
    gain = (without - with_them)[known]
    if len(gain) < 2 or gain.mean() < MIN_GAIN * without[known].mean():
        return False
    return bool(gain.mean() > SURE * gain.std(ddof=1) / np.sqrt(len(gain)))


@dataclass(frozen=True)
class Effects:
    """Effects in standard deviations of a series a unit of the scaled covariates."""

    centre: Array
    scale: Array
    common: Array
    """The effect in all series together; one number a covariate."""
    season: int

    @classmethod
    def fit(cls, panel: Panel, seasons: Sequence[int]) -> "Effects | None":
        """None where no covariate varies, or no series is long enough."""
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
        """The series without the covariates' effect, and the effect on the `horizon` steps to come.

        `ahead` has the covariates of those steps, of shape (horizon, covariates), where they are not the
        panel's own. A series whose next step has no covariate at all keeps its history, and has no effect.
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
        """The effect in one series: its own data's, pulled to the common one; None for a constant series."""
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
        """Sums of squares and products of the changes from a season ago, in standard deviations."""
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
    """Missing covariates of steps to come: the last known one before, of the past where there is none."""
    rows = np.vstack([past, future])
    given = np.isfinite(rows)
    place = np.maximum.accumulate(np.where(given, np.arange(len(rows))[:, None], 0), axis=0)
    return np.take_along_axis(rows, place, axis=0)[len(past) :]
