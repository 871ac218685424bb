"""CatBoost: gradient boosting with ordered target statistics of categories. Saved in its binary format."""

import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..features.design import Design
from ..problem import Problem
from ..search.clock import Clock
from ..types import Floats
from .learner import MIN_TREES, Examples, FittedModel, Task, both, origin_of, softmax

_FILE = "model.cbm"
MANY = 20  # classes from which on trees are simplified
_PILOT = 6  # trees that are timed
_WIDE = 200  # columns


class CatBoostModel(FittedModel):
    """A CatBoost model."""

    name: ClassVar = "CatBoost"

    def __init__(self, model: Any, problem: Problem) -> None:
        self.model = model
        self.problem = problem

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        """Adds trees until the validation loss stops falling or time is over, but at least 20."""
        from catboost import CatBoost

        params = _params(train.rows, task, settings)
        origin = origin_of(train.target, task.problem)
        train, held = train.minus(origin), held.minus(origin)
        pool = _pool(train, task.problem, train.weights)
        # CatBoost derives its learning rate from the number of trees, so that must be known beforehand.
        most = int(0.95 * task.clock.left / _pace(params, pool, task.clock.share(0.2)))
        params["iterations"] = max(MIN_TREES, min(int(params["iterations"]), most))
        model = CatBoost(params)
        model.fit(pool, eval_set=_pool(held, task.problem), callbacks=[_Alarm(task.clock)])
        if origin:
            scale, bias = model.get_scale_and_bias()
            model.set_scale_and_bias(scale, bias + origin)
        return cls(model, task.problem)

    @classmethod
    def pace(cls, train: Examples, task: Task, **settings: Any) -> float:
        """Seconds per tree over `train`, measured on a few trees."""
        train = train.minus(origin_of(train.target, task.problem))
        return _pace(_params(train.rows, task, settings), _pool(train, task.problem), task.clock)

    def predict(self, rows: Design) -> Floats:
        return self._answers(_features(rows, self.problem))

    @classmethod
    def averaged(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """Builds the Pool once for all models; that is half the time of a single row."""
        from catboost import Pool

        def mean(rows: Design) -> Floats:
            pool = Pool(_features(rows, models[0].problem))
            found: Floats = sum(model._answers(pool) for model in models) / len(models)  # type: ignore[assignment]
            return found

        return mean

    def _answers(self, features: Any) -> Floats:
        raw = np.asarray(self.model.predict(features, prediction_type="RawFormulaVal", thread_count=1))
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


def _params(rows: Design, task: Task, settings: dict[str, Any]) -> dict[str, Any]:
    problem = task.problem
    params = {
        "loss_function": {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}[
            problem.kind
        ],
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
    if problem.classes > MANY:  # each leaf has a value, and each category a statistic, per class
        params |= {"boosting_type": "Plain", "leaf_estimation_iterations": 1, "depth": 4}
    inputs = rows.numbers.shape[1] + rows.codes.shape[1]
    if inputs > _WIDE:  # a twentieth of the time with 1,000 columns, and no worse
        params |= {"border_count": 32, "rsm": max(0.05, _WIDE / inputs)}
    return params


def _pace(params: dict[str, Any], pool: Any, clock: Clock) -> float:
    """Seconds per tree, measured on a few."""
    from catboost import CatBoost

    watch, started = _Watch(clock), time.monotonic()
    CatBoost({**params, "iterations": _PILOT}).fit(pool, callbacks=[watch])
    times = watch.times if len(watch.times) > 1 else [started, *watch.times]
    return max(1e-5, (times[-1] - times[0]) / (len(times) - 1))


class _Watch:
    """Records when each tree was finished; ends training when time is over."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.times: list[float] = []

    def after_iteration(self, info: Any) -> bool:
        self.times.append(time.monotonic())
        return not self.clock.over


class _Alarm:
    """Ends training when time is over, after at least MIN_TREES trees."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def after_iteration(self, info: Any) -> bool:
        return info.iteration < MIN_TREES or not self.clock.over


def _pool(examples: Examples, problem: Problem, weights: Floats | None = None) -> Any:
    from catboost import Pool

    target = examples.target if problem.is_regression else examples.target.astype(int)
    return Pool(_features(examples.rows, problem), target, weight=weights)


def _features(rows: Design, problem: Problem) -> Any:
    """The fastest input of CatBoost: float32, and categories as bytes; codes if there are many classes."""
    from catboost import FeaturesData

    if problem.classes > MANY:
        return rows.joined.astype(np.float32)
    numbers = rows.numbers.astype(np.float32) if rows.numbers.shape[1] else None
    if not rows.codes.shape[1]:
        return numbers
    words = _words(max(rows.sizes))
    return FeaturesData(num_feature_data=numbers, cat_feature_data=words[rows.codes])


@cache
def _words(count: int) -> Any:
    return np.array([str(code).encode() for code in range(count)], dtype=object)
