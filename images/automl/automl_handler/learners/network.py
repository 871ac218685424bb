"""A small neural network of one hidden layer, trained by scikit-learn. Saved as arrays.

It learns smooth curves and sums, which trees have to build of steps, and many classes at once.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..features.design import Design
from ..problem import Problem
from ..types import Floats
from .encoding import Encoding, products
from .learner import Examples, FittedModel, Task, drawn, linked, mean_loss

_FILE = "network.npz"
_HIDDEN = 128  # units
_BATCH = 64  # rows a step, and more in large tables
_STEPS = 400  # an epoch at most
_EPOCHS, _PATIENCE = 100, 12
_INPUTS = 200  # pieces of all numbers at most: each costs as much time as a number
_CELLS = 20_000_000  # of the inputs that are held at once


class NetworkModel(FittedModel):
    """`first` of shape (inputs, units) over the inputs of an encoding, `second` of shape (units, outputs)."""

    name: ClassVar = "Network"

    def __init__(self, problem: Problem, encoding: Encoding, **layers: Any) -> None:
        self.problem = problem
        self.encoding = encoding
        self.layers = layers

    @classmethod
    def fit(cls, train: Examples, held: Examples, task: Task, **settings: Any) -> Self:
        """Passes over the rows until the validation loss stops falling or time is over; keeps the best."""
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        problem = task.problem
        encoding = Encoding.fit(train.rows, held.rows, _INPUTS, with_terms=False)
        train = train[drawn(len(train), _CELLS // max(1, encoding.inputs), task.seed)]
        inputs, held_inputs = (encoding.matrix(part.rows).toarray() for part in (train, held))
        means = inputs.mean(0)
        inputs -= means
        held_inputs -= means
        middle, width = 0.0, 1.0
        if problem.is_regression:
            middle, width = float(train.target.mean()), float(train.target.std()) or 1.0
        kind = MLPRegressor if problem.is_regression else MLPClassifier
        network = kind(
            hidden_layer_sizes=(_HIDDEN,),
            learning_rate_init=2e-3,
            batch_size=min(len(train), max(_BATCH, len(train) // _STEPS)),
            random_state=task.seed,
        )
        target = (train.target - middle) / width if problem.is_regression else train.target.astype(int)
        known = {} if problem.is_regression else {"classes": np.arange(problem.classes)}
        best, least, since = cls(problem, encoding), np.inf, 0
        for _ in range(_EPOCHS):
            network.partial_fit(inputs, target, **known, sample_weight=train.weights)
            first, second = (np.asarray(one, np.float64) for one in network.coefs_)
            base, last = (np.asarray(one, np.float64) for one in network.intercepts_)
            outputs = np.maximum(held_inputs @ first + base, 0) @ second + last
            loss = mean_loss(problem, held.target, linked(outputs * width + middle, problem))
            if loss < least:
                best = cls(
                    problem,
                    encoding,
                    first=first,
                    base=base - means @ first,
                    second=second * width,
                    last=last * width + middle,
                )
                least, since = loss, 0
            else:
                since += 1
            if since > _PATIENCE or task.clock.over:
                break
        return best

    def predict(self, rows: Design) -> Floats:
        return self._answers(self.encoding.times(rows, self.layers["first"]))

    def _answers(self, sums: Floats) -> Floats:
        hidden = np.maximum(sums + self.layers["base"], 0)
        return linked(hidden @ self.layers["second"] + self.layers["last"], self.problem)

    @classmethod
    def averaged(cls, models: Sequence[Self]) -> Callable[[Design], Floats]:
        """Makes the inputs once for all models."""
        sums = products([one.encoding for one in models], [one.layers["first"] for one in models])

        def mean(rows: Design) -> Floats:
            answers = [one._answers(part) for one, part in zip(models, sums(rows), strict=True)]
            return np.asarray(sum(answers) / len(models))

        return mean

    def save(self, folder: Path) -> None:
        arrays = {name: layer.astype(np.float32) for name, layer in self.layers.items()}
        np.savez(folder / _FILE, **arrays, **self.encoding.to_arrays())

    @classmethod
    def load(cls, folder: Path, problem: Problem) -> Self:
        with np.load(folder / _FILE, allow_pickle=False) as stored:
            layers = {name: stored[name] for name in ("first", "base", "second", "last")}
            return cls(problem, Encoding.of_arrays(stored), **layers)
