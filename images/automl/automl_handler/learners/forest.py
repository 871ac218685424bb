"""Extremely randomised trees, as plain arrays that numpy walks: no pickle, and one row in well under 1 ms."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..features.design import Design
from ..problem import Floats, Problem
from .learner import Fitted, Task

_FILE = "forest.npz"
_FIRST, _AT_ONCE = 4, 20  # trees grown between two looks at the clock
_LEAVES = 4_000  # of a tree
_BYTES = 40e6  # that the leaves of a forest may hold, as each has a number a label
_PATHS = 2_000_000  # (row, tree) pairs walked at once


class Forest(Fitted):
    """Trees end to end: `children` of shape (nodes, 2), `leaves` of shape (nodes, classes).

    A leaf is its own child, so that shallow paths wait where they ended.
    """

    name: ClassVar = "ExtraTrees"

    def __init__(self, problem: Problem, **arrays: Any) -> None:
        self.problem = problem
        self.arrays = arrays
        self._depth = int(arrays["depth"])

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
        """Grows trees a few at a time until there are enough, or time is over."""
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
        inputs = rows.joined.astype(np.float32)
        labels = target if task.problem.is_regression else target.astype(int)
        while len(getattr(model, "estimators_", [])) < wanted:
            model.n_estimators = min(wanted, model.n_estimators + min(_AT_ONCE, model.n_estimators or _FIRST))
            model.fit(inputs, labels, sample_weight=weights)
            if task.clock.over:
                break
        places = None if task.problem.is_regression else np.asarray(model.classes_, int)
        return cls.of([one.tree_ for one in model.estimators_], task.problem, places)

    @classmethod
    def of(cls, trees: Sequence[Any], problem: Problem, places: Any) -> Self:
        """scikit-learn's trees; `places` are those of their classes among all."""
        starts = np.cumsum([0, *(tree.node_count for tree in trees)])
        children, leaves = [], []
        for tree, start in zip(trees, starts, strict=False):
            both = np.column_stack([tree.children_left, tree.children_right])
            own = np.arange(tree.node_count)[:, None]
            children.append(np.where(both < 0, own, both) + start)  # a leaf leads to itself
            values = tree.value.reshape(tree.node_count, -1)
            leaf = np.zeros((tree.node_count, problem.classes))
            leaf[:, slice(None) if places is None else places] = values
            leaves.append(leaf)
        feature = np.concatenate([tree.feature for tree in trees])
        return cls(
            problem,
            children=np.concatenate(children).astype(np.int32),
            feature=np.where(feature < 0, 0, feature).astype(np.int16),
            threshold=np.concatenate([tree.threshold for tree in trees]),
            gap_left=np.concatenate([tree.missing_go_to_left for tree in trees]).astype(bool),
            leaves=np.concatenate(leaves).astype(np.float32),
            starts=starts[:-1],
            depth=np.array(max(tree.max_depth for tree in trees)),
        )

    @classmethod
    def together(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """One forest of all trees, as a level takes numpy no longer for five times as many."""
        sizes = [len(model.arrays["starts"]) for model in models]
        if len(set(sizes)) > 1:  # time ended one early, and each model counts alike
            return super().together(models)
        found: dict[str, Any] = {
            name: np.concatenate([model.arrays[name] for model in models])
            for name in ("feature", "threshold", "gap_left", "leaves")
        }
        begins = np.cumsum([0, *(len(model.arrays["feature"]) for model in models)])
        for name in ("children", "starts"):
            found[name] = np.concatenate(
                [model.arrays[name] + begin for model, begin in zip(models, begins, strict=False)]
            )
        depth = np.array(max(model._depth for model in models))
        return cls(models[0].problem, **found, depth=depth).predict

    def predict(self, rows: Design) -> Floats:
        inputs = rows.joined.astype(np.float32)
        step = max(1, _PATHS // len(self.arrays["starts"]))
        found = [self._walk(inputs[start : start + step]) for start in range(0, len(inputs), step)]
        return np.concatenate(found) if found else np.empty((0, self.problem.classes))

    def _walk(self, inputs: Any) -> Floats:
        """All trees at once, a level a step, until every path has come to its leaf."""
        of = self.arrays
        cells, begins = inputs.ravel(), np.arange(len(inputs))[:, None] * inputs.shape[1]
        gaps, children = np.isnan(inputs).any(), of["children"].ravel()
        at = np.repeat(of["starts"][None, :], len(inputs), axis=0)
        for _ in range(self._depth):
            seen = cells.take(begins + of["feature"].take(at))
            right = seen > of["threshold"].take(at)
            if gaps:
                right |= np.isnan(seen) & ~of["gap_left"].take(at)
            below = children.take(2 * at + right)
            if np.array_equal(below, at):
                break
            at = below
        found: Floats = of["leaves"].take(at, axis=0).mean(1, dtype=np.float64)
        return found

    def save(self, folder: Path) -> None:
        np.savez_compressed(folder / _FILE, **self.arrays)

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        with np.load(folder / _FILE, allow_pickle=False) as stored:
            return cls(problem, **dict(stored))
