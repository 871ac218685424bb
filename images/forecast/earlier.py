"""Forecasts that were made earlier, kept until the histories of later requests reach the steps forecast."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slipway import Array, Outcomes

from .backtesting.scores import units
from .panel.items import Key
from .panel.panel import Panel

KEPT = 2000  # series whose forecasts are kept
FORGOTTEN = 50 * KEPT  # series asked for in the meantime, after which one makes room for another
MADE = 8  # forecasts from the end of training that one request may cost

MeansOf = Callable[[list[int]], tuple[Panel, Array]]
"""For stored series, by index: their histories, and the means that the model forecasts from them."""


@dataclass
class _Kept:
    """A forecast, less the steps that have been compared."""

    first: int
    means: Array
    change: float
    """The scale of MASE: the mean absolute seasonal change of the history; NaN if unknown."""
    seen: int


class EarlierForecasts:
    """The forecasts of one worker: the model's from the end of training, and those that it answered.

    A forecast is kept until its last step has been compared, and only then the next one of that series: each
    step ahead has the same weight, as in a backtest.
    """

    def __init__(self, stored: Panel, season: int, means_of: MeansOf) -> None:
        self._stored = stored
        self._season = season
        self._means_of = means_of
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._started = np.zeros(len(stored), dtype=bool)  # from the end of training
        self._series = 0

    def compare(self, panel: Panel, means: Array) -> Outcomes:
        """The errors in the steps that `panel`, histories, has reached; keeps its forecasts, `means`."""
        self._start(panel)
        errors: list[Array] = [np.empty(0)]
        values: list[Array] = [np.empty(0)]
        scales: list[Array] = [np.empty(0)]
        for place, key in enumerate(panel.keys):
            if not any(key) and key not in self._stored.where:
                continue  # a history without a name: the next one may be of anything
            self._series += 1
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                kept.seen = self._series
                actual, means_then = _reached(kept, panel.series(place), int(panel.first[place]))
                errors.append(np.abs(actual - means_then))
                values.append(np.abs(actual))
                scales.append(np.full(len(actual), kept.change))
                if not len(kept.means):
                    del self._kept[key]
            if key not in self._kept:
                self._keep(key, int(panel.after[place]), means[place], panel.series(place))
        return _outcomes(np.concatenate(errors), np.concatenate(values), np.concatenate(scales))

    def _start(self, panel: Panel) -> None:
        """Keeps forecasts from the end of training for series whose history has gone on since."""
        found: list[int] = []
        for place, key in enumerate(panel.keys):
            known = self._stored.where.get(key)
            if known is None or self._started[known] or panel.after[place] <= self._stored.after[known]:
                continue
            if len(found) < MADE:
                self._started[known] = True
                if key not in self._kept:
                    found.append(known)
        if found:
            histories, means = self._means_of(found)
            for place, key in enumerate(histories.keys):
                self._keep(key, int(histories.after[place]), means[place], histories.series(place))

    def _keep(self, key: Key, first: int, means: Array, history: Array) -> None:
        if len(self._kept) >= KEPT:
            oldest = next(iter(self._kept))
            if self._series - self._kept[oldest].seen < FORGOTTEN:
                return
            del self._kept[oldest]
        change = units(history, self._season)[0]
        self._kept[key] = _Kept(first, means.copy(), change, self._series)


def _reached(kept: _Kept, history: Array, first: int) -> tuple[Array, Array]:
    """Points of `history`, which begins at the step `first`, and the means that were forecast for them.

    What they cover, or precede, is no longer kept.
    """
    end = first + len(history)
    begin = max(first, kept.first)
    until = min(end, kept.first + len(kept.means))
    if until <= kept.first:
        return np.empty(0), np.empty(0)
    actual = history[begin - first : until - first]
    means = kept.means[begin - kept.first : until - kept.first]
    kept.means = kept.means[until - kept.first :]
    kept.first = until
    return actual, means


def _outcomes(errors: Array, values: Array, scales: Array) -> Outcomes:
    known = np.isfinite(errors)
    scaled = known & (scales > 0)
    return Outcomes(
        int(known.sum()),
        {
            "MASE": (float((errors[scaled] / scales[scaled]).sum()), float(scaled.sum())),
            "WAPE": (float(errors[known].sum()), float(values[known].sum())),
        },
    )
