"""A forest of randomised trees: a learner of a column, and a step of a chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.kit.forest import Forest as Trees

from ..features.cells import Floats
from ..features.design import Design


@dataclass(frozen=True)
class Forest:
    """Trees over features in which missing cells are NaN."""

    trees: Trees
    labels: bool  # whether the outputs are probabilities

    @classmethod
    def of(cls, trees: Sequence[Any], n_features: int, outputs: NDArray[np.int64] | None, count: int) -> Self:
        """scikit-learn's trees; `outputs` places their classes among `count` labels (None: numbers)."""
        return cls(Trees.of(trees, n_features, count, outputs), outputs is not None)

    def warm(self) -> None:
        """Prepare the trees."""
        self.trees.warm()

    def predict(self, design: Design) -> Floats:
        """Values or probabilities."""
        answer = self.evaluate(design.trees)
        return answer / answer.sum(1, keepdims=True) if self.labels else answer[:, 0]

    def evaluate(self, features: Floats) -> Floats:
        """The mean of the trees on dense features: (rows, outputs)."""
        return self.trees.predict(features)

    def state(self) -> dict[str, Any]:
        """The arrays by name."""
        return {**self.trees.arrays(), "labels": np.array(self.labels)}

    def save(self, folder: Path) -> None:
        """Write forest.npz."""
        np.savez_compressed(folder / "forest.npz", **self.state())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read forest.npz."""
        with np.load(folder / "forest.npz") as state:
            return cls.from_state(state)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """From the arrays by name."""
        return cls(Trees.of_arrays(state), bool(state["labels"]))
