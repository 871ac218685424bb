"""The methods that ensembles are made of, as statsforecast has them: the points of a series in, forecasts
out.

statsforecast takes seconds to import, so it is imported when first used. AutoCES and the theta methods are
asked for points only: their intervals are simulated, at up to thirty times the cost.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from slipway import Array

from .decomposition import SeasonalIndices

ONE_SIGMA = 68.26894921370859  # the level, in percent, of an interval one standard deviation to each side

Forecast = tuple[Array, Array | None]
"""Means and standard deviations of each step; None where the method has no cheap ones."""
Member = Callable[[Array, int, Sequence[int]], Forecast]


class NotApplicable(Exception):
    """The method cannot be used on such a series."""


@cache
def library() -> Any:
    """statsforecast's models."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsforecast import models
    return models


def ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Complex exponential smoothing, chosen among its seasonal forms."""
    return _points(library().AutoCES(_season(y, seasons)), y, horizon), None


def theta(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """The dynamic optimised theta method."""
    return _points(library().DynamicOptimizedTheta(_season(y, seasons)), y, horizon), None


def full_ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Complex exponential smoothing with a complex season, or with none where there is none."""
    return _points(library().AutoCES(_season(y, seasons), model="F"), y, horizon), None


def simple_ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Complex exponential smoothing of each place in the season by itself: a season that moves."""
    season = _season(y, seasons)
    if season == 1:
        raise NotApplicable
    return _points(library().AutoCES(season, model="S"), y, horizon), None


def damped(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Exponential smoothing with a damped trend, of the series without its season: a quarter of the cost of
    smoothing the season, too, whose every start is searched for.
    """
    season = _season(y, seasons)
    if season == 1 or len(y) <= 2 * season + 4:
        return nonseasonal_damped(y, horizon, seasons)
    shape = SeasonalIndices.fit(y, season)
    mean, spread = nonseasonal_damped(shape.deseasonalize(y), horizon, seasons)
    assert spread is not None
    ahead = shape.extended(len(y), horizon)
    return (mean * ahead, spread * ahead) if shape.multiplicative else (mean + ahead, spread)


def ets(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Exponential smoothing, chosen among all its forms."""
    season = _season(y, seasons)
    return _interval(library().AutoETS(season if season <= 24 else 1), y, horizon)


def mstl_damped(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Every season taken out by loess, the rest by damped exponential smoothing."""
    return _interval(_mstl(y, seasons, library().AutoETS(1, model="AAN", damped=True)), y, horizon)


def mstl_theta(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Every season taken out by loess, the rest by the theta method."""
    return _points(_mstl(y, seasons, library().DynamicOptimizedTheta(1)), y, horizon), None


def mstl_ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Every season taken out by loess, the rest by complex exponential smoothing."""
    return _points(_mstl(y, seasons, library().AutoCES(1)), y, horizon), None


def nonseasonal_damped(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Damped exponential smoothing without a season."""
    return _interval(library().AutoETS(1, model="AAN", damped=True), y, horizon)


def nonseasonal_theta(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """The theta method without a season."""
    return _points(library().DynamicOptimizedTheta(1), y, horizon), None


def nonseasonal_ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Complex exponential smoothing without a season."""
    return _points(library().AutoCES(1), y, horizon), None


def adida(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Intermittent demand: smoothed over buckets as long as the usual gap."""
    return _points(library().ADIDA(), y, horizon), None


def imapa(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Intermittent demand: the mean of smoothings over buckets of several lengths."""
    return _points(library().IMAPA(), y, horizon), None


def seasonal_naive(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """The last season again; the last point where there is no whole season."""
    season = max((m for m in seasons if m <= len(y)), default=1)
    return np.resize(y[-season:], horizon).astype(np.float64), None


def short_naive(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """The last of the shortest seasons again: the last day, where weeks are a season too."""
    return seasonal_naive(y, horizon, seasons[:1])


def naive(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """The last point again, with the spread of a random walk."""
    steps = np.sqrt(np.arange(1, horizon + 1))
    spread = float(np.sqrt(np.mean(np.square(np.diff(y))))) if len(y) > 1 else 0.0
    return np.full(horizon, float(y[-1])), spread * steps


def _season(y: Array, seasons: Sequence[int]) -> int:
    """The shortest season that the series has seen twice."""
    return next((m for m in seasons if len(y) >= 2 * m + 1), 1)


def _full(y: Array, seasons: Sequence[int]) -> list[int]:
    found = [m for m in seasons if len(y) > 2 * m]
    if not found:
        raise NotApplicable
    return found


def _mstl(y: Array, seasons: Sequence[int], trend: Any) -> Any:
    """MSTL whose loess is fitted at every tenth of a window and interpolated between, as R's is: a quarter of
    the time, and a thirtieth of the noise is the most that a forecast of simulated hours moves by.
    """
    found = _full(y, seasons)
    longest = max(found)
    jumps = {"trend_jump": -(-3 * longest // 20), "low_pass_jump": -(-longest // 10)}
    return library().MSTL(found, trend_forecaster=trend, stl_kwargs=jumps)


def _points(model: Any, y: Array, horizon: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Array = np.asarray(model.forecast(y=y, h=horizon)["mean"], dtype=np.float64)
    return found


def _interval(model: Any, y: Array, horizon: int) -> Forecast:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.forecast(y=y, h=horizon, level=[ONE_SIGMA])
    mean = np.asarray(found["mean"], dtype=np.float64)
    spread = (np.asarray(found[f"hi-{ONE_SIGMA}"]) - np.asarray(found[f"lo-{ONE_SIGMA}"])) / 2
    return mean, spread.astype(np.float64)
