"""The baseline: the class frequencies, or the mean, for every row."""

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..features.design import Design
from ..problem import Problem
from ..types import Floats
from .learner import Examples, FittedModel, Task

_FILE = "prior.npy"


class PriorModel(FittedModel):
    """Predicts the same for every row; the other learners have to do better."""

    name: ClassVar = "Prior"

    def __init__(self, answer: Floats) -> None:
        self.answer = answer

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        if task.problem.is_regression:
            return cls(np.array([np.average(train.target, weights=train.weights)]))
        classes = task.problem.classes
        counts = np.bincount(train.target.astype(int), train.weights, classes) + 1 / classes
        return cls(counts / counts.sum())

    def predict(self, rows: Design) -> Floats:
        return np.tile(self.answer, (len(rows), 1))

    def save(self, folder: Path) -> None:
        np.save(folder / _FILE, self.answer, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        return cls(np.load(folder / _FILE, allow_pickle=False))
