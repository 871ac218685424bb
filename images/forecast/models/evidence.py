"""Whether to use something that changed the errors of backtests: by the expected gain, not by significance.

Declining what helps costs as much as using what hurts, so the expected gain decides, however uncertain it
is. The prior comes from generated data: what has no effect loses a little, and gains of a few percent are
usual.
"""

import numpy as np

from slipway import Array

PRIOR_MEAN = -0.01  # relative gain of something picked at random: estimating an absent effect costs accuracy
PRIOR_SPREAD = 0.05
MIN_GAIN = 0.01  # covariates have to be known and sent for each forecast, which a smaller gain is not worth
_NOISE = 0.3  # relative spread of one forecast's gain, which stands in for what few forecasts do not tell
_NOISE_WEIGHT = 4.0  # forecasts that it counts as


def expected_gain(before: Array, after: Array) -> float:
    """The expected relative reduction of the error: the posterior mean under a normal prior.

    `before` and `after` are errors of the same forecasts, of shape (forecasts,); NaN is left out. The prior
    mean is returned where no forecast is known.

    >>> round(expected_gain(np.full(40, 1.0), np.full(40, 0.9)), 2)
    0.09
    >>> round(expected_gain(np.full(5, 1.0), np.full(5, 0.9)), 2)
    0.01
    """
    known = np.isfinite(before) & np.isfinite(after)
    usual = before[known].mean() if known.any() else 0.0
    if not usual > 0:
        return PRIOR_MEAN
    gains = (before - after)[known] / usual
    mean = gains.mean()
    squares = np.square(gains - mean).sum() + _NOISE_WEIGHT * _NOISE**2
    variance = squares / (len(gains) - 1 + _NOISE_WEIGHT) / len(gains)
    weight = PRIOR_SPREAD**2 / (PRIOR_SPREAD**2 + variance)
    return float(weight * mean + (1 - weight) * PRIOR_MEAN)


def improves(before: Array, after: Array) -> bool:
    """Whether the expected gain is worth it: above MIN_GAIN."""
    return expected_gain(before, after) > MIN_GAIN
