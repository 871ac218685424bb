"""Forecasts of the past: what calibrates intervals, decides on covariates, and tells how good forecasts
are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from slipway import Array

from ..models import ensemble
from ..models.calibration import Calibration
from ..models.engine import Engine
from ..models.ensemble import Forecasts, Preset
from ..panel.panel import Panel
from .parallel import mapped
from .scores import QUANTILES, Scored, units

LEAST_HISTORY = 5
ENOUGH = 400  # forecasts that calibration wants, of one window or more
LEAST_WINDOWS = 2  # one alone may have been a calm time or a wild one for all series
MOST_WINDOWS = 5
SERIES = {"fast": 300, "balanced": 1_000, "best": 5_000}
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

    scored: Scored
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


def windows_of(
    panel: Panel, horizon: int, season: int, asked: int | None, dates: Sequence[int]
) -> list[Window]:
    """The cuts: at the steps `dates`, or `asked` whole horizons back from each series' end, the latest
    first.
    """
    lengths = panel.lengths
    if dates:
        keeps = [np.clip(date + 1 - panel.first, 0, lengths) for date in dates]
        return _some([_window(panel, keep, horizon, keep >= LEAST_HISTORY) for keep in keeps])
    number = asked if asked is not None else _windows(len(panel))
    found = []
    for back in range(1, number + 1):
        keep = lengths - horizon * back
        least = LEAST_HISTORY if back == 1 else max(LEAST_HISTORY, 2 * season + 1, horizon)
        found.append(_window(panel, np.maximum(keep, 0), horizon, keep >= least))
    return _some(found)


def _windows(series: int) -> int:
    return int(np.clip(-(-ENOUGH // max(series, 1)), LEAST_WINDOWS, MOST_WINDOWS))


def _some(windows: list[Window]) -> list[Window]:
    return [window for window in windows if len(window.panel)]


def _window(panel: Panel, keep: Array, horizon: int, chosen: Array) -> Window:
    places = np.flatnonzero(chosen & (keep < panel.lengths))
    some = panel.take(places)
    actual = np.full((len(places), horizon), np.nan)
    ahead = []
    for row, place in enumerate(places.tolist()):
        came = panel.series(place)[keep[place] : keep[place] + horizon]
        actual[row, : len(came)] = came
        ahead.append(panel.known(place)[keep[place] : keep[place] + horizon])
    cut = some.cut(keep[places])
    return Window(cut, actual, ahead)


def run(
    windows: Sequence[Window],
    engine: Engine,
    cpus: int,
    stop: Callable[[], bool],
    told: Callable[[int, int], None] = lambda done, todo: None,
) -> Backtest | None:
    """Forecasts every window; what was not done when `stop` came true is left out, None where nothing was.

    The quantiles of each half of the series are from the errors of the other half, so that coverage is
    honest.
    """
    tasks, sizes = [], []
    for window in windows:
        panel, added = engine.split(window.panel, engine.horizon, window.ahead)
        learnt = engine.learnt(panel, engine.horizon, cpus)
        for start in range(0, len(panel), CHUNK):
            rows = slice(start, min(start + CHUNK, len(panel)))
            some = panel.take(range(rows.start, rows.stop))
            tasks.append((some, added[rows], [means[rows] for means in learnt]))
            sizes.append(len(some))
    parts: dict[int, Forecasts] = {}
    for number, part in mapped(partial(_forecast, engine.seasons, engine.preset), tasks, cpus, stop):
        parts[number] = part
        told(sum(sizes[done] for done in parts), sum(sizes))
    if not parts:
        return None
    forecasts = Forecasts.joined([parts[number] for number in sorted(parts)])
    rows_done = np.concatenate([np.full(size, number in parts) for number, size in enumerate(sizes)])
    histories = stacked([window.panel for window in windows]).take(np.flatnonzero(rows_done))
    actual = np.concatenate([window.actual for window in windows])[rows_done]
    keys = len(set(histories.keys))
    return Backtest(scored(forecasts, histories, actual, engine), forecasts, histories, len(windows), keys)


def scored(
    forecasts: Forecasts, histories: Panel, actual: Array, engine: Engine, crossed: bool = True
) -> Scored:
    """Forecasts beside what came. `crossed` quantiles are not from the series' own errors."""
    quantiles = np.empty((*actual.shape, len(QUANTILES)))
    if crossed:
        half = np.array([hash_of(key) % 2 for key in histories.keys])
        for side in (0, 1):
            there, other = np.flatnonzero(half == side), np.flatnonzero(half != side)
            calibration = calibrated(forecasts, actual, other if len(other) else there)
            some = Engine(engine.horizon, engine.seasons, engine.preset, engine.non_negative, calibration)
            quantiles[there] = some.quantiles(_rows(forecasts, there), histories.take(there), QUANTILES)
    else:
        quantiles = engine.quantiles(forecasts, histories, QUANTILES)
    season = next(iter(engine.seasons), 1)
    measures = np.array([units(y, season) for y in histories]).reshape(-1, 2)
    naive = np.array(
        [
            np.resize(y[-season:] if len(y) >= season else y[-1:], actual.shape[1])
            if len(y)
            else np.full(actual.shape[1], np.nan)
            for y in histories
        ]
    )
    return Scored(
        actual, engine.bounded(forecasts, histories).mean, quantiles, naive, measures[:, 0], measures[:, 1]
    )


def calibrated(forecasts: Forecasts, actual: Array, rows: Array) -> Calibration:
    """The calibration by some of the forecasts."""
    return Calibration.fit((actual - forecasts.mean)[rows], forecasts.spread[rows], forecasts.kinds[rows])


def hash_of(key: tuple[str, ...]) -> int:
    """The same number for the same key, in any process."""
    from zlib import crc32

    return crc32("\0".join(key).encode())


def _forecast(seasons: tuple[int, ...], preset: Preset, task: tuple[Panel, Array, list[Array]]) -> Forecasts:
    """In a process of its own, maybe; so no engine is sent, as LightGBM's threads do not survive a fork."""
    panel, added, learnt = task
    found = ensemble.forecast(panel, added.shape[1], seasons, preset, learnt)
    return replace(found, mean=found.mean + added)


def _rows(forecasts: Forecasts, rows: Array) -> Forecasts:
    return Forecasts(
        forecasts.mean[rows],
        forecasts.spread[rows],
        forecasts.kinds[rows],
        forecasts.fallbacks,
        forecasts.seconds[rows],
    )


def stacked(panels: Sequence[Panel]) -> Panel:
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
