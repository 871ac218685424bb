"""One run of an engine: what goes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipway import Array

from ..data import Data
from ..features import Features
from ..hyperparameters import Hyperparameters
from ..target import Outcome
from . import parameter_names
from .progress import Watch


@dataclass(frozen=True)
class Run:
    """What to learn from, and how."""

    train: Data
    stop: Data | None
    """The rows that early stopping goes by."""
    features: Features
    outcome: Outcome
    params: Hyperparameters
    watch: Watch
    threads: int
    trees: int
    """The most trees."""

    @property
    def metric(self) -> str:
        """What early stopping goes by, in the engine's words."""
        return parameter_names.evaluation(self.params.engine, self.outcome.problem, self.params.eval_metric)

    @property
    def constraints(self) -> list[int]:
        return [self.params.monotone_constraints.get(name, 0) for name in self.features.names]

    def settings(self, **own: Any) -> dict[str, Any]:
        """The engine's parameters: what the image sets, what has a name of ours, what `model_params` says."""
        params, theirs = self.params, parameter_names.of(self.params.engine)
        found = {
            theirs["objective"]: params.objective
            or parameter_names.objective(params.engine, self.outcome.problem),
            theirs["eval_metric"]: self.metric,
            theirs["seed"]: params.seed,
        }
        for name in ("learning_rate", "max_depth", "max_leaves", "l2", "subsample", "colsample"):
            if getattr(params, name) is not None:
                found[theirs[name]] = getattr(params, name)
        if any(self.constraints):
            found["monotone_constraints"] = self.constraints
        return {**found, **own, **params.model_params}


def sizes(groups: Array) -> Array:
    """How many rows each group has, of rows in the order of their groups."""
    return np.unique(groups, return_counts=True)[1]


def own(curves: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """A copy that a checkpoint can hold."""
    return {part: list(curve) for part, curve in curves.items()}
