"""The fitted engine: everything that forecasts need except the histories."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from zlib import crc32

import numpy as np

from slipway import Array

from ..panel.holidays import Calendar
from ..panel.panel import Panel
from . import ensemble
from .calibration import IntervalCalibration
from .classes import CLASSES, SeriesClass, classes_of
from .demand import Demand
from .effects import Effects
from .ensemble import Forecasts, Preset
from .foundation import Foundation
from .learner import Learner, Modelled
from .lightgbm_model import LightGBMModel
from .shifts import Shift, moved, shifts_of
from .transforms import from_log, log_scales, to_log

NonNegative = Literal["auto", "true", "false"]

MEAN_LEVELS = tuple((place + 0.5) / 50 for place in range(50))
"""Quantile levels whose mean stands for the mean of a distribution."""


@dataclass(frozen=True)
class Engine:
    """A fitted forecaster for any series like those of training."""

    horizon: int
    seasons: tuple[int, ...]
    preset: Preset
    non_negative: NonNegative
    calibration: IntervalCalibration
    lightgbm_model: LightGBMModel | None = None
    effects: Effects | None = None
    log_classes: tuple[SeriesClass, ...] = ()
    """Classes whose positive series are modelled in logarithms."""
    foundation: Foundation | None = None
    learner: Learner | None = None
    """A global learner, where it has a share."""
    calendar: Calendar | None = None
    """Holidays, where they are covariates; None while panels bring them along."""
    demand: Demand | None = None
    """The quantiles of intermittent series, where they are not those of the calibration."""
    level_shifts: bool = True
    """Whether histories are moved to the level after a shift."""

    def forecast(
        self, panel: Panel, horizon: int, ahead: Sequence[Array] | None = None, threads: int = 1
    ) -> Forecasts:
        """Forecast the next `horizon` steps of each series. `ahead` has future covariates as in
        `Effects.split`.
        """
        histories, added = self.modelled(panel, horizon, ahead)
        panel, scales = histories.panel, self.log_scales(panel)
        lightgbm_forecasts = self.lightgbm_forecasts(panel, horizon, threads)
        found = ensemble.forecast(panel, horizon, self.seasons, self.preset, lightgbm_forecasts)
        if self.learner is not None:
            found = self.learner.blend(found, histories)
        if self.foundation is not None:
            found = self.foundation.blend(found, panel)
        return replace(found, mean=found.mean + added, log_scale=scales)

    def with_other_covariates(
        self, forecasts: Forecasts, panel: Panel, ahead: Sequence[Array], others: Sequence[Array]
    ) -> Forecasts:
        """`forecasts` of `panel` with the future covariates `ahead`, as they are with `others`.

        Methods see histories without the effects of covariates, so none has to run again but the global
        learner. A series without
        any future covariates must have none in `others`.
        """
        horizon = forecasts.mean.shape[1]
        before, after = (self.modelled(panel, horizon, known) for known in (ahead, others))
        moved = after[1] - before[1]
        if self.learner is not None and self.learner.covaried:
            learnt = self.learner.predict(after[0]) - self.learner.predict(before[0])
            share = self.learner.shares_of(forecasts)
            if self.foundation is not None:
                share = share * (1 - self.foundation.shares_of(forecasts))
            moved = moved + share[:, None] * np.nan_to_num(learnt[:, :horizon])
        return replace(forecasts, mean=forecasts.mean + moved)

    @property
    def covaried(self) -> bool:
        """Whether forecasts depend on covariates."""
        return self.effects is not None or (self.learner is not None and self.learner.covaried)

    def modelled(self, panel: Panel, horizon: int, ahead: Sequence[Array] | None) -> tuple[Modelled, Array]:
        """The series as they are modelled, and the effect of covariates on the next steps."""
        if self.calendar is not None:
            panel, ahead = self.calendar.extended(panel, horizon, ahead)
        transformed, scales = self.transformed(panel)
        split, added = self.split(transformed, horizon, ahead)
        if self.level_shifts:
            split = moved(split, self.seasons)
        return Modelled(split, panel, np.isfinite(scales), ahead), added

    def shifts(self, panel: Panel) -> list[list[Shift]]:
        """The level shifts of each series as it is modelled, the latest first."""
        if not self.level_shifts:
            return [[] for _ in panel]
        if self.calendar is not None:
            panel, _ = self.calendar.extended(panel, self.horizon)
        return shifts_of(self.split(self.transformed(panel)[0], self.horizon)[0], self.seasons)

    def transformed(self, panel: Panel) -> tuple[Panel, Array]:
        """The series on the scale on which they are modelled, and the scale of each that is in logarithms."""
        scales = self.log_scales(panel)
        if not self.log_classes:
            return panel, scales
        return replace(panel, values=to_log(panel.values, np.repeat(scales, panel.lengths))), scales

    def log_scales(self, panel: Panel) -> Array:
        """The scale of each series that is modelled in logarithms; shape (series,), NaN for all others."""
        if not self.log_classes:
            return np.full(len(panel), np.nan)
        classes = classes_of(panel.values, panel.ends, self.seasons)
        return log_scales(panel, np.array([label in self.log_classes for label in classes], dtype=bool))

    def split(self, panel: Panel, horizon: int, ahead: Sequence[Array] | None = None) -> tuple[Panel, Array]:
        """The series without the effect of covariates, and that effect on the next steps."""
        if self.effects is None:
            return panel, np.zeros((len(panel), horizon))
        return self.effects.split(panel, horizon, ahead)

    def lightgbm_forecasts(self, panel: Panel, horizon: int, threads: int = 1) -> list[Array]:
        """LightGBM's forecasts, shape (series, horizon), one per view; empty if it was not trained."""
        if self.lightgbm_model is None:
            return []
        return list(self.lightgbm_model.predict(panel, horizon, threads).values())

    def means(self, forecasts: Forecasts, panel: Panel) -> Array:
        """The expected value of each step of `panel`, shape (series, steps), not below the lower bounds.

        Of a series in logarithms, the mean of the calibrated distribution: the exponential of a mean of
        logarithms would be its median.
        """
        middle = from_log(forecasts.mean, forecasts.log_scale[:, None])
        logs = np.flatnonzero(np.isfinite(forecasts.log_scale))
        if len(logs):
            factors = self.calibration.factors(forecasts.pools[logs], middle.shape[1], MEAN_LEVELS)
            middle[logs] *= np.exp(forecasts.spread[logs][:, :, None] * factors).mean(axis=2)
        return np.asarray(np.maximum(middle, self.lower_bounds(panel)[:, None]))

    def quantiles(self, forecasts: Forecasts, panel: Panel, levels: Sequence[float]) -> Array:
        """Quantiles at `levels`, between 0 and 1; shape (series, steps, levels).

        They rise with their level, and keep to the same lower bounds as the means.
        """
        factors = self.calibration.factors(forecasts.pools, forecasts.mean.shape[1], levels)
        found = forecasts.mean[:, :, None] + forecasts.spread[:, :, None] * factors
        found = from_log(found, forecasts.log_scale[:, None, None])
        if self.demand is not None:
            rows = intermittent(forecasts)
            found[rows] = self.demand.quantiles(list(panel.take(rows)), self.season, found.shape[1], levels)
        return np.asarray(np.maximum(found, self.lower_bounds(panel)[:, None, None]))

    def samples(self, forecasts: Forecasts, panel: Panel, number: int) -> Array:
        """Sample paths, shape (series, number, steps), within the same lower bounds.

        The paths of a series depend on its history alone, not on the other series of a request.
        """
        steps = forecasts.mean.shape[1]
        noise = np.array(
            [np.random.default_rng(crc32(y.tobytes())).standard_normal((number, steps)) for y in panel]
        ).reshape(len(panel), number, steps)
        scores = self.calibration.scores(forecasts.pools, noise)
        factors = self.calibration.at(forecasts.pools, scores)
        found = forecasts.mean[:, None] + forecasts.spread[:, None] * factors
        found = from_log(found, forecasts.log_scale[:, None, None])
        if self.demand is not None:
            from scipy.special import ndtr

            rows = intermittent(forecasts)
            found[rows] = self.demand.paths(list(panel.take(rows)), self.season, ndtr(scores[rows]))
        return np.asarray(np.maximum(found, self.lower_bounds(panel)[:, None, None]))

    @property
    def season(self) -> int:
        """The shortest season, in steps."""
        return next(iter(self.seasons), 1)

    def lower_bounds(self, panel: Panel) -> Array:
        """The lower bound of each series: zero or minus infinity; shape (series,)."""
        if self.non_negative != "auto":
            return np.full(len(panel), 0.0 if self.non_negative == "true" else -np.inf)
        return np.array([0.0 if len(y) and y.min() >= 0 else -np.inf for y in panel])


def intermittent(forecasts: Forecasts) -> Array:
    """The rows of the intermittent series."""
    return np.flatnonzero(forecasts.classes == CLASSES.index("intermittent"))
