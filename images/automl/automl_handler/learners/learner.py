"""What a learner is: it fits itself to rows, and answers others."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..features.design import Design
from ..problem import Floats, Problem
from ..search.clock import Clock


@dataclass(frozen=True)
class Task:
    """What to learn, and what it may take."""

    problem: Problem
    clock: Clock
    seed: int
    threads: int


class Fitted(ABC):
    """A fitted model as a value. `predict` gives shape (rows, classes): probabilities, or the number."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def fit(
        cls,
        rows: Design,
        target: Floats,
        weights: Floats | None,
        held: Design,
        held_target: Floats,
        task: Task,
        **settings: Any,
    ) -> Self:
        """Learns from `rows`; `held` are others, to know when to stop."""

    @abstractmethod
    def predict(self, rows: Design) -> Floats: ...

    @classmethod
    def together(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """What the models answer on average, faster than one after the other where a learner knows how."""

        def mean(rows: Design) -> Floats:
            found: Floats = sum(model.predict(rows) for model in models) / len(models)  # type: ignore[assignment]
            return found

        return mean

    @abstractmethod
    def save(self, folder: Path) -> None: ...

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, problem: Problem) -> Self: ...


def both(positive: Floats) -> Floats:
    """Two probabilities of that of the second label."""
    return np.column_stack([1 - positive, positive])


def softmax(scores: Floats) -> Floats:
    """Probabilities of scores of shape (rows, classes)."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    found: Floats = powers / powers.sum(1, keepdims=True)
    return found
