"""A pretrained model as one more member of the ensembles, with a share for each class of series."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from slipway import Array

from ..panel.panel import Panel
from ..pretrained.model import PretrainedModel
from .classes import CLASSES, SeriesClass
from .ensemble import Forecasts


@dataclass(frozen=True)
class Foundation:
    """A pretrained model and its share in the forecasts of each class, above 0 and at most 1."""

    model: PretrainedModel
    shares: Mapping[SeriesClass, float]

    def blend(self, forecasts: Forecasts, panel: Panel, added: Array | None = None) -> Forecasts:
        """The forecasts with the model's share in them. `panel` has the histories as they are modelled;
        `added`, the effect of covariates, is already in `forecasts`; shape (series, steps).
        """
        shares = self.shares_of(forecasts)
        means, spreads = self.model.forecast(panel, forecasts.mean.shape[1], np.flatnonzero(shares))
        return blended(forecasts, means if added is None else means + added, spreads, shares)

    def shares_of(self, forecasts: Forecasts) -> Array:
        """The share in the forecast of each series; shape (series,)."""
        found: Array = np.array([self.shares.get(label, 0.0) for label in CLASSES])[forecasts.classes]
        return found


def blended(forecasts: Forecasts, means: Array, spreads: Array, shares: Array) -> Forecasts:
    """Means and spreads, shape (series, steps), averaged by `shares`, shape (series,); the forecasts stay
    where a mean is NaN.
    """
    known = np.isfinite(means).all(axis=1)
    part = np.where(known, shares, 0.0)[:, None]

    def average(old: Array, new: Array) -> Array:
        return np.where(part > 0, (1 - part) * old + part * np.nan_to_num(new), old)

    return replace(forecasts, mean=average(forecasts.mean, means), spread=average(forecasts.spread, spreads))
