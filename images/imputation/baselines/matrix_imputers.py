"""Imputers of a scaled numeric matrix: nearest neighbours, or a chain of models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..features.cells import Floats
from ..models.forest import Forest

if TYPE_CHECKING:
    from sklearn.impute import KNNImputer


class MatrixImputer(Protocol):
    """Fills the missing cells of a scaled matrix of shape (rows, parts)."""

    def impute(self, grid: Floats) -> Floats: ...
    def state(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class NearestNeighbours:
    """scikit-learn's KNNImputer; its training rows are its whole state."""

    rows: Floats

    @cached_property
    def imputer(self) -> "KNNImputer":
        """The imputer, fitted to the rows."""
        from sklearn.impute import KNNImputer

        return KNNImputer(n_neighbors=5, keep_empty_features=True).fit(self.rows)

    def impute(self, grid: Floats) -> Floats:
        """Means of the five nearest rows in which the cell is observed."""
        return np.asarray(self.imputer.transform(grid), dtype=float)

    def state(self) -> dict[str, Any]:
        """The rows."""
        return {"rows": self.rows}


@dataclass(frozen=True)
class LinearModels:
    """Linear models of one or several parts over others."""

    coef: Floats  # (inputs, outputs)
    intercept: Floats

    def evaluate(self, inputs: Floats) -> Floats:
        """The values: (rows, outputs)."""
        return inputs @ self.coef + self.intercept

    def state(self) -> dict[str, Any]:
        """The coefficients."""
        return {"coef": self.coef, "intercept": self.intercept}


@dataclass(frozen=True)
class Step:
    """Fills some parts from all others; the parts of one category together, never from one another."""

    outputs: NDArray[np.int64]
    model: LinearModels | Forest

    def state(self) -> dict[str, Any]:
        """The arrays."""
        return {"outputs": self.outputs, **self.model.state()}


@dataclass(frozen=True)
class Chain:
    """Steps in order; predictions are clipped to the range seen in training."""

    steps: Sequence[Step]
    least: Floats
    most: Floats

    def impute(self, grid: Floats) -> Floats:
        """Starts from the means (0), then applies each step."""
        gap = np.isnan(grid)
        filled = np.where(gap, 0.0, grid)
        for step in self.steps:
            rows, own = np.flatnonzero(gap[:, step.outputs[0]]), step.outputs
            if len(rows):
                guesses = step.model.evaluate(np.delete(filled[rows], own, axis=1))
                filled[rows[:, None], own] = np.clip(guesses, self.least[own], self.most[own])
        return filled

    def state(self) -> dict[str, Any]:
        """The arrays of every step."""
        steps = {
            f"{place}.{name}": value
            for place, step in enumerate(self.steps)
            for name, value in step.state().items()
        }
        return {"least": self.least, "most": self.most, **steps}


def from_state(state: Mapping[str, Any]) -> MatrixImputer | None:
    """A matrix imputer from its arrays; None if there are none."""
    if "rows" in state:
        return NearestNeighbours(state["rows"])
    if "least" not in state:
        return None
    steps: dict[int, dict[str, Any]] = {}
    for key in state:
        if "." in key:
            place, name = key.split(".")
            steps.setdefault(int(place), {})[name] = state[key]
    models = [
        LinearModels(step["coef"], step["intercept"]) if "coef" in step else Forest.from_state(step)
        for step in steps.values()
    ]
    return Chain(
        [Step(step["outputs"], model) for step, model in zip(steps.values(), models, strict=True)],
        state["least"],
        state["most"],
    )
