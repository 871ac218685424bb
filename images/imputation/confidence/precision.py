"""The precision that filling only confident cells reaches, learned out of fold."""

import numpy as np
from numpy.typing import NDArray

from ..features.cells import Floats

MARGIN = 0.5  # standard errors that a learned precision is lowered by (Wilson's bound)


def precision_curve(confidence: Floats, correct: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Ascending steps of confidence, and the share of `correct` cells at or above each. Inputs: (cells,).

    The share is a cautious estimate (Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953), and rises.
    """
    order = np.argsort(-confidence, kind="stable")
    sure, right = confidence[order], np.cumsum(correct[order])
    count = np.arange(1, len(sure) + 1)
    last = np.append(sure[1:] != sure[:-1], True)  # ties are kept or left together
    level, share, count = sure[last], (right / count)[last], count[last]
    centre = share + MARGIN**2 / (2 * count)
    spread = MARGIN * np.sqrt(share * (1 - share) / count + MARGIN**2 / (4 * count**2))
    cautious = ((centre - spread) / (1 + MARGIN**2 / count))[::-1]
    best = np.maximum.accumulate(cautious)
    rises = np.append(True, best[1:] > best[:-1])
    steps, precision = level[::-1][rises], best[rises]
    # Thousandths are fine enough.
    coarse = np.unique(np.ceil(precision * 1000).astype(int), return_index=True)[1]
    return steps[coarse], precision[coarse]


def precision_at(confidence: Floats, steps: Floats, precision: Floats) -> Floats:
    """The precision learned for cells of at least this confidence, shape (cells,); 0 below every step.

    >>> precision_at(np.array([0.4, 0.7]), np.array([0.5, 0.9]), np.array([0.8, 0.95])).tolist()
    [0.0, 0.8]
    """
    return np.concatenate([[0.0], precision])[np.searchsorted(steps, confidence, side="right")]
