"""CatBoost: gradient boosting with ordered statistics of categories. Its own binary format."""

from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from .clock import Clock
from .design import Design
from .learner import Fitted, Task, both, softmax
from .problem import Floats, Problem

_FILE = "model.cbm"
_MANY = 20  # labels


class Cat(Fitted):
    """A CatBoost model."""

    name: ClassVar = "CatBoost"

    def __init__(self, model: Any, problem: Problem) -> None:
        self.model = model
        self.problem = problem

    @classmethod
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
        """Grows trees until the held-out loss no longer falls, or time is over."""
        from catboost import CatBoost, Pool

        problem = task.problem
        loss = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}[problem.kind]
        params = {
            "loss_function": loss,
            "iterations": 500,
            "random_seed": task.seed,
            "thread_count": task.threads,
            "allow_writing_files": False,
            "verbose": False,
            "od_type": "Iter",
            "od_wait": 50,
            **({"classes_count": problem.classes} if problem.kind == "multiclass" else {}),
            **settings,
        }
        if problem.classes > _MANY:  # each tree has a value a label, and each category a statistic
            params |= {"boosting_type": "Plain", "leaf_estimation_iterations": 1, "depth": 4}
        model = CatBoost(params)
        labels = target if problem.is_regression else target.astype(int)
        held_labels = held_target if problem.is_regression else held_target.astype(int)
        model.fit(
            Pool(_features(rows, problem), labels, weight=weights),
            eval_set=Pool(_features(held, problem), held_labels),
            callbacks=[_Alarm(task.clock)],
        )
        return cls(model, problem)

    def predict(self, rows: Design) -> Floats:
        raw = np.asarray(
            self.model.predict(_features(rows, self.problem), prediction_type="RawFormulaVal", thread_count=1)
        )
        if self.problem.is_regression:
            return raw.reshape(-1, 1)
        if self.problem.kind == "binary":
            return both(1 / (1 + np.exp(-raw.ravel())))
        return softmax(raw)

    def save(self, folder: Path) -> None:
        self.model.save_model(str(folder / _FILE))

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        from catboost import CatBoost

        model = CatBoost()
        model.load_model(str(folder / _FILE))
        return cls(model, problem)


class _Alarm:
    """Ends training when time is over."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def after_iteration(self, info: Any) -> bool:
        return not self.clock.over


def _features(rows: Design, problem: Problem) -> Any:
    """The form that CatBoost reads quickest: float32, and categories as bytes; codes, with many labels."""
    from catboost import FeaturesData

    if problem.classes > _MANY:
        return rows.joined.astype(np.float32)
    numbers = rows.numbers.astype(np.float32) if rows.numbers.shape[1] else None
    if not rows.codes.shape[1]:
        return numbers
    words = _words(max(rows.sizes))
    return FeaturesData(num_feature_data=numbers, cat_feature_data=words[rows.codes])


@cache
def _words(count: int) -> Any:
    return np.array([str(code).encode() for code in range(count)], dtype=object)
