"""Modelling a series on the log scale, where its season, trend and covariates multiply rather than add."""

import numpy as np

from slipway import Array

from ..panel.panel import Panel

MAX_RATIO = 100.0
"""A series is modelled in logarithms only if its lowest point is at least its median over this number: the
logarithm of a point near zero is an outlier."""


def log_scales(panel: Panel, chosen: Array) -> Array:
    """The geometric mean of each series to model in logarithms; shape (series,), NaN for all others.

    `chosen`, of shape (series,), says which series may be. Those with points at or near zero are left out.
    """
    scales = np.full(len(panel), np.nan)
    for place in np.flatnonzero(chosen).tolist():
        y = panel.series(place)
        if len(y) and y.min() > 0 and y.min() * MAX_RATIO >= np.median(y):
            scales[place] = np.exp(np.log(y).mean())
    return scales


def to_log(values: Array, scales: Array) -> Array:
    """log(values / scale) where there is a scale, else the values; `scales` is broadcast.

    A value at or below zero counts as a thousandth of the scale.

    >>> to_log(np.array([[1.0, np.e], [3.0, 4.0]]), np.array([[1.0], [np.nan]])).tolist()
    [[0.0, 1.0], [3.0, 4.0]]
    """
    known = np.isfinite(scales)
    least = np.where(known, scales, 1.0)
    logs = np.log(np.maximum(values / least, 1e-3))
    found: Array = np.where(known, logs, values)
    return found


def from_log(values: Array, scales: Array) -> Array:
    """The inverse of `to_log`. It is monotone, so it maps quantiles to quantiles exactly.

    >>> from_log(np.array([[0.0, 1.0], [3.0, 4.0]]), np.array([[2.0], [np.nan]])).round(2).tolist()
    [[2.0, 5.44], [3.0, 4.0]]
    """
    known = np.isfinite(scales)
    with np.errstate(over="ignore"):
        found: Array = np.where(known, scales * np.exp(np.where(known, values, 0.0)), values)
    return found
