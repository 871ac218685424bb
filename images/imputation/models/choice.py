"""Which learners of a column count, and how much: judged by their out-of-fold predictions."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ..evaluation.scores import f1, nrmse
from ..features.cells import Floats
from .learners import Task

PAYS = 0.004  # F1 that each further learner must add to a category's blend: else the best one alone
SLIGHT = 0.03  # a weight below this is not worth its milliseconds


def chosen(tried: Mapping[str, Floats], answers: NDArray[Any], usual: Floats, task: Task) -> dict[str, float]:
    """A stack for a number, the best or an even blend for a category; none if the usual answer is as good."""
    if not tried:
        return {}
    names = list(tried)
    if task.labels:
        options = [part for size in range(1, len(names) + 1) for part in combinations(names, size)]
        worth = {part: score(blend(tried, part), answers, task) - PAYS * (len(part) - 1) for part in options}
        best = max(options, key=worth.__getitem__)
        return (
            {name: 1 / len(best) for name in best}
            if worth[best] > f1(answers, np.full(len(answers), usual.argmax()))
            else {}
        )
    while names:
        moves = np.column_stack([tried[name] - usual for name in names])
        weights = nnls(moves, answers - usual)[0]
        kept = [name for name, weight in zip(names, weights, strict=True) if weight >= SLIGHT]
        if len(kept) == len(names):
            stack = usual + moves @ weights
            return dict(zip(names, map(float, weights), strict=True)) if nrmse(answers, stack) < 1.0 else {}
        names = kept
    return {}


def blend(tried: Mapping[str, Floats], names: Sequence[str]) -> Floats:
    """The even mean of some learners' probabilities."""
    return np.asarray(sum(tried[name] for name in names)) / len(names)


def usual_answer(answers: NDArray[Any], labels: int) -> Floats:
    """The mean, or how frequent every label is."""
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
