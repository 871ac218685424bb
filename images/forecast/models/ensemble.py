"""The fixed ensemble of each class of series, applied to many of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from slipway import Array

from ..panel.panel import Panel
from . import members
from .classes import CLASSES, SeriesClass, class_of
from .members import Member

Preset = Literal["fast", "balanced", "best"]

_SEASONAL: dict[Preset, tuple[Member, ...]] = {
    "fast": (members.damped, members.simple_ces, members.theta),
    "balanced": (members.damped, members.full_ces, members.simple_ces, members.theta),
    "best": (members.ets, members.damped, members.ces, members.simple_ces, members.theta),
}
MANY_SEASONS = 26  # whole seasons from which on their shape is known well enough to be repeated as it is
USUAL_CHANGE_WEIGHT = (
    0.3  # how much of a spread, as a power, is the usual change of the series: methods see little of it
)
EFFECTIVE_PARAMETERS = (
    15.0  # numbers that an ensemble takes from a history, in effect: short ones are sure of less
)
MAX_LENGTH = 520  # points that a method sees, or five of the longest seasons


@dataclass(frozen=True)
class Ensemble:
    """Methods, and how their forecasts are put together."""

    methods: tuple[Member, ...]
    middle: bool = False
    """Whether their median is taken, not their mean."""


def ensemble_for(
    series_class: SeriesClass, points: int, seasons: Sequence[int], preset: Preset, lightgbm_forecasts: bool
) -> Ensemble:
    """The ensemble of a class. `learnt` says that LightGBM's forecasts take part, in the place of some
    methods.
    """
    if series_class == "seasonal":
        # One method that runs away spoils a mean.
        many = len(seasons) > 0 and points >= MANY_SEASONS * seasons[0]
        return Ensemble(_SEASONAL[preset] + ((members.seasonal_naive,) if many else ()), middle=True)
    if series_class == "long seasons":
        return Ensemble(_long(seasons, preset, lightgbm_forecasts), middle=True)
    if series_class == "intermittent":
        return Ensemble((members.adida, members.imapa))
    return Ensemble(
        (members.nonseasonal_theta, members.naive) if series_class == "short" else (members.naive,)
    )


def _long(seasons: Sequence[int], preset: Preset, lightgbm_forecasts: bool) -> tuple[Member, ...]:
    if preset == "fast":
        return members.mstl_damped, members.nonseasonal_damped, members.seasonal_naive
    if len(seasons) == 1:
        weak = (members.nonseasonal_damped, members.mstl_theta, members.mstl_ces, members.seasonal_naive)
        return weak if lightgbm_forecasts else (*weak, members.nonseasonal_ces)
    if lightgbm_forecasts:
        return (members.mstl_damped,)
    return members.mstl_damped, members.seasonal_naive, members.short_naive, members.ces


@dataclass
class Forecasts:
    """Forecasts of many series; arrays of shape (series, steps), NaN for a series without points."""

    mean: Array
    spread: Array
    """One standard deviation, as the methods see it; calibration stretches it."""
    classes: Array
    """The class of each series, by its place in KINDS."""
    fallbacks: Counter[str] = field(default_factory=Counter)
    """How often a method failed, by its name and error: its ensemble went on without it."""
    seconds: Array = field(default_factory=lambda: np.empty(0))
    """What each series took."""

    @classmethod
    def concatenate(cls, parts: Sequence["Forecasts"]) -> "Forecasts":
        return cls(
            np.concatenate([part.mean for part in parts]),
            np.concatenate([part.spread for part in parts]),
            np.concatenate([part.classes for part in parts]),
            sum((part.fallbacks for part in parts), Counter()),
            np.concatenate([part.seconds for part in parts]),
        )


def forecast(
    panel: Panel,
    horizon: int,
    seasons: Sequence[int],
    preset: Preset,
    lightgbm_forecasts: Sequence[Array] = (),
) -> Forecasts:
    """Forecasts each series of `panel`, one after the other.

    `learnt` are LightGBM's forecasts, of shape (series, horizon), NaN where it has none; they join the
    ensembles of series with long seasons.
    """
    import time

    found = Forecasts(
        np.full((len(panel), horizon), np.nan),
        np.full((len(panel), horizon), np.nan),
        np.zeros(len(panel), dtype=np.int64),
        seconds=np.zeros(len(panel)),
    )
    for place, y in enumerate(panel):
        started = time.perf_counter()
        series_class = class_of(y, seasons)
        found.classes[place] = CLASSES.index(series_class)
        if series_class != "empty":
            rows = [means[place] for means in lightgbm_forecasts] if series_class == "long seasons" else []
            rows = [row for row in rows if np.isfinite(row).all()]
            ensemble = ensemble_for(series_class, len(y), seasons, preset, bool(rows))
            found.mean[place], found.spread[place] = _combine(
                y, horizon, seasons, ensemble, rows, found.fallbacks
            )
        found.seconds[place] = time.perf_counter() - started
    return found


def _combine(
    y: Array,
    horizon: int,
    seasons: Sequence[int],
    ensemble: Ensemble,
    lightgbm_forecasts: Sequence[Array],
    fallbacks: Counter[str],
) -> tuple[Array, Array]:
    """The middle of the methods that work on `y`; naive where none does, and counted.

    A short history makes methods surer than they may be. Left to calibration, whose histories are shorter
    than those it is for, that would make intervals too wide.
    """
    recent = np.ascontiguousarray(y[-max(MAX_LENGTH, 5 * max(seasons, default=1)) :], dtype=np.float64)
    means, spreads = [*lightgbm_forecasts], []
    for method in ensemble.methods:
        try:
            mean, spread = method(recent, horizon, seasons)
            if not np.isfinite(mean).all():
                raise ArithmeticError
        except members.NotApplicable:
            continue
        except Exception as error:  # whatever a method raises over a series that it cannot take
            fallbacks[f"{method.__name__}: {type(error).__name__}"] += 1
            continue
        means.append(mean)
        if spread is not None and np.isfinite(spread).all():
            spreads.append(spread)
    if not means:
        fallbacks["every method failed: naive"] += 1
        mean, spread = members.naive(recent, horizon, seasons)
        means, spreads = [mean], [] if spread is None else [spread]
    middle = np.median(means, axis=0) if ensemble.middle else np.mean(means, axis=0)
    default = default_spread(recent, horizon, seasons)
    stated = np.mean(spreads, axis=0) if spreads else default
    return middle, stated ** (1 - USUAL_CHANGE_WEIGHT) * default**USUAL_CHANGE_WEIGHT * np.sqrt(
        1 + EFFECTIVE_PARAMETERS / len(recent)
    )


def default_spread(y: Array, horizon: int, seasons: Sequence[int]) -> Array:
    """For methods that say nothing of it: the spread about the mean, or of a season's changes where
    smaller.
    """
    season = next((m for m in seasons if len(y) > 2 * m), 1)
    changes = y[season:] - y[:-season] if len(y) > season else y - y.mean()
    least = min(float(y.std()), float(np.sqrt(np.mean(np.square(changes)))))
    return np.full(horizon, max(least, 1e-9))


def chunks(panel: Panel, size: int) -> Iterator[Panel]:
    """The series of `panel`, `size` at a time."""
    for start in range(0, len(panel), size):
        yield panel.take(range(start, min(start + size, len(panel))))
