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
from .encoding import PIECES, Encoding, products
from .learner import Examples, FittedModel, Task, drawn, linked, mean_loss

_FILE = "linear.npz"
_PILOT = 1_000  # rows
_CELLS = 20_000_000  # of the inputs that are held at once


class LinearModel(FittedModel):
    """`coefficients` of shape (inputs, outputs) over the inputs of an encoding."""

    name: ClassVar = "Linear"

    def __init__(self, problem: Problem, encoding: Encoding, coefficients: Floats, intercept: Floats) -> None:
        self.problem = problem
        self.encoding = encoding
        self.coefficients = coefficients
        self.intercept = intercept

    @classmethod
    def fit(
        cls,
        train: Examples,
        held: Examples,
        task: Task,
        pieces: int = PIECES,
        strengths: Sequence[float] = (1.0, 0.1, 0.01),
        **settings: Any,
    ) -> Self:
        """Chooses the inverse penalty of `strengths` with the lowest validation error.

        `pieces` is the number of those of all numbers together.
        """
        encoding = Encoding.fit(train.rows, held.rows, pieces)
        train = train[drawn(len(train), _CELLS // max(1, encoding.inputs - encoding.terms), task.seed)]
        train = train[cls._affordable(encoding, train, task, strengths)]
        inputs, held_inputs = encoding.matrix(train.rows), encoding.matrix(held.rows)
        best: tuple[float, Self] | None = None
        for strength in strengths:
            if best is not None and task.clock.over:
                break
            found, base = _fitted(inputs, train, strength, task)
            answers = linked(held_inputs @ found + base, task.problem)
            error = mean_loss(task.problem, held.target, answers)
            if best is None or error < best[0]:
                best = (error, cls(task.problem, encoding, found, base))
        assert best is not None
        return best[1]

    @staticmethod
    def _affordable(
        encoding: Encoding, train: Examples, task: Task, strengths: Sequence[float]
    ) -> NDArray[np.intp]:
        """Positions of the rows that time allows for, estimated from a few: fitting cannot be interrupted."""
        if len(train) <= 2 * _PILOT:
            return np.arange(len(train))
        few = train[drawn(len(train), _PILOT, task.seed)]
        started = time.monotonic()
        if len(np.unique(few.target)) > 1:
            _fitted(encoding.matrix(few.rows), few, strengths[0], task)
        a_row = (time.monotonic() - started) / _PILOT
        rows = task.clock.left / ((len(strengths) + 1) * max(a_row, 1e-9))
        return drawn(len(train), int(max(_PILOT, min(rows, len(train)))), task.seed)

    def predict(self, rows: Design) -> Floats:
        return self._answers(self.encoding.times(rows, self.coefficients))

    def _answers(self, sums: Floats) -> Floats:
        return linked(sums + self.intercept, self.problem)

    @classmethod
    def averaged(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """Makes the inputs once for all models."""
        sums = products([one.encoding for one in models], [one.coefficients for one in models])

        def mean(rows: Design) -> Floats:
            answers = [one._answers(part) for one, part in zip(models, sums(rows), strict=True)]
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


def _fitted(inputs: Any, train: Examples, strength: float, task: Task) -> tuple[Floats, Floats]:
    """Coefficients and intercepts by inverse penalty `strength`."""
    from sklearn.linear_model import LogisticRegression, Ridge

    target, weights = train.target, train.weights
    if task.problem.is_regression:
        middle, width = np.average(target, weights=weights), target.std() or 1.0
        ridge = Ridge(alpha=1 / strength, solver="sparse_cg", max_iter=200, random_state=task.seed)
        ridge.fit(inputs, (target - middle) / width, sample_weight=weights)
        return ridge.coef_[:, None] * width, np.array([ridge.intercept_ * width + middle])
    model = LogisticRegression(C=strength, max_iter=100, tol=1e-3)
    model.fit(inputs, target.astype(int), sample_weight=weights)
    return _full(model, task.problem.classes)


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
