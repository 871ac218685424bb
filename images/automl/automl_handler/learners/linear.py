"""Linear models: logistic or ridge regression on encoded inputs. Saved as arrays."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..features.design import Design
from ..problem import Problem
from ..types import Floats
from .encoding import Encoding
from .learner import Examples, FittedModel, Task, drawn, linked, mean_loss

_FILE = "linear.npz"
_PILOT = 1_000  # rows
_CELLS = 50_000_000  # of the inputs that are held at once


class LinearModel(FittedModel):
    """`coefficients` of shape (inputs, outputs) over the inputs of an encoding."""

    name: ClassVar = "Linear"

    def __init__(self, problem: Problem, encoding: Encoding, coefficients: Floats, intercept: Floats) -> None:
        self.problem = problem
        self.encoding = encoding
        self.coefficients = coefficients
        self.intercept = intercept

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        """Chooses the penalty with the lowest validation error."""
        from sklearn.linear_model import LogisticRegression, Ridge

        encoding = Encoding.fit(train.rows, held.rows)
        train = train[drawn(len(train), _CELLS // max(1, encoding.inputs - encoding.terms), task.seed)]
        train = train[cls._affordable(encoding, train, task)]
        inputs, held_inputs = encoding.matrix(train.rows), encoding.matrix(held.rows)
        target, weights = train.target, train.weights
        best: tuple[float, Self] | None = None
        for strength in (1.0, 0.1, 0.01):
            if best is not None and task.clock.over:
                break
            if task.problem.is_regression:
                middle, width = np.average(target, weights=weights), target.std() or 1.0
                model = Ridge(alpha=1 / strength, solver="sparse_cg", max_iter=200, random_state=task.seed)
                model.fit(inputs, (target - middle) / width, sample_weight=weights)
                found = model.coef_[:, None] * width
                base = np.array([model.intercept_ * width + middle])
            else:
                model = LogisticRegression(C=strength, max_iter=100, tol=1e-3)
                model.fit(inputs, target.astype(int), sample_weight=weights)
                found, base = _full(model, task.problem.classes)
            fitted = cls(task.problem, encoding, found, base)
            answers = linked(held_inputs @ found + base, task.problem)
            error = mean_loss(task.problem, held.target, answers)
            if best is None or error < best[0]:
                best = (error, fitted)
        assert best is not None
        return best[1]

    @staticmethod
    def _affordable(encoding: Encoding, train: Examples, task: Task) -> NDArray[np.intp]:
        """Positions of the rows that time allows for, estimated from a few: fitting cannot be interrupted."""
        if len(train) <= 2 * _PILOT or task.problem.is_regression:
            return np.arange(len(train))
        from sklearn.linear_model import LogisticRegression

        few = train[drawn(len(train), _PILOT, task.seed)]
        started = time.monotonic()
        if len(np.unique(few.target)) > 1:
            model = LogisticRegression(max_iter=100, tol=1e-3)
            model.fit(encoding.matrix(few.rows), few.target.astype(int))
        a_row = (time.monotonic() - started) / _PILOT
        return drawn(len(train), int(max(_PILOT, task.clock.left / (4 * max(a_row, 1e-9)))), task.seed)

    def predict(self, rows: Design) -> Floats:
        return linked(self.encoding.times(rows, self.coefficients) + self.intercept, self.problem)

    @classmethod
    def averaged(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """Makes the inputs once for all models."""
        first = models[0]
        if not all(first.encoding.same_as(one.encoding) for one in models[1:]):
            return super().averaged(models)
        weights = np.hstack([one.coefficients for one in models])

        def mean(rows: Design) -> Floats:
            parts = np.split(first.encoding.times(rows, weights), len(models), axis=1)
            answers = [
                linked(part + one.intercept, one.problem) for part, one in zip(parts, models, strict=True)
            ]
            return np.asarray(sum(answers) / len(models))

        return mean

    def save(self, folder: Path) -> None:
        arrays: dict[str, Any] = {"coefficients": self.coefficients, "intercept": self.intercept}
        np.savez(folder / _FILE, **arrays, **self.encoding.to_arrays())

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        with np.load(folder / _FILE, allow_pickle=False) as stored:
            encoding = Encoding.of_arrays(stored)
            return cls(problem, encoding, stored["coefficients"], stored["intercept"])


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
