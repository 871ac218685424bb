"""How good forecasts are: the measures of the forecasting competitions, and those that DeepAR reports."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipway import Array

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
"""What forecasts are scored at: the deciles, and the ends of the 95 % interval."""


@dataclass
class Evaluation:
    """Forecasts beside what came: arrays of shape (forecasts, steps), and what they are measured by."""

    actual: Array
    mean: Array
    quantiles: Array
    """Of shape (forecasts, steps, len(QUANTILES))."""
    naive: Array
    """The seasonal naive forecast."""
    change: Array
    """The mean absolute change from season to season of each history: the unit of MASE."""
    squares: Array
    """The mean squared change from point to point: the unit of RMSSE."""

    def take(self, rows: Array) -> "Evaluation":
        return Evaluation(
            self.actual[rows],
            self.mean[rows],
            self.quantiles[rows],
            self.naive[rows],
            self.change[rows],
            self.squares[rows],
        )

    def __len__(self) -> int:
        return len(self.actual)

    def metrics(self) -> dict[str, float]:
        """Every measure, and those of the seasonal naive forecast; nan where one is not defined."""
        with np.errstate(all="ignore"):
            return {
                "MASE": _mean(mase(self.actual, self.mean, self.change)),
                "MASE naive": _mean(mase(self.actual, self.naive, self.change)),
                "sMAPE": _mean(smape(self.actual, self.mean)),
                "sMAPE naive": _mean(smape(self.actual, self.naive)),
                "RMSSE": _mean(np.sqrt(_row_mean(np.square(self.actual - self.mean)) / self.squares)),
                "WQL": self.quantile_loss(),
                "WQL naive": self._naive_loss(),
                "coverage 80 %": self.coverage(0.1, 0.9),
                "coverage 95 %": self.coverage(0.025, 0.975),
                "RMSE": float(np.sqrt(_mean(np.square(self.actual - self.mean)))),
            }

    def quantile_loss(self) -> float:
        """Twice the pinball loss at the deciles, over the sum of what came: DeepAR's mean_wQuantileLoss."""
        places = [place for place, q in enumerate(QUANTILES) if 0.1 <= q <= 0.9]
        losses = [
            np.nansum(_pinball(self.actual, self.quantiles[:, :, place], QUANTILES[place]))
            for place in places
        ]
        total = np.nansum(np.abs(self.actual))
        return float(2 * np.mean(losses) / total) if total > 0 else float("nan")

    def coverage(self, low: float, high: float) -> float:
        """The share of what came that lies between two quantiles."""
        lower = self.quantiles[:, :, QUANTILES.index(low)]
        upper = self.quantiles[:, :, QUANTILES.index(high)]
        known = np.isfinite(self.actual) & np.isfinite(lower)
        inside = (self.actual >= lower) & (self.actual <= upper)
        return float(inside[known].mean()) if known.any() else float("nan")

    def _naive_loss(self) -> float:
        """The same of a point forecast, every quantile of which is the point."""
        total = np.nansum(np.abs(self.actual))
        return float(np.nansum(np.abs(self.actual - self.naive)) / total) if total > 0 else float("nan")


def mase(actual: Array, mean: Array, change: Array) -> Array:
    """Mean absolute error of each forecast over its history's; nan for one that never changed."""
    found: Array = _row_mean(np.abs(actual - mean)) / np.where(change > 0, change, np.nan)
    return found


def smape(actual: Array, mean: Array) -> Array:
    """Symmetric percentage error of each forecast, 0 to 200; two zeros are no error."""
    total = np.abs(actual) + np.abs(mean)
    found: Array = _row_mean(
        np.where(
            total > 0,
            200 * np.abs(actual - mean) / np.where(total > 0, total, 1),
            np.where(np.isfinite(total), 0, np.nan),
        )
    )
    return found


def units(history: Array, season: int) -> tuple[float, float]:
    """The mean absolute change by season and the mean squared change by point: what MASE and RMSSE divide
    by.
    """
    lag = season if len(history) > season else 1
    if len(history) <= lag:
        return float("nan"), float("nan")
    change = float(np.mean(np.abs(history[lag:] - history[:-lag])))
    squares = float(np.mean(np.square(np.diff(history))))
    return change or float("nan"), squares or float("nan")


def _pinball(actual: Array, forecast: Array, quantile: float) -> Array:
    over = actual - forecast
    found: Array = np.maximum(quantile * over, (quantile - 1) * over)
    return found


def _row_mean(values: Array) -> Array:
    """The mean over the steps that came."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=1)
    found: Array = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return found


def _mean(values: Array | Sequence[float]) -> float:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else float("nan")
