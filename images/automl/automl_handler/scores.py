"""How good answers are: probabilities of shape (rows, labels), or numbers of shape (rows, 1)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from slipway.kit.calibration import calibration_error

from .problem import Floats, Problem

LOSSES = ("log_loss", "rmse", "mae", "ece")
"""Those of which less is better."""
OF_LABELS = ("log_loss", "roc_auc", "accuracy", "balanced_accuracy", "f1")
OF_NUMBERS = ("rmse", "mae", "r2")
_BINS = 15


def usual(problem: Problem) -> str:
    """The metric when none is asked for."""
    return "rmse" if problem.is_regression else "log_loss"


def score(metric: str, problem: Problem, target: Floats, answers: Floats) -> float:
    """One metric of `answers`; NaN where it means nothing for these rows."""
    if problem.is_regression:
        return _of_numbers(metric, target, answers[:, 0])
    return _of_labels(metric, problem, target.astype(int), answers)


def loss(metric: str, problem: Problem) -> Callable[[Floats, Floats], float]:
    """`metric` as a loss of target and answers: less is better."""
    sign = 1.0 if metric in LOSSES else -1.0

    def found(target: Floats, answers: Floats) -> float:
        value = sign * score(metric, problem, target, answers)
        return value if value == value else float("inf")

    return found


def summary(problem: Problem, target: Floats, answers: Floats) -> dict[str, float]:
    """Every metric that the problem has."""
    names = OF_NUMBERS if problem.is_regression else (*OF_LABELS, "ece")
    return {name: score(name, problem, target, answers) for name in names}


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
    """Expected calibration error: how far stated probabilities are from how often they were right."""
    return calibration_error(stated, right, _BINS)
