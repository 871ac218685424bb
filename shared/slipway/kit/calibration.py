"""Calibrated probabilities, and how far others are from it.

Temperature scaling and the expected calibration error: Guo et al. 2017, https://arxiv.org/abs/1706.04599.
Isotonic regression: Zadrozny and Elkan 2002, https://doi.org/10.1145/775047.775151.
"""

from typing import Literal

import numpy as np

from slipway.table.arrow import Array

_TINY = 1e-12  # below it a probability counts as this


def tempered(probabilities: Array, temperature: float) -> Array:
    """Softmax of log `probabilities`, of shape (rows, classes), divided by `temperature`.

    Above 1 makes them less certain, below 1 more; which class is likeliest stays.

    >>> tempered(np.array([[0.8, 0.2]]), 2.0).round(3)
    array([[0.667, 0.333]])
    """
    return _softmax(_logs(probabilities), temperature)


def fit_temperature(
    probabilities: Array,
    labels: Array,
    *,
    bounds: tuple[float, float] = (-1.5, 1.5),
    tolerance: float = 1e-3,
    smoothing: float = 0.0,
) -> float:
    """The temperature with the least log loss for `labels`, codes of shape (rows,).

    `probabilities`, of shape (rows, classes), must come from rows that the model was not fitted to. The
    natural logarithm of the temperature is searched within `bounds`, to `tolerance`. `smoothing` is the share
    of each label that is spread over all classes, so that few rows, all of them right, make nothing certain.

    >>> sure = np.tile([[0.99, 0.01]], (100, 1))
    >>> labels = np.repeat([0, 1], [75, 25])  # but three in four are right
    >>> float(tempered(sure, fit_temperature(sure, labels))[0, 0].round(2))
    0.75
    """
    from scipy.optimize import minimize_scalar

    logs = _logs(probabilities)
    places = np.arange(len(logs)), labels.astype(int)

    def loss(log_temperature: float) -> float:
        found = _logs(_softmax(logs, float(np.exp(log_temperature))))
        likely = found[places]
        if smoothing:
            likely = (1 - smoothing) * likely + smoothing * found.mean(axis=1)
        return float(-likely.mean())

    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": tolerance})
    return float(np.exp(best.x))


def fit_isotonic(scores: Array, outcomes: Array, edge: float = 1e-4) -> tuple[Array, Array]:
    """The rising line from `scores` to how often `outcomes` (0 or 1) came true, both of shape (rows,).

    Returns its points for `numpy.interp`: scores, and probabilities between `edge` and 1 - `edge`.

    >>> line = fit_isotonic(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 1, 0, 1]))
    >>> float(np.interp(0.5, *line))
    0.5
    """
    from sklearn.isotonic import IsotonicRegression

    line = IsotonicRegression(y_min=edge, y_max=1 - edge).fit(scores, outcomes)
    return np.asarray(line.X_thresholds_), np.asarray(line.y_thresholds_)


def calibration_error(confidence: Array, correct: Array, bins: int = 10) -> float:
    """Expected calibration error: how far `confidence` is from how often answers were `correct`, by bins.

    Both have shape (rows,). The bins are of equal width, and each holds its upper end: (0.2, 0.3]. 0 for no
    rows.

    >>> calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([1, 1, 1, 0]))
    0.0
    >>> round(calibration_error(np.array([0.9, 0.9]), np.array([1, 0])), 2)
    0.4
    """
    gap = np.bincount(_bins(confidence, bins), correct - confidence, bins)
    return float(np.abs(gap).sum() / max(1, len(confidence)))


def reliability(
    confidence: Array, correct: Array, bins: int = 10, equal: Literal["width", "count"] = "width"
) -> tuple[Array, Array, Array]:
    """Mean confidence, share of correct answers and number of rows of each bin that has rows.

    `equal` says what the bins have in common. Bins of equal `count` are the better choice where most answers
    are certain, as bins of equal width would then hold a few rows each.

    >>> stated, reached, rows = reliability(np.array([0.55, 0.95, 0.95]), np.array([1, 1, 0]))
    >>> stated.round(2).tolist(), reached.tolist(), rows.tolist()
    ([0.55, 0.95], [1.0, 0.5], [1, 2])
    """
    if equal == "count":
        parts = np.array_split(np.argsort(confidence, kind="stable"), max(1, min(bins, len(confidence))))
        parts = [part for part in parts if len(part)]
        return (
            np.array([confidence[part].mean() for part in parts]),
            np.array([correct[part].mean() for part in parts]),
            np.array([len(part) for part in parts], int),
        )
    place = _bins(confidence, bins)
    counts = np.bincount(place, minlength=bins)
    some = counts > 0
    stated, reached = (
        np.bincount(place, values, bins)[some] / counts[some] for values in (confidence, correct)
    )
    return stated, reached, counts[some]


def _bins(confidence: Array, bins: int) -> Array:
    places: Array = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return places


def _logs(probabilities: Array) -> Array:
    found: Array = np.log(np.maximum(probabilities, _TINY))
    return found


def _softmax(logs: Array, temperature: float) -> Array:
    powers = np.exp((logs - logs.max(1, keepdims=True)) / temperature)
    found: Array = powers / powers.sum(1, keepdims=True)
    return found
