"""Extremely randomised trees (Geurts et al. 2006, https://doi.org/10.1007/s10994-006-6226-1)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from slipway.kit.forest import Forest as Trees

from ..features.design import Design
from ..problem import Problem
from ..types import Floats
from .learner import Examples, FittedModel, Task

_FILE = "forest.npz"
_FIRST, _AT_ONCE = 4, 20  # trees grown between two checks of the time
_LEAVES = 4_000  # per tree
_BYTES = 40e6  # of the leaves of a forest, which hold a number per class


class ExtraTreesModel(FittedModel):
    """Extremely randomised trees whose leaves hold a number, or a probability per class."""

    name: ClassVar = "ExtraTrees"

    def __init__(self, problem: Problem, trees: Trees) -> None:
        self.problem = problem
        self.trees = trees

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        """Adds trees a few at a time until there are enough or time is over."""
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        kind = ExtraTreesRegressor if task.problem.is_regression else ExtraTreesClassifier
        wanted = int(settings.get("trees", 100))
        model = kind(
            n_estimators=0,
            min_samples_leaf=int(settings.get("leaf", 3)),
            max_features=1.0 if task.problem.is_regression else "sqrt",
            max_leaf_nodes=max(2, min(_LEAVES, int(_BYTES / (8 * wanted * task.problem.classes)))),
            random_state=task.seed,
            n_jobs=task.threads,
            warm_start=True,
        )
        inputs = train.rows.joined.astype(np.float32)
        target = train.target if task.problem.is_regression else train.target.astype(int)
        while len(getattr(model, "estimators_", [])) < wanted:
            model.n_estimators = min(wanted, model.n_estimators + min(_AT_ONCE, model.n_estimators or _FIRST))
            model.fit(inputs, target, sample_weight=train.weights)
            if task.clock.over:
                break
        places = None if task.problem.is_regression else np.asarray(model.classes_, int)
        return cls.of([one.tree_ for one in model.estimators_], task.problem, places)

    @classmethod
    def of(cls, trees: Sequence[Any], problem: Problem, places: Any) -> Self:
        """From scikit-learn's trees; `places` are the positions of their classes among all classes."""
        return cls(problem, Trees.of(trees, trees[0].n_features, problem.classes, places))

    @classmethod
    def averaged(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """One forest of all trees: NumPy takes no longer per level for five times as many."""
        sizes = {len(model.trees) for model in models}
        if len(sizes) > 1:  # one was ended early, and every model counts the same
            return super().averaged(models)
        return cls(models[0].problem, Trees.merged([model.trees for model in models])).predict

    def predict(self, rows: Design) -> Floats:
        return self.trees.predict(rows.joined)

    def save(self, folder: Path) -> None:
        np.savez_compressed(folder / _FILE, **self.trees.arrays())

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        with np.load(folder / _FILE, allow_pickle=False) as stored:
            return cls(problem, Trees.of_arrays(stored))
