"""Selects and weights the learners of a column by their out-of-fold predictions."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ..evaluation.scores import f1, nrmse
from ..features.cells import Floats
from .learners import Task

PAYS = 0.004  # F1 that each further learner must add to a blend of labels
SLIGHT = 0.03  # learners with a smaller weight are dropped


def select_weights(
    tried: Mapping[str, Floats], answers: NDArray[Any], default: Floats, task: Task
) -> dict[str, float]:
    """Weights of the learners: a non-negative stack for numbers, the best or an even blend for labels.

    `tried` are out-of-fold predictions, (n,) or (n, labels). Empty if the default prediction is as good.
    """
    if not tried:
        return {}
    names = list(tried)
    if task.labels:
        options = [part for size in range(1, len(names) + 1) for part in combinations(names, size)]
        worth = {part: score(blend(tried, part), answers, task) - PAYS * (len(part) - 1) for part in options}
        best = max(options, key=worth.__getitem__)
        return (
            {name: 1 / len(best) for name in best}
            if worth[best] > f1(answers, np.full(len(answers), default.argmax()))
            else {}
        )
    while names:
        moves = np.column_stack([tried[name] - default for name in names])
        weights = nnls(moves, answers - default)[0]
        kept = [name for name, weight in zip(names, weights, strict=True) if weight >= SLIGHT]
        if len(kept) == len(names):
            stack = default + moves @ weights
            return dict(zip(names, map(float, weights), strict=True)) if nrmse(answers, stack) < 1.0 else {}
        names = kept
    return {}


def blend(tried: Mapping[str, Floats], names: Sequence[str]) -> Floats:
    """The mean of some learners' probabilities."""
    return np.asarray(sum(tried[name] for name in names)) / len(names)


def default_prediction(answers: NDArray[Any], labels: int) -> Floats:
    """The mean of numbers (`labels` 0), or the frequency of every label."""
    if not labels:
        return np.array(answers.mean())
    counts = np.bincount(answers[answers < labels], minlength=labels).astype(float)
    return np.asarray(counts / counts.sum(), dtype=float)


def score(guesses: Floats, answers: NDArray[Any], task: Task) -> float:
    """F1 for categories (more is better), NRMSE for numbers (less is better)."""
    return f1(answers, guesses.argmax(1)) if task.labels else nrmse(answers, guesses)


def metric(task: Task) -> str:
    """The name of a task's score."""
    return "f1" if task.labels else "nrmse"
