"""Linear models: logistic or ridge regression on standardised numbers and indicators. Saved as arrays."""

import time
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..features.design import Design
from ..problem import Problem
from ..types import Floats
from .learner import Examples, FittedModel, Task, both, softmax

_FILE = "linear.npz"
_PILOT = 1_000  # rows
_INDICATORS = 100  # most frequent values of a category that get an indicator


class LinearModel(FittedModel):
    """`coefficients` of shape (inputs, outputs) over standardised numbers, their gaps, and indicators."""

    name: ClassVar = "Linear"

    def __init__(self, problem: Problem, **arrays: Any) -> None:
        self.problem = problem
        self.arrays = arrays

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        """Chooses the penalty with the lowest validation error."""
        from sklearn.linear_model import LogisticRegression, Ridge

        rows, target, weights = train.rows, train.target, train.weights
        known = ~np.isnan(rows.numbers).all(0)
        with np.errstate(all="ignore"):
            centre = np.where(known, np.nanmedian(np.where(known, rows.numbers, 0), axis=0), 0)
            low, high = (np.nanpercentile(np.where(known, rows.numbers, 0), part, axis=0) for part in (1, 99))
        clipped = np.clip(np.where(np.isnan(rows.numbers), centre, rows.numbers), low, high)
        spread = clipped.std(0)
        arrays: dict[str, Any] = {
            "centre": centre,
            "scale": np.where(spread > 1e-12 * np.maximum(1, np.abs(centre)), spread, 1),
            "low": low,
            "high": high,
        }
        inputs, held_inputs = (_inputs(part, arrays) for part in (rows, held.rows))
        sampled = cls._affordable(inputs, target, task)
        if len(sampled) < len(target):
            inputs, target = inputs[sampled], target[sampled]
            weights = weights[sampled] if weights is not None else None
        best: tuple[float, Floats, Floats] | None = None
        for strength in (1.0, 0.03):
            if best is not None and task.clock.over:
                break
            if task.problem.is_regression:
                middle, width = target.mean(), target.std() or 1.0
                model = Ridge(alpha=1 / strength, solver="sparse_cg", max_iter=200, random_state=task.seed)
                model.fit(inputs, (target - middle) / width, sample_weight=weights)
                found = model.coef_[:, None] * width
                base = np.array([model.intercept_ * width + middle])
            else:
                model = LogisticRegression(C=strength, max_iter=100, tol=1e-3)
                model.fit(inputs, target.astype(int), sample_weight=weights)
                found, base = _full(model, task.problem.classes)
            fitted = cls(task.problem, coefficients=found, intercept=base, **arrays)
            error = _error(task.problem, held.target, fitted._answers(held_inputs))
            if best is None or error < best[0]:
                best = (error, found, base)
        assert best is not None
        return cls(task.problem, coefficients=best[1], intercept=best[2], **arrays)

    @staticmethod
    def _affordable(inputs: Any, target: Floats, task: Task) -> NDArray[np.intp]:
        """Positions of the rows that time allows for, estimated from a few: fitting cannot be interrupted."""
        if len(target) <= 2 * _PILOT or task.problem.is_regression:
            return np.arange(len(target))
        from sklearn.linear_model import LogisticRegression

        order = np.random.default_rng(task.seed).permutation(len(target))
        few = np.sort(order[:_PILOT])
        started = time.monotonic()
        if len(np.unique(target[few])) > 1:
            LogisticRegression(max_iter=100, tol=1e-3).fit(inputs[few], target[few].astype(int))
        a_row = (time.monotonic() - started) / _PILOT
        most = int(max(_PILOT, task.clock.left / (3 * max(a_row, 1e-9))))
        return np.sort(order[:most])

    def predict(self, rows: Design) -> Floats:
        """Without the sparse matrices of training, which take longer to build than a row to predict."""
        of, wide = self.arrays, rows.numbers.shape[1]
        gaps = np.isnan(rows.numbers)
        filled = np.clip(np.where(gaps, of["centre"], rows.numbers), of["low"], of["high"])
        weights = of["coefficients"]
        scores = ((filled - of["centre"]) / of["scale"]) @ weights[:wide] + of["intercept"]
        if gaps.any():
            scores = scores + gaps @ weights[wide : 2 * wide]
        start = 2 * wide
        for place, size in enumerate(rows.sizes):
            shown = min(size, _INDICATORS)
            table = np.vstack([weights[start : start + shown], np.zeros((1, weights.shape[1]))])
            scores = scores + table[np.minimum(rows.codes[:, place], shown)]
            start += shown
        return self._linked(scores)

    def _answers(self, inputs: Any) -> Floats:
        return self._linked(np.asarray(inputs @ self.arrays["coefficients"]) + self.arrays["intercept"])

    def _linked(self, scores: Floats) -> Floats:
        if self.problem.is_regression:
            return scores
        if self.problem.kind == "binary":
            return both(1 / (1 + np.exp(-scores[:, 0])))
        return softmax(scores)

    def save(self, folder: Path) -> None:
        np.savez(folder / _FILE, **self.arrays)

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        with np.load(folder / _FILE, allow_pickle=False) as stored:
            return cls(problem, **dict(stored))


def _inputs(rows: Design, arrays: dict[str, Any]) -> Any:
    """Standardised numbers, indicators of missing cells, and indicators of frequent categories."""
    gaps = np.isnan(rows.numbers)
    filled = np.clip(np.where(gaps, arrays["centre"], rows.numbers), arrays["low"], arrays["high"])
    parts: list[Any] = [
        sparse.csr_matrix((filled - arrays["centre"]) / arrays["scale"]),
        sparse.csr_matrix(gaps),
    ]
    for place, size in enumerate(rows.sizes):
        parts.append(_indicators(rows.codes[:, place], size))
    return sparse.hstack(parts, format="csr", dtype=np.float64)


def _indicators(codes: NDArray[np.int32], size: int) -> Any:
    shown = min(size, _INDICATORS)
    is_shown = codes < shown
    rows = np.flatnonzero(is_shown)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, codes[is_shown])), shape=(len(codes), shown))


def _full(model: Any, classes: int) -> tuple[Floats, Floats]:
    """Coefficients for all classes; a class without rows gets a score that is never the largest."""
    if classes == 2:
        return model.coef_.T, model.intercept_
    coefficients = np.zeros((model.coef_.shape[1], classes))
    intercept = np.full(classes, -50.0)
    if len(model.classes_) == 2:
        coefficients[:, model.classes_[1]] = model.coef_[0]
        intercept[model.classes_] = [0.0, model.intercept_[0]]
        return coefficients, intercept
    coefficients[:, model.classes_] = model.coef_.T
    intercept[model.classes_] = model.intercept_
    return coefficients, intercept


def _error(problem: Problem, target: Floats, answers: Floats) -> float:
    if problem.is_regression:
        return float(np.square(answers[:, 0] - target).mean())
    chance = answers[np.arange(len(target)), target.astype(int)]
    return float(-np.log(np.clip(chance, 1e-15, 1)).mean())
