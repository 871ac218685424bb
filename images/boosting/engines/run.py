"""The input of one run of an engine."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from slipway import Array

from ..data import Data
from ..features import Features
from ..hyperparameters import Hyperparameters
from ..target import Target
from . import parameter_names
from .monitor import Monitor


@dataclass(frozen=True)
class Run:
    """Training data and configuration of one run."""

    train: Data
    validation: Data | None
    """The early-stopping rows."""
    features: Features
    target: Target
    params: Hyperparameters
    monitor: Monitor
    threads: int
    n_trees: int
    """Maximum number of trees."""

    @property
    def metric(self) -> str:
        """The engine's name of the early-stopping metric."""
        return parameter_names.eval_metric(self.params.engine, self.target.problem, self.params.eval_metric)

    @property
    def constraints(self) -> list[int]:
        """The monotonic constraint of each feature: 1, -1 or 0."""
        return [self.params.monotone_constraints.get(name, 0) for name in self.features.names]

    def engine_params(self, **fixed: Any) -> dict[str, Any]:
        """The engine's parameters: those of the image, then those with a common name, then `model_params`."""
        params, names = self.params, parameter_names.engine_names(self.params.engine)
        found = {
            names["objective"]: params.objective
            or parameter_names.objective(params.engine, self.target.problem),
            names["eval_metric"]: self.metric,
            names["seed"]: params.seed,
        }
        for name in ("learning_rate", "max_depth", "max_leaves", "l2", "subsample", "colsample"):
            if getattr(params, name) is not None:
                found[names[name]] = getattr(params, name)
        if any(self.constraints):
            found["monotone_constraints"] = self.constraints
        return {**found, **fixed, **params.model_params}


def group_sizes(groups: Array) -> Array:
    """The number of rows of each group, for `groups` in sorted order, shape (n,).

    >>> group_sizes(np.array([3, 3, 7, 9, 9, 9])).tolist()
    [2, 1, 3]
    """
    return np.unique(groups, return_counts=True)[1]
