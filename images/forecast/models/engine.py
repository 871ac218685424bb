"""What is learnt of a panel, and how it forecasts any series like it: the histories are kept beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from zlib import crc32

import numpy as np

from slipway import Array

from ..panel.panel import Panel
from . import ensemble
from .calibration import IntervalCalibration
from .effects import Effects
from .ensemble import Forecasts, Preset
from .lightgbm_model import LightGBMModel

NonNegative = Literal["auto", "true", "false"]


@dataclass(frozen=True)
class Engine:
    """Everything that forecasts need besides the series."""

    horizon: int
    seasons: tuple[int, ...]
    preset: Preset
    non_negative: NonNegative
    calibration: IntervalCalibration
    lightgbm_model: LightGBMModel | None = None
    effects: Effects | None = None

    def forecast(
        self, panel: Panel, horizon: int, ahead: Sequence[Array] | None = None, threads: int = 1
    ) -> Forecasts:
        """The next `horizon` steps of each series. `ahead` has covariates of those steps, as
        `Effects.split` does.
        """
        panel, added = self.split(panel, horizon, ahead)
        lightgbm_forecasts = self.lightgbm_forecasts(panel, horizon, threads)
        found = ensemble.forecast(panel, horizon, self.seasons, self.preset, lightgbm_forecasts)
        return replace(found, mean=found.mean + added)

    def split(self, panel: Panel, horizon: int, ahead: Sequence[Array] | None = None) -> tuple[Panel, Array]:
        """The series without what covariates do, and what these add to the steps to come."""
        if self.effects is None:
            return panel, np.zeros((len(panel), horizon))
        return self.effects.split(panel, horizon, ahead)

    def lightgbm_forecasts(self, panel: Panel, horizon: int, threads: int = 1) -> list[Array]:
        """LightGBM's forecasts, a view each; none where it was not trained."""
        if self.lightgbm_model is None:
            return []
        return list(self.lightgbm_model.predict(panel, horizon, threads).values())

    def clipped(self, forecasts: Forecasts, panel: Panel) -> Forecasts:
        """Forecasts of `panel` without means below zero, where its series have none or none is wanted."""
        return replace(forecasts, mean=np.maximum(forecasts.mean, self.lower_bounds(panel)[:, None]))

    def quantiles(self, forecasts: Forecasts, panel: Panel, levels: Sequence[float]) -> Array:
        """Shape (series, steps, levels); they rise with their level, and keep to the same bound as the
        means.
        """
        factors = self.calibration.factors(forecasts.classes, forecasts.mean.shape[1], levels)
        found = forecasts.mean[:, :, None] + forecasts.spread[:, :, None] * factors
        return np.asarray(np.maximum(found, self.lower_bounds(panel)[:, None, None]))

    def samples(self, forecasts: Forecasts, panel: Panel, number: int) -> Array:
        """Paths that may come, of shape (series, number, steps), within the same bound.

        What is drawn for a series hangs on its history alone, not on which others are asked for.
        """
        steps = forecasts.mean.shape[1]
        noise = np.array(
            [np.random.default_rng(crc32(y.tobytes())).standard_normal((number, steps)) for y in panel]
        ).reshape(len(panel), number, steps)
        factors = self.calibration.paths(forecasts.classes, noise)
        found = forecasts.mean[:, None] + forecasts.spread[:, None] * factors
        return np.asarray(np.maximum(found, self.lower_bounds(panel)[:, None, None]))

    def lower_bounds(self, panel: Panel) -> Array:
        """The least that each series may be forecast as: zero or minus infinity."""
        if self.non_negative != "auto":
            return np.full(len(panel), 0.0 if self.non_negative == "true" else -np.inf)
        return np.array([0.0 if len(y) and y.min() >= 0 else -np.inf for y in panel])
