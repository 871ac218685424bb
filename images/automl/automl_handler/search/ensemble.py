"""A weighted ensemble of out-of-fold predictions.

Greedy selection with replacement: Caruana et al. 2004, Ensemble selection from libraries of models.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..types import Floats

_STEPS = 25
_GAIN = 1e-9
_MISSED = 1e-3  # of the loss


def select(answers: Sequence[Floats], target: Floats, loss: Callable[[Floats, Floats], float]) -> Floats:
    """Weights of shape (members,) that sum to 1; 0 for a member that does not help.

    `answers` are predictions of shape (rows, classes), `loss` a function of target and predictions.
    """
    counts = np.zeros(len(answers))
    whole = np.zeros_like(answers[0])
    least = np.inf
    best = counts.copy()
    for step in range(1, _STEPS + 1):
        tried = [loss(target, (whole + one) / step) for one in answers]
        place = int(np.argmin(tried))
        counts[place] += 1
        whole = whole + answers[place]
        if tried[place] < least - _GAIN * abs(least if np.isfinite(least) else 0):
            least, best = tried[place], counts.copy()
    if not best.any():
        best[0] = 1
    return _pruned(best / best.sum(), answers, target, loss)


def _pruned(
    weights: Floats, answers: Sequence[Floats], target: Floats, loss: Callable[[Floats, Floats], float]
) -> Floats:
    """Without members that hardly lower the loss, as they cost as much time per prediction as the others."""
    least = loss(target, np.average(answers, 0, weights))
    for place in np.argsort(weights):
        rest = weights.copy()
        rest[place] = 0
        if weights[place] == 0 or not rest.any():
            continue
        rest /= rest.sum()
        if loss(target, np.average(answers, 0, rest)) <= least + _MISSED * abs(least):
            weights = rest
    return weights
