"""Accuracy metrics: those of the forecasting competitions, and those that DeepAR reports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from slipway import Array

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
"""The quantile levels to evaluate: the deciles, and the ends of the 95 % interval."""


@dataclass
class Evaluation:
    """Forecasts, actual points and their scales. Arrays have the shape (forecasts, steps), NaN if unknown."""

    actual: Array
    mean: Array
    quantiles: Array
    """Shape (forecasts, steps, len(QUANTILES))."""
    naive: Array
    """The seasonal naive forecast."""
    change: Array
    """The scale of MASE: the mean absolute seasonal change of each history; shape (forecasts,)."""
    squares: Array
    """The scale of RMSSE: the mean squared change between points; shape (forecasts,)."""

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
        """All metrics, and those of the seasonal naive forecast; NaN where undefined."""
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
        """Twice the pinball loss at the deciles over the sum of the actual points: mean_wQuantileLoss."""
        losses = [np.nansum(loss) for loss in self._decile_losses()]
        total = np.nansum(np.abs(self.actual))
        return float(2 * np.mean(losses) / total) if total > 0 else float("nan")

    def scaled_quantile_loss(self) -> Array:
        """Twice the pinball loss at the deciles over the scale of MASE; shape (forecasts,)."""
        loss = 2 * _row_mean(np.mean([*self._decile_losses()], axis=0))
        found: Array = loss / np.where(self.change > 0, self.change, np.nan)
        return found

    def _decile_losses(self) -> Iterator[Array]:
        """The pinball loss at each decile; each of shape (forecasts, steps)."""
        for place, quantile in enumerate(QUANTILES):
            if 0.1 <= quantile <= 0.9:
                yield _pinball(self.actual, self.quantiles[:, :, place], quantile)

    def coverage(self, low: float, high: float) -> float:
        """The share of actual points between two quantiles."""
        lower = self.quantiles[:, :, QUANTILES.index(low)]
        upper = self.quantiles[:, :, QUANTILES.index(high)]
        known = np.isfinite(self.actual) & np.isfinite(lower)
        inside = (self.actual >= lower) & (self.actual <= upper)
        return float(inside[known].mean()) if known.any() else float("nan")

    def _naive_loss(self) -> float:
        """The quantile loss of the naive forecast, whose quantiles all equal the point."""
        total = np.nansum(np.abs(self.actual))
        return float(np.nansum(np.abs(self.actual - self.naive)) / total) if total > 0 else float("nan")


def mase(actual: Array, mean: Array, change: Array) -> Array:
    """Mean absolute scaled error of each forecast, shape (forecasts,); NaN for a constant history.

    Source: Hyndman and Koehler 2006, https://doi.org/10.1016/j.ijforecast.2006.03.001.

    >>> mase(np.array([[2.0, 4.0]]), np.array([[1.0, 6.0]]), np.array([1.5])).tolist()
    [1.0]
    """
    found: Array = _row_mean(np.abs(actual - mean)) / np.where(change > 0, change, np.nan)
    return found


def smape(actual: Array, mean: Array) -> Array:
    """Symmetric mean absolute percentage error of each forecast, from 0 to 200; 0 if both are zero."""
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
    """The scales of MASE (mean absolute seasonal change) and RMSSE (mean squared change); NaN if zero."""
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
    """The mean over the steps with a value."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=1)
    found: Array = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return found


def _mean(values: Array | Sequence[float]) -> float:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else float("nan")
