"""The methods of the ensembles, from statsforecast.

statsforecast takes seconds to import, so it is imported at first use. AutoCES and the theta methods return
point forecasts only: their intervals are simulated, at up to thirty times the cost.
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
"""Mean and standard deviation of each step, shape (horizon,); the latter None if it is not cheap."""
Member = Callable[[Array, int, Sequence[int]], Forecast]


NAMES = {
    "ces": "complex exponential smoothing",
    "theta": "dynamic optimised theta",
    "full_ces": "complex exponential smoothing with a full season",
    "simple_ces": "complex exponential smoothing with a simple season",
    "damped": "damped exponential smoothing",
    "mstl_damped": "MSTL with damped exponential smoothing",
    "mstl_theta": "MSTL with theta",
    "mstl_ces": "MSTL with complex exponential smoothing",
    "nonseasonal_damped": "damped exponential smoothing without a season",
    "nonseasonal_theta": "theta without a season",
    "nonseasonal_ces": "complex exponential smoothing without a season",
    "adida": "ADIDA",
    "imapa": "IMAPA",
    "seasonal_naive": "the last season",
    "short_naive": "the last of the shortest season",
    "naive": "the last point",
    "lightgbm": "LightGBM",
}
"""What the report calls the functions below, and the models that learn all series at once."""


class NotApplicable(Exception):
    """The method cannot be used on this series."""


@cache
def library() -> Any:
    """statsforecast's models."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsforecast import models
    return models


def ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Complex exponential smoothing, with its seasonal form selected by AICc."""
    return _points(library().AutoCES(_season(y, seasons)), y, horizon), None


def theta(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """The dynamic optimised theta method."""
    return _points(library().DynamicOptimizedTheta(_season(y, seasons)), y, horizon), None


def full_ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Complex exponential smoothing with a full season, if the series has one."""
    return _points(library().AutoCES(_season(y, seasons), model="F"), y, horizon), None


def simple_ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Complex exponential smoothing with a simple season, which changes over time."""
    season = _season(y, seasons)
    if season == 1:
        raise NotApplicable
    return _points(library().AutoCES(season, model="S"), y, horizon), None


def damped(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Damped exponential smoothing of the deseasonalized series, at a quarter of the cost of a full one."""
    season = _season(y, seasons)
    if season == 1 or len(y) <= 2 * season + 4:
        return nonseasonal_damped(y, horizon, seasons)
    shape = SeasonalIndices.fit(y, season)
    mean, spread = nonseasonal_damped(shape.deseasonalize(y), horizon, seasons)
    assert spread is not None
    ahead = shape.extended(len(y), horizon)
    return (mean * ahead, spread * ahead) if shape.multiplicative else (mean + ahead, spread)


def mstl_damped(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """MSTL, with damped exponential smoothing of the remainder."""
    return _interval(_mstl(y, seasons, library().AutoETS(1, model="AAN", damped=True)), y, horizon)


def mstl_theta(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """MSTL, with the theta method for the remainder."""
    return _points(_mstl(y, seasons, library().DynamicOptimizedTheta(1)), y, horizon), None


def mstl_ces(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """MSTL, with complex exponential smoothing of the remainder."""
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
    """Intermittent demand, aggregated over the mean interval between demands (ADIDA)."""
    return _points(library().ADIDA(), y, horizon), None


def imapa(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Intermittent demand, averaged over several levels of aggregation (IMAPA)."""
    return _points(library().IMAPA(), y, horizon), None


def seasonal_naive(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Repeat the last season, or the last point if there is no whole season.

    >>> seasonal_naive(np.array([1.0, 2.0, 3.0]), 3, (2,))[0].tolist()
    [2.0, 3.0, 2.0]
    """
    season = max((m for m in seasons if m <= len(y)), default=1)
    return np.resize(y[-season:], horizon).astype(np.float64), None


def short_naive(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Repeat the last of the shortest season: the last day of an hourly series."""
    return seasonal_naive(y, horizon, seasons[:1])


def naive(y: Array, horizon: int, seasons: Sequence[int]) -> Forecast:
    """Repeat the last point, with the spread of a random walk."""
    steps = np.sqrt(np.arange(1, horizon + 1))
    spread = float(np.sqrt(np.mean(np.square(np.diff(y))))) if len(y) > 1 else 0.0
    return np.full(horizon, float(y[-1])), spread * steps


def _season(y: Array, seasons: Sequence[int]) -> int:
    """The shortest season of which the series has two."""
    return next((m for m in seasons if len(y) >= 2 * m + 1), 1)


def _full(y: Array, seasons: Sequence[int]) -> list[int]:
    found = [m for m in seasons if len(y) > 2 * m]
    if not found:
        raise NotApplicable
    return found


def _mstl(y: Array, seasons: Sequence[int], trend: Any) -> Any:
    """MSTL with loess fitted at every tenth of a window and interpolated in between, as in R.

    This takes a quarter of the time, and changes forecasts of simulated hourly series by at most a thirtieth
    of the noise.
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
