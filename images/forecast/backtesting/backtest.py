"""Forecasts of the past: what calibrates intervals, decides on covariates, and tells how good forecasts
are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from slipway import Array

from ..models import ensemble
from ..models.calibration import IntervalCalibration
from ..models.engine import Engine
from ..models.ensemble import Forecasts, Preset
from ..panel.panel import Panel
from .parallel import parallel_map
from .scores import QUANTILES, Evaluation, units

MIN_HISTORY = 5
TARGET_FORECASTS = 400  # forecasts that calibration wants, of one window or more
MIN_WINDOWS = 2  # one alone may have been a calm time or a wild one for all series
MAX_WINDOWS = 5
MAX_SERIES = {"fast": 300, "balanced": 1_000, "best": 5_000}
CHUNK = 50


@dataclass(frozen=True)
class Window:
    """One cut of the series: those that take part, their histories, and what came after."""

    panel: Panel
    actual: Array
    """Shape (series, steps), NaN beyond a series' end."""
    ahead: list[Array]
    """The covariates of those steps, a series each."""


@dataclass(frozen=True)
class Backtest:
    """Every forecast of every window."""

    evaluation: Evaluation
    forecasts: Forecasts
    panel: Panel
    """The histories forecast from, one for each row of `scored`."""
    windows: int
    series: int


def sample(panel: Panel, most: int, seed: int) -> Panel:
    """At most so many series, chosen at random, in the panel's order."""
    if len(panel) <= most:
        return panel
    chosen = np.random.default_rng(seed).choice(len(panel), most, replace=False)
    return panel.take(np.sort(chosen))


def make_windows(
    panel: Panel, horizon: int, season: int, number_of_windows: int | None, dates: Sequence[int]
) -> list[Window]:
    """The cuts: at the steps `dates`, or `asked` whole horizons back from each series' end, the latest
    first.
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
    cpus: int,
    stop: Callable[[], bool],
    on_progress: Callable[[int, int], None] = lambda done, todo: None,
) -> Backtest | None:
    """Forecasts every window; what was not done when `stop` came true is left out, None where nothing was.

    The quantiles of each half of the series are from the errors of the other half, so that coverage is
    honest.
    """
    tasks, sizes = [], []
    for window in windows:
        panel, added = engine.split(window.panel, engine.horizon, window.ahead)
        lightgbm_forecasts = engine.lightgbm_forecasts(panel, engine.horizon, cpus)
        for start in range(0, len(panel), CHUNK):
            rows = slice(start, min(start + CHUNK, len(panel)))
            some = panel.take(range(rows.start, rows.stop))
            tasks.append((some, added[rows], [means[rows] for means in lightgbm_forecasts]))
            sizes.append(len(some))
    parts: dict[int, Forecasts] = {}
    for number, part in parallel_map(partial(_forecast, engine.seasons, engine.preset), tasks, cpus, stop):
        parts[number] = part
        on_progress(sum(sizes[done] for done in parts), sum(sizes))
    if not parts:
        return None
    forecasts = Forecasts.concatenate([parts[number] for number in sorted(parts)])
    rows_done = np.concatenate([np.full(size, number in parts) for number, size in enumerate(sizes)])
    histories = concatenate([window.panel for window in windows]).take(np.flatnonzero(rows_done))
    actual = np.concatenate([window.actual for window in windows])[rows_done]
    keys = len(set(histories.keys))
    return Backtest(evaluate(forecasts, histories, actual, engine), forecasts, histories, len(windows), keys)


def evaluate(
    forecasts: Forecasts, histories: Panel, actual: Array, engine: Engine, crossed: bool = True
) -> Evaluation:
    """Forecasts beside what came. `crossed` quantiles are not from the series' own errors."""
    quantiles = np.empty((*actual.shape, len(QUANTILES)))
    if crossed:
        half = np.array([key_hash(key) % 2 for key in histories.keys])
        for side in (0, 1):
            there, other = np.flatnonzero(half == side), np.flatnonzero(half != side)
            calibration = calibrated(forecasts, actual, other if len(other) else there)
            some = Engine(engine.horizon, engine.seasons, engine.preset, engine.non_negative, calibration)
            quantiles[there] = some.quantiles(_rows(forecasts, there), histories.take(there), QUANTILES)
    else:
        quantiles = engine.quantiles(forecasts, histories, QUANTILES)
    season = next(iter(engine.seasons), 1)
    metrics = np.array([units(y, season) for y in histories]).reshape(-1, 2)
    naive = np.array(
        [
            np.resize(y[-season:] if len(y) >= season else y[-1:], actual.shape[1])
            if len(y)
            else np.full(actual.shape[1], np.nan)
            for y in histories
        ]
    )
    return Evaluation(
        actual, engine.clipped(forecasts, histories).mean, quantiles, naive, metrics[:, 0], metrics[:, 1]
    )


def calibrated(forecasts: Forecasts, actual: Array, rows: Array) -> IntervalCalibration:
    """The calibration by some of the forecasts."""
    return IntervalCalibration.fit(
        (actual - forecasts.mean)[rows], forecasts.spread[rows], forecasts.classes[rows]
    )


def key_hash(key: tuple[str, ...]) -> int:
    """The same number for the same key, in any process."""
    from zlib import crc32

    return crc32("\0".join(key).encode())


def _forecast(seasons: tuple[int, ...], preset: Preset, task: tuple[Panel, Array, list[Array]]) -> Forecasts:
    """In a process of its own, maybe; so no engine is sent, as LightGBM's threads do not survive a fork."""
    panel, added, lightgbm_forecasts = task
    found = ensemble.forecast(panel, added.shape[1], seasons, preset, lightgbm_forecasts)
    return replace(found, mean=found.mean + added)


def _rows(forecasts: Forecasts, rows: Array) -> Forecasts:
    return Forecasts(
        forecasts.mean[rows],
        forecasts.spread[rows],
        forecasts.classes[rows],
        forecasts.fallbacks,
        forecasts.seconds[rows],
    )


def concatenate(panels: Sequence[Panel]) -> Panel:
    """Panels of the same names one after the other."""
    first = panels[0]
    known = [panel.known(place) for panel in panels for place in range(len(panel))]
    return Panel.of(
        first,
        [key for panel in panels for key in panel.keys],
        np.concatenate([panel.first for panel in panels]),
        [y for panel in panels for y in panel],
        known if first.covariate_names else (),
    )
