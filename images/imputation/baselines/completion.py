"""What closes the gaps of a scaled grid: nearest neighbours, or a chain of models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import KNNImputer

from ..features.cells import Floats
from ..models.forest import Forest


class Completer(Protocol):
    """Something that closes the gaps of a scaled grid."""

    def complete(self, grid: Floats) -> Floats: ...
    def state(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Neighbours:
    """scikit-learn's KNNImputer; its whole state is the rows it remembers, so those are what is saved."""

    rows: Floats

    @cached_property
    def imputer(self) -> KNNImputer:
        """The imputer over the remembered rows."""
        return KNNImputer(n_neighbors=5, keep_empty_features=True).fit(self.rows)

    def complete(self, grid: Floats) -> Floats:
        """Means of the five nearest rows that have the cell."""
        return np.asarray(self.imputer.transform(grid), dtype=float)

    def state(self) -> dict[str, Any]:
        """The rows."""
        return {"rows": self.rows}


@dataclass(frozen=True)
class Lines:
    """Linear models of one or several parts over others."""

    coef: Floats  # (inputs, outputs)
    intercept: Floats

    def walk(self, inputs: Floats) -> Floats:
        """The values: (rows, outputs)."""
        return inputs @ self.coef + self.intercept

    def state(self) -> dict[str, Any]:
        """The coefficients."""
        return {"coef": self.coef, "intercept": self.intercept}


@dataclass(frozen=True)
class Step:
    """Fill some parts from all others; those of one category together, never from one another."""

    outputs: NDArray[np.int64]
    model: Lines | Forest

    def state(self) -> dict[str, Any]:
        """The arrays."""
        return {"outputs": self.outputs, **self.model.state()}


@dataclass(frozen=True)
class Chain:
    """Steps in their order, each within the range seen in training."""

    steps: Sequence[Step]
    least: Floats
    most: Floats

    def complete(self, grid: Floats) -> Floats:
        """Start from the means (0), then let every step look at the others."""
        gap = np.isnan(grid)
        filled = np.where(gap, 0.0, grid)
        for step in self.steps:
            rows, own = np.flatnonzero(gap[:, step.outputs[0]]), step.outputs
            if len(rows):
                guesses = step.model.walk(np.delete(filled[rows], own, axis=1))
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


def revived(state: Mapping[str, Any]) -> Completer | None:
    """A completer from its arrays."""
    if "rows" in state:
        return Neighbours(state["rows"])
    if "least" not in state:
        return None
    steps: dict[int, dict[str, Any]] = {}
    for key in state:
        if "." in key:
            place, name = key.split(".")
            steps.setdefault(int(place), {})[name] = state[key]
    models = [
        Lines(step["coef"], step["intercept"]) if "coef" in step else Forest.revived(step)
        for step in steps.values()
    ]
    return Chain(
        [Step(step["outputs"], model) for step, model in zip(steps.values(), models, strict=True)],
        state["least"],
        state["most"],
    )
