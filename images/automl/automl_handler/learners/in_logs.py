"""Any learner of numbers, on the logarithm of the target, for targets that differ by factors."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..features.design import Design
from ..problem import Problem
from ..types import Floats
from .catboost import CatBoostModel
from .forest import ExtraTreesModel
from .learner import Examples, FittedModel, Task
from .lightgbm import LightGBMModel
from .linear import LinearModel
from .network import NetworkModel

_FILE = "logs.json"
_SMALL = 0.05  # quantile of the positive values
_TINY = 1e-3  # of the median: nearer to zero a logarithm says little of a value
_BEYOND = 3.0  # times e by which an answer may exceed all values seen

LEARNERS: dict[str, type[FittedModel]] = {
    kind.name: kind for kind in (CatBoostModel, LightGBMModel, LinearModel, NetworkModel, ExtraTreesModel)
}


class InLogsModel(FittedModel):
    """Answers `factor` times the exponential of what `model` answers, less `offset`.

    The factor makes the mean right, as the exponential of a mean logarithm is too low for a mean (Duan 1983,
    Smearing estimate, https://doi.org/10.1080/01621459.1983.10478017).
    """

    name: ClassVar = "InLogs"

    def __init__(self, model: FittedModel, offset: float, factor: float, highest: float) -> None:
        self.model = model
        self.offset = offset
        self.factor = factor
        self.highest = highest

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, learner: str = "", **settings: Any) -> Self:
        """The `learner` of that name; the factor is that of the held-out rows."""
        offset = offset_of(train.target)
        highest = float(np.log(train.target.max() + offset)) + _BEYOND
        model = LEARNERS[learner].fit(in_logs(train, offset), in_logs(held, offset), task, **settings)
        plain = cls(model, offset, 1.0, highest)
        level = float((plain.predict(held.rows) + offset).mean())
        return cls(model, offset, float((held.target + offset).mean()) / level, highest)

    def predict(self, rows: Design) -> Floats:
        found: Floats = self.factor * np.exp(np.minimum(self.model.predict(rows), self.highest)) - self.offset
        return found

    @classmethod
    def averaged(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """The geometric mean, so that what the learner does once for all models is done once."""
        learners = [one.model for one in models]
        mean = type(learners[0]).averaged(learners)
        factor = float(np.exp(np.mean([np.log(one.factor) for one in models])))
        offset = float(np.mean([one.offset for one in models]))
        highest = float(np.mean([one.highest for one in models]))

        def found(rows: Design) -> Floats:
            return factor * np.exp(np.minimum(mean(rows), highest)) - offset

        return found

    def save(self, folder: Path) -> None:
        self.model.save(folder)
        facts = {
            "learner": self.model.name,
            "offset": self.offset,
            "factor": self.factor,
            "highest": self.highest,
        }
        (folder / _FILE).write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        facts = json.loads((folder / _FILE).read_text())
        model = LEARNERS[facts["learner"]].load(folder, problem)
        return cls(model, facts["offset"], facts["factor"], facts["highest"])


def offset_of(target: Floats) -> float:
    """What is added before logarithms are taken: 0, or a small value where some are zero or next to it.

    >>> offset_of(np.array([2.0, 3.0, 9.0])), offset_of(np.array([0.0, 1.0, 1.0, 4.0]))
    (0.0, 1.0)
    """
    positive = target[target > 0]
    if not len(positive):
        return 1.0
    if target.min() > _TINY * np.median(positive):
        return 0.0
    return float(np.quantile(positive, _SMALL))


def in_logs(examples: Examples, offset: float) -> Examples:
    """The same rows with the logarithm of their target, which is not negative."""
    return Examples(examples.rows, np.log(np.maximum(examples.target, 0) + offset), examples.weights)
