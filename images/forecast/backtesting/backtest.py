"""Backtests: they calibrate intervals, decide on covariates and transforms, and measure accuracy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slipway import Array, Job

from ..models import ensemble
from ..models.calibration import IntervalCalibration
from ..models.engine import Engine, intermittent
from ..models.ensemble import Forecasts, Preset
from ..models.transforms import to_log
from ..panel.items import key_hash
from ..panel.panel import Panel
from .parallel import mapped
from .scores import QUANTILES, Evaluation, units

MIN_HISTORY = 5
TARGET_FORECASTS = 400  # forecasts that calibration should have
MIN_WINDOWS = 2  # a single window may be unusual for all series
MAX_WINDOWS = 5
MAX_SERIES = {"fast": 300, "balanced": 1_000}
CHUNK = 50


@dataclass(frozen=True)
class Window:
    """One cutoff: the histories of the series that take part, and the points after it."""

    panel: Panel
    actual: Array
    """Shape (series, steps); NaN beyond the end of a series."""
    ahead: list[Array]
    """Future covariates, one array of shape (steps, covariates) per series."""


@dataclass(frozen=True)
class CovariateTrial:
    """Backtests with and without covariates, which decided on them."""

    engine: Engine
    """With the effects of covariates, fitted to the points before all windows."""
    with_them: Array
    """MASE of each forecast with covariates; shape (forecasts,)."""
    without: Array
    used: bool
    ahead: Sequence[Array]
    """Future covariates of each forecast; each of shape (steps, covariates)."""


@dataclass(frozen=True)
class Backtest:
    """All forecasts of all windows."""

    evaluation: Evaluation
    forecasts: Forecasts
    panel: Panel
    """The histories, one per row of `evaluation`."""
    windows: int
    series: int
    covariates: CovariateTrial | None = None


def sample(panel: Panel, most: int, seed: int) -> Panel:
    """At most `most` series, sampled at random, in the order of the panel."""
    if len(panel) <= most:
        return panel
    chosen = np.random.default_rng(seed).choice(len(panel), most, replace=False)
    return panel.take(np.sort(chosen))


def make_windows(
    panel: Panel, horizon: int, season: int, number_of_windows: int | None, dates: Sequence[int]
) -> list[Window]:
    """Windows with cutoffs at the steps `dates`, or at whole horizons back from the end of each series,
    the latest first. Without a number there are as many as calibration needs.
    """
    lengths = panel.lengths
    if dates:
        keeps = [np.clip(date + 1 - panel.first, 0, lengths) for date in dates]
        return _some([_window(panel, keep, horizon, keep >= MIN_HISTORY) for keep in keeps])
    number = number_of_windows if number_of_windows is not None else _windows(len(panel))
    found = []
    for back in range(1, number + 1):
        keep = lengths - horizon * back
        least = MIN_HISTORY if back == 1 else max(MIN_HISTORY, 2 * season + 1, horizon)
        found.append(_window(panel, np.maximum(keep, 0), horizon, keep >= least))
    return _some(found)


def _windows(series: int) -> int:
    return int(np.clip(-(-TARGET_FORECASTS // max(series, 1)), MIN_WINDOWS, MAX_WINDOWS))


def _some(windows: list[Window]) -> list[Window]:
    return [window for window in windows if len(window.panel)]


def _window(panel: Panel, keep: Array, horizon: int, chosen: Array) -> Window:
    places = np.flatnonzero(chosen & (keep < panel.lengths))
    some = panel.take(places)
    actual = np.full((len(places), horizon), np.nan)
    ahead = []
    for row, place in enumerate(places.tolist()):
        observed = panel.series(place)[keep[place] : keep[place] + horizon]
        actual[row, : len(observed)] = observed
        ahead.append(panel.known(place)[keep[place] : keep[place] + horizon])
    cut = some.cut(keep[places])
    return Window(cut, actual, ahead)


def run(
    windows: Sequence[Window],
    engine: Engine,
    job: Job,
    stop: Callable[[], bool],
    on_progress: Callable[[int, int], None] = lambda done, todo: None,
) -> Backtest | None:
    """Forecast every window. Forecasts not made before `stop` is true are left out; None without any.

    The quantiles of each half of the series are calibrated on the other half, so that coverage is unbiased.
    """
    tasks, sizes, scales = [], [], []
    for window in windows:
        modelled, added = engine.modelled(window.panel, engine.horizon, window.ahead)
        panel = modelled.panel
        scales.append(engine.log_scales(window.panel))
        lightgbm_forecasts = engine.lightgbm_forecasts(panel, engine.horizon, job.cpus)
        for start in range(0, len(panel), CHUNK):
            rows = slice(start, min(start + CHUNK, len(panel)))
            some = panel.take(range(rows.start, rows.stop))
            tasks.append((some, added[rows], [means[rows] for means in lightgbm_forecasts]))
            sizes.append(len(some))
    parts: list[Forecasts] = []
    for part in mapped(job, _forecast, tasks, stop, seasons=engine.seasons, preset=engine.preset):
        parts.append(part)
        on_progress(sum(sizes[: len(parts)]), sum(sizes))
    if not parts:
        return None
    done = sum(sizes[: len(parts)])
    forecasts = Forecasts.concatenate(parts)
    forecasts = replace(forecasts, log_scale=np.concatenate(scales)[:done])
    histories = concatenate([window.panel for window in windows]).take(np.arange(done))
    if engine.foundation is not None or engine.learner is not None:
        ahead = [row for window in windows for row in window.ahead][:done]
        everything, added = engine.modelled(histories, engine.horizon, ahead)
        if engine.learner is not None:
            forecasts = engine.learner.blend(forecasts, everything, added)
        if engine.foundation is not None:
            forecasts = engine.foundation.blend(forecasts, everything.panel, added)
    actual = np.concatenate([window.actual for window in windows])[:done]
    keys = len(set(histories.keys))
    return Backtest(evaluate(forecasts, histories, actual, engine), forecasts, histories, len(windows), keys)


def evaluate(
    forecasts: Forecasts, histories: Panel, actual: Array, engine: Engine, crossed: bool = True
) -> Evaluation:
    """Compare forecasts with the actual points, shape (forecasts, steps).

    `crossed`: calibrate each half of the series on the other half, else use the engine's calibration."""
    means, quantiles = np.empty(actual.shape), np.empty((*actual.shape, len(QUANTILES)))
    if crossed:
        half = np.array([key_hash(key) % 2 for key in histories.keys])
        for side in (0, 1):
            there, other = np.flatnonzero(half == side), np.flatnonzero(half != side)
            some = calibrated(engine, forecasts, histories, actual, other if len(other) else there)
            here, panel = forecasts.take(there), histories.take(there)
            means[there], quantiles[there] = some.means(here, panel), some.quantiles(here, panel, QUANTILES)
    else:
        means = engine.means(forecasts, histories)
        quantiles = engine.quantiles(forecasts, histories, QUANTILES)
    season = engine.season
    metrics = np.array([units(y, season) for y in histories]).reshape(-1, 2)
    naive = np.array(
        [
            np.resize(y[-season:] if len(y) >= season else y[-1:], actual.shape[1])
            if len(y)
            else np.full(actual.shape[1], np.nan)
            for y in histories
        ]
    )
    return Evaluation(actual, means, quantiles, naive, metrics[:, 0], metrics[:, 1])


def calibrated(engine: Engine, forecasts: Forecasts, histories: Panel, actual: Array, rows: Array) -> Engine:
    """The engine, calibrated on some of the forecasts."""
    some = forecasts.take(rows)
    errors = to_log(actual[rows], some.log_scale[:, None]) - some.mean
    engine = replace(engine, calibration=IntervalCalibration.fit(errors, some.spread, some.pools))
    if engine.demand is None:
        return engine
    mine = rows[intermittent(some)]
    demand = engine.demand.fit(list(histories.take(mine)), actual[mine], engine.season)
    return replace(engine, demand=demand)


def _forecast(task: tuple[Panel, Array, list[Array]], seasons: tuple[int, ...], preset: Preset) -> Forecasts:
    """Forecast a chunk, possibly in another process: no engine is sent, as LightGBM is not fork-safe."""
    panel, added, lightgbm_forecasts = task
    found = ensemble.forecast(panel, added.shape[1], seasons, preset, lightgbm_forecasts)
    return replace(found, mean=found.mean + added)


def concatenate(panels: Sequence[Panel]) -> Panel:
    """Concatenate panels with the same columns."""
    first = panels[0]
    known = [panel.known(place) for panel in panels for place in range(len(panel))]
    return Panel.of(
        first,
        [key for panel in panels for key in panel.keys],
        np.concatenate([panel.first for panel in panels]),
        [y for panel in panels for y in panel],
        known if first.covariate_names else (),
    )
