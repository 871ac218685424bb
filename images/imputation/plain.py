"""The plain engines at work: the usual value, nearest neighbours, or a chain of models (iterative,
missforest).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from columns import Column, Floats
from features import Read
from forest import Forest
from grid import Grid, gridded
from numpy.typing import NDArray
from sklearn.impute import KNNImputer


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
    """Fill some parts from all others; the parts of one category are filled together, never from one
    another.
    """

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
        Forest.revived(step) if "leaf" in step else Lines(step["coef"], step["intercept"])
        for step in steps.values()
    ]
    return Chain(
        [Step(step["outputs"], model) for step, model in zip(steps.values(), models, strict=True)],
        state["least"],
        state["most"],
    )


@dataclass(frozen=True)
class Plain:
    """`usual` is each column's mean, median or most frequent value, or the shares of its labels."""

    grid: Grid
    usual: Mapping[str, Floats]
    completer: Completer | None

    def predict(self, read: Read, wanted: Mapping[str, NDArray[np.int64]]) -> dict[str, Floats]:
        """Raw answers for the wanted rows of each column."""
        inside = {column.name for column in self.grid.columns} if self.completer else set()
        filled = np.empty((0, 0))
        if self.completer and inside:
            grid = self.grid.encode(read)
            filled = self.completer.complete(grid)
            filled[np.isnan(grid).all(1)] = (
                0.0  # nothing observed: the usual answer, not a chain's guess from guesses
            )
        return {
            name: self.grid.decode(filled[rows], name, self.usual[name])
            if name in inside
            else np.repeat(self.usual[name][None], len(rows), axis=0)
            for name, rows in wanted.items()
        }

    def save(self, folder: Path) -> None:
        """Write grid.npz, completer.npz and usual.json."""
        np.savez(folder / "grid.npz", mean=self.grid.mean, scale=self.grid.scale)
        np.savez_compressed(folder / "completer.npz", **(self.completer.state() if self.completer else {}))
        usual = {name: value.tolist() for name, value in self.usual.items()}
        (folder / "usual.json").write_text(json.dumps(usual))

    @classmethod
    def load(cls, folder: Path, columns: Sequence[Column]) -> Self:
        """Read what `save` wrote."""
        usual = {
            name: np.array(value, float)
            for name, value in json.loads((folder / "usual.json").read_text()).items()
        }
        with np.load(folder / "grid.npz") as scales, np.load(folder / "completer.npz") as state:
            grid = Grid(gridded(columns), scales["mean"], scales["scale"])
            return cls(grid, usual, revived(dict(state)))
