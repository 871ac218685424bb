"""The interface of a learner."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from slipway.kit.precision import float32_error

from ..features.design import Design
from ..problem import Problem
from ..search.clock import Clock
from ..types import Floats

MIN_TREES = 20
"""Trees that are grown whatever the time: a model of fewer predicts little more than the baseline."""


_LOST = 1e-4  # of a target's standard deviation


@dataclass(frozen=True)
class Task:
    """The problem, the time limit, the seed and the number of threads."""

    problem: Problem
    clock: Clock
    seed: int
    threads: int


@dataclass(frozen=True)
class Examples:
    """Rows with their encoded target and, if they do not all count the same, their weights."""

    rows: Design
    target: Floats
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, places: Any) -> "Examples":
        weights = None if self.weights is None else self.weights[places]
        return Examples(self.rows[places], self.target[places], weights)

    def minus(self, origin: float) -> "Examples":
        """The same rows with a target that is reckoned from `origin`."""
        return replace(self, target=self.target - origin) if origin else self


class FittedModel(ABC):
    """A fitted model."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        """Learns from `train`; `held` are held out for early stopping, where weights do not count."""

    @abstractmethod
    def predict(self, rows: Design) -> Floats:
        """Probabilities of shape (rows, classes), or numbers of shape (rows, 1)."""

    @classmethod
    def averaged(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """A function that gives the mean prediction of `models`; a learner may have a faster one."""

        def mean(rows: Design) -> Floats:
            found: Floats = sum(model.predict(rows) for model in models) / len(models)  # type: ignore[assignment]
            return found

        return mean

    @abstractmethod
    def save(self, folder: Path) -> None: ...

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, problem: Problem) -> Self: ...


def origin_of(target: Floats, problem: Problem) -> float:
    """What a numeric target is reckoned from by learners that keep it in 32 bits: 0, or its median.

    A target far from zero would lose its differences there.

    >>> problem = Problem("y", "regression")
    >>> origin_of(np.array([1.0, 2.0, 4.0]), problem), origin_of(np.array([1.0, 2.0, 4.0]) + 1e9, problem)
    (0.0, 1000000002.0)
    """
    if not problem.is_regression:
        return 0.0
    lost = float32_error(target)
    return float(np.median(target)) if lost > _LOST * float(target.std()) else 0.0


def both(positive: Floats) -> Floats:
    """Probabilities of both classes, of shape (rows, 2), from that of the second."""
    return np.column_stack([1 - positive, positive])


def softmax(scores: Floats) -> Floats:
    """Probabilities of scores of shape (rows, classes)."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    found: Floats = powers / powers.sum(1, keepdims=True)
    return found


def drawn(count: int, most: int, seed: int) -> NDArray[np.intp]:
    """Positions of `count` rows, or of `most` of them drawn at random."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def linked(scores: Floats, problem: Problem) -> Floats:
    """Answers from the scores of a linear model or network, of shape (rows, outputs): one of two classes."""
    if problem.is_regression:
        return scores
    if problem.kind == "binary":
        return both(1 / (1 + np.exp(-scores[:, 0])))
    return softmax(scores)


def mean_loss(problem: Problem, target: Floats, answers: Floats) -> float:
    """The mean squared error or log loss of answers of shape (rows, classes)."""
    if problem.is_regression:
        return float(np.square(answers[:, 0] - target).mean())
    chance = answers[np.arange(len(target)), target.astype(int)]
    return float(-np.log(np.clip(chance, 1e-15, 1)).mean())
