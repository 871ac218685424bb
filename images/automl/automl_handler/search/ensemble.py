"""A weighted ensemble of out-of-fold answers.

Greedy selection with replacement: Caruana et al. 2004, Ensemble selection from libraries of models.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..problem import Floats

_STEPS = 25
_GAIN = 1e-9
_MISSED = 1e-3  # of the loss


def select(answers: Sequence[Floats], target: Floats, loss: Callable[[Floats, Floats], float]) -> Floats:
    """Weights, one for each of `answers`, that sum to 1; those that do not help have none."""
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
    """Without the members that are hardly missed: they cost as much time as the others at every answer."""
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
