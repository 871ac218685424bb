"""The metrics of filled cells against the true ones: NRMSE, weighted F1, expected calibration error."""

import numpy as np
from numpy.typing import NDArray

from slipway.kit.calibration import calibration_error

from ..features.cells import Floats

Codes = NDArray[np.int64]


def nrmse(truth: Floats, filled: Floats) -> float:
    """Root mean squared error in standard deviations of the truth; both of shape (cells,). The mean scores 1.

    >>> nrmse(np.array([1.0, 3.0]), np.array([1.0, 2.0])).__round__(3)
    0.707
    """
    error = float(np.sqrt(np.mean((truth - filled) ** 2)))
    spread = float(np.std(truth))
    return error / spread if spread > 0 else float(error > 0)


def f1(truth: Codes, filled: Codes) -> float:
    """F1 weighted by label frequency, from true and predicted label codes of shape (cells,).

    >>> f1(np.array([0, 0, 1]), np.array([0, 0, 0])).__round__(3)
    0.533
    """
    size = int(max(truth.max(initial=0), filled.max(initial=0))) + 1
    true, guessed = np.bincount(truth, minlength=size), np.bincount(filled, minlength=size)
    right = np.bincount(truth[truth == filled], minlength=size)
    return float(np.sum(true * 2 * right / np.maximum(true + guessed, 1)) / max(1, len(truth)))


def ece(correct: NDArray[np.bool_], confidence: Floats) -> float:
    """Expected calibration error of `confidence`, shape (cells,), over ten bins of equal width."""
    return calibration_error(confidence, correct)
