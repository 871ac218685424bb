"""Metrics of predictions: probabilities of shape (rows, classes), or numbers of shape (rows, 1)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from slipway.kit.calibration import calibration_error

from .problem import Problem
from .types import Floats

LOSSES = ("log_loss", "rmse", "mae", "ece")
"""Metrics to minimise; the others are maximised."""
OF_LABELS = ("log_loss", "roc_auc", "accuracy", "balanced_accuracy", "f1")
OF_NUMBERS = ("rmse", "mae", "r2")
_BINS = 15


def default_metric(problem: Problem) -> str:
    """The metric of `metric=auto`."""
    return "rmse" if problem.is_regression else "log_loss"


def score(metric: str, problem: Problem, target: Floats, answers: Floats) -> float:
    """One metric of `answers`; NaN if it is undefined for these rows."""
    if problem.is_regression:
        return _of_numbers(metric, target, answers[:, 0])
    return _of_labels(metric, problem, target.astype(int), answers)


def loss(metric: str, problem: Problem) -> Callable[[Floats, Floats], float]:
    """`metric` as a function of target and predictions that is to be minimised."""
    sign = 1.0 if metric in LOSSES else -1.0

    def found(target: Floats, answers: Floats) -> float:
        value = sign * score(metric, problem, target, answers)
        return value if value == value else float("inf")

    return found


def summary(problem: Problem, target: Floats, answers: Floats) -> dict[str, float]:
    """Every metric of the problem type, by name."""
    names = OF_NUMBERS if problem.is_regression else (*OF_LABELS, "ece")
    return {name: score(name, problem, target, answers) for name in names}


def skill(problem: Problem, target: Floats, answers: Floats, baseline: Floats) -> float:
    """Share of the baseline's loss (log_loss or rmse) that the predictions remove; 0 if they know no more.

    >>> target = np.array([1.0, 3.0])
    >>> skill(Problem("y", "regression"), target, np.array([[1.5], [2.5]]), np.array([[2.0], [2.0]]))
    0.5
    """
    metric = default_metric(problem)
    base = score(metric, problem, target, baseline)
    return 1 - score(metric, problem, target, answers) / base if base > 0 else float("nan")


def _of_numbers(metric: str, target: Floats, answers: Floats) -> float:
    error = answers - target
    if metric == "rmse":
        return float(np.sqrt(np.square(error).mean()))
    if metric == "mae":
        return float(np.abs(error).mean())
    spread = np.square(target - target.mean()).sum()
    return float(1 - np.square(error).sum() / spread) if spread > 0 else float("nan")


def _of_labels(metric: str, problem: Problem, target: Any, answers: Floats) -> float:
    from sklearn import metrics

    if metric == "log_loss":
        return float(-np.log(np.clip(answers[np.arange(len(target)), target], 1e-15, 1)).mean())
    if metric == "roc_auc":
        places = [1] if problem.kind == "binary" else range(problem.classes)
        parts = [
            metrics.roc_auc_score(target == place, answers[:, place])
            for place in places
            if 0 < (target == place).sum() < len(target)
        ]
        return float(np.mean(parts)) if parts else float("nan")
    if metric == "ece":
        return ece(answers.max(1), answers.argmax(1) == target)
    chosen = problem.choose(answers)
    if metric == "accuracy":
        return float((chosen == target).mean())
    if metric == "balanced_accuracy":
        return float(np.mean([(chosen[target == place] == place).mean() for place in np.unique(target)]))
    average = "binary" if problem.kind == "binary" else "macro"
    return float(metrics.f1_score(target, chosen, average=average, zero_division=0))


def ece(stated: Floats, right: Any) -> float:
    """Expected calibration error: the mean difference between confidence and accuracy over 15 bins."""
    return calibration_error(stated, right, _BINS)
