"""Random search over hyperparameters: which configurations are tried. Bergstra and Bengio, JMLR 2012."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .hyperparameters import Hyperparameters

_DIGITS = 3  # significant ones, so that a configuration can be typed


@dataclass(frozen=True)
class Trial:
    """One configuration that was tried."""

    values: Mapping[str, float]
    """The hyperparameters drawn; none for the configuration that was given."""
    score: float
    """The early-stopping metric on the validation rows, at the best number of trees."""
    n_trees: int


@dataclass(frozen=True)
class Range:
    """Values between `low` and `high`, both included: uniform, or uniform in the logarithm."""

    low: float
    high: float
    logarithmic: bool = False
    whole: bool = False

    def draw(self, random: np.random.Generator) -> float:
        """One value, rounded to three significant digits."""
        if self.logarithmic:
            value = float(np.exp(random.uniform(np.log(self.low), np.log(self.high))))
        else:
            value = float(random.uniform(self.low, self.high))
        return round(value) if self.whole else float(f"{value:.{_DIGITS}g}")


def _space(least_l2: float, **size: Range) -> Mapping[str, Range]:
    """What is searched for every engine, and the `size` of a tree by the hyperparameter that bounds it."""
    return {
        "learning_rate": Range(0.01, 0.3, logarithmic=True),
        **size,
        "l2": Range(least_l2, 30, logarithmic=True),
        "subsample": Range(0.5, 1),
        "colsample": Range(0.4, 1),
    }


_SPACES: Mapping[str, Mapping[str, Range]] = {
    "catboost": _space(1, max_depth=Range(4, 10, whole=True)),
    "lightgbm": _space(0.001, max_leaves=Range(7, 255, logarithmic=True, whole=True)),
    "xgboost": _space(0.001, max_depth=Range(3, 10, whole=True)),
}


def configurations(params: Hyperparameters) -> list[dict[str, Any]]:
    """`params.tune` sets of values to try, by `params.seed`; the first is empty: the configuration given.

    Only hyperparameters without a value are searched.
    """
    space = {name: values for name, values in _SPACES[params.engine].items() if getattr(params, name) is None}
    if "bootstrap_type" in params.model_params:  # not every type takes a subsample
        space.pop("subsample", None)
    if not space:
        return [{}]
    random = np.random.default_rng(params.seed)
    drawn = [{name: one.draw(random) for name, one in space.items()} for _ in range(params.tune - 1)]
    return [{}, *drawn]
