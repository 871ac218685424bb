"""How good filled cells are: the three metrics, each against what was really there."""

import numpy as np
from numpy.typing import NDArray

from slipway.kit.calibration import calibration_error

from ..features.cells import Floats

Codes = NDArray[np.int64]


def nrmse(truth: Floats, filled: Floats) -> float:
    """Root mean squared error over the standard deviation of the truth: 1 is what the true mean reaches."""
    error = float(np.sqrt(np.mean((truth - filled) ** 2)))
    spread = float(np.std(truth))
    return error / spread if spread > 0 else float(error > 0)


def f1(truth: Codes, filled: Codes) -> float:
    """F1 of every true label, weighted by how frequent it is."""
    size = int(max(truth.max(initial=0), filled.max(initial=0))) + 1
    true, guessed = np.bincount(truth, minlength=size), np.bincount(filled, minlength=size)
    right = np.bincount(truth[truth == filled], minlength=size)
    return float(np.sum(true * 2 * right / np.maximum(true + guessed, 1)) / max(1, len(truth)))


def ece(correct: NDArray[np.bool_], confidence: Floats) -> float:
    """Expected calibration error: stated probability against the share of correct cells, by bins."""
    return calibration_error(confidence, correct)
