"""The fixed ensemble of each class of series, and its forecasts."""

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

Preset = Literal["fast", "balanced"]

_SEASONAL: dict[Preset, tuple[Member, ...]] = {
    "fast": (members.damped, members.simple_ces, members.theta),
    "balanced": (members.damped, members.full_ces, members.simple_ces, members.theta),
}
MANY_SEASONS = 26  # whole seasons from which on the seasonal naive forecast joins the ensemble
USUAL_CHANGE_WEIGHT = 0.3  # exponent of the usual change of the series in a spread; methods underestimate it
EFFECTIVE_PARAMETERS = (
    15.0  # parameters that an ensemble effectively estimates, which widens the spread of short series
)
MAX_LENGTH = 520  # points that a method uses, or five of the longest season if that is more


@dataclass(frozen=True)
class Ensemble:
    """Methods and how their forecasts are combined."""

    methods: tuple[Member, ...]
    middle: bool = False
    """Combine by the median instead of the mean."""


def ensemble_for(
    series_class: SeriesClass, points: int, seasons: Sequence[int], preset: Preset, with_lightgbm: bool
) -> Ensemble:
    """The ensemble of a class of series. With LightGBM it has fewer other methods."""
    if series_class == "seasonal":
        # A median is robust to one method that diverges.
        many = len(seasons) > 0 and points >= MANY_SEASONS * seasons[0]
        return Ensemble(_SEASONAL[preset] + ((members.seasonal_naive,) if many else ()), middle=True)
    if series_class == "long seasons":
        return Ensemble(_long(seasons, preset, with_lightgbm), middle=True)
    if series_class == "intermittent":
        return Ensemble((members.adida, members.imapa))
    return Ensemble(
        (members.nonseasonal_theta, members.naive) if series_class == "short" else (members.naive,)
    )


def _long(seasons: Sequence[int], preset: Preset, with_lightgbm: bool) -> tuple[Member, ...]:
    if preset == "fast":
        return members.mstl_damped, members.nonseasonal_damped, members.seasonal_naive
    if len(seasons) == 1:
        weak = (members.nonseasonal_damped, members.mstl_theta, members.mstl_ces, members.seasonal_naive)
        return weak if with_lightgbm else (*weak, members.nonseasonal_ces)
    if with_lightgbm:
        return (members.mstl_damped,)
    return members.mstl_damped, members.seasonal_naive, members.short_naive, members.ces


@dataclass
class Forecasts:
    """Forecasts of many series. Arrays of shape (series, steps), NaN for a series without points."""

    mean: Array
    spread: Array
    """One standard deviation by the methods, before calibration."""
    classes: Array
    """The class of each series, by its place in CLASSES."""
    fallbacks: Counter[str] = field(default_factory=Counter)
    """Number of failures by method and error; the other methods of the ensemble were used."""
    members: Counter[str] = field(default_factory=Counter)
    """Number of forecasts that each method, by its key in `members.NAMES`, took part in."""
    seconds: Array = field(default_factory=lambda: np.empty(0))
    """What each series took, in seconds."""
    log_scale: Array = field(default_factory=lambda: np.empty(0))
    """The scale of each series that is modelled in logarithms, as `transforms.log_scales` has it: its means
    and spreads are of logarithms. NaN for all others."""

    def __post_init__(self) -> None:
        if not len(self.log_scale):
            self.log_scale = np.full(len(self.mean), np.nan)

    @property
    def pools(self) -> Array:
        """The place in the calibration of each series: by its class, and by whether it is in logarithms."""
        found: Array = self.classes + len(CLASSES) * np.isfinite(self.log_scale)
        return found

    def take(self, rows: Array) -> "Forecasts":
        """The forecasts of some of the series."""
        return Forecasts(
            self.mean[rows],
            self.spread[rows],
            self.classes[rows],
            self.fallbacks,
            self.members,
            self.seconds[rows] if len(self.seconds) else self.seconds,
            self.log_scale[rows],
        )

    @classmethod
    def concatenate(cls, parts: Sequence["Forecasts"]) -> "Forecasts":
        return cls(
            np.concatenate([part.mean for part in parts]),
            np.concatenate([part.spread for part in parts]),
            np.concatenate([part.classes for part in parts]),
            sum((part.fallbacks for part in parts), Counter()),
            sum((part.members for part in parts), Counter()),
            np.concatenate([part.seconds for part in parts]),
            np.concatenate([part.log_scale for part in parts]),
        )


def forecast(
    panel: Panel,
    horizon: int,
    seasons: Sequence[int],
    preset: Preset,
    lightgbm_forecasts: Sequence[Array] = (),
) -> Forecasts:
    """Forecast each series of `panel`.

    `lightgbm_forecasts` are arrays of shape (series, horizon), NaN where there is none; they join the
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
            found.mean[place], found.spread[place], used = _combine(
                y, horizon, seasons, ensemble, rows, found.fallbacks
            )
            found.members.update(used)
        found.seconds[place] = time.perf_counter() - started
    return found


def _combine(
    y: Array,
    horizon: int,
    seasons: Sequence[int],
    ensemble: Ensemble,
    lightgbm_forecasts: Sequence[Array],
    fallbacks: Counter[str],
) -> tuple[Array, Array, dict[str, int]]:
    """Mean and spread of the methods that work on `y`, and these methods; the naive method if none does.

    Methods understate the uncertainty of short histories. That is corrected here, not by calibration, whose
    histories are shorter than those it is used for.
    """
    recent = np.ascontiguousarray(y[-max(MAX_LENGTH, 5 * max(seasons, default=1)) :], dtype=np.float64)
    means, spreads = [*lightgbm_forecasts], []
    used = {"lightgbm": 1} if means else {}
    for method in ensemble.methods:
        try:
            mean, spread = method(recent, horizon, seasons)
            if not np.isfinite(mean).all():
                raise ArithmeticError
        except members.NotApplicable:
            continue
        except Exception as error:  # any error of a method: the others are used
            fallbacks[f"{method.__name__}: {type(error).__name__}"] += 1
            continue
        means.append(mean)
        used[method.__name__] = 1
        if spread is not None and np.isfinite(spread).all():
            spreads.append(spread)
    if not means:
        fallbacks["every method failed: naive"] += 1
        mean, spread = members.naive(recent, horizon, seasons)
        means, spreads, used = [mean], [] if spread is None else [spread], {"naive": 1}
    middle = np.median(means, axis=0) if ensemble.middle else np.mean(means, axis=0)
    default = default_spread(recent, horizon, seasons)
    stated = np.mean(spreads, axis=0) if spreads else default
    spread = stated ** (1 - USUAL_CHANGE_WEIGHT) * default**USUAL_CHANGE_WEIGHT
    return middle, spread * np.sqrt(1 + EFFECTIVE_PARAMETERS / len(recent)), used


def default_spread(y: Array, horizon: int, seasons: Sequence[int]) -> Array:
    """The spread for methods without one: about the mean, or of seasonal changes if smaller; shape
    (horizon,).
    """
    season = next((m for m in seasons if len(y) > 2 * m), 1)
    changes = y[season:] - y[:-season] if len(y) > season else y - y.mean()
    least = min(float(y.std()), float(np.sqrt(np.mean(np.square(changes)))))
    return np.full(horizon, max(least, 1e-9))


def chunks(panel: Panel, size: int) -> Iterator[Panel]:
    """The series of `panel`, `size` at a time."""
    for start in range(0, len(panel), size):
        yield panel.take(range(start, min(start + size, len(panel))))
