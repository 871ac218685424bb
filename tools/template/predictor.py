"""All that serving imports: the model, how it answers, how it is saved. To be replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

import slipway
from slipway import Answers, Array, Column, Table


class Model(slipway.Model):
    """A weight for each column; a missing cell counts as `fill`, the column's mean in training."""

    task = "regression"

    def __init__(self, names: Sequence[str], weights: Array, constant: float, fill: Array) -> None:
        self.columns = [Column(name=name) for name in names]
        self.weights = weights
        self.constant = constant
        self.fill = fill

    def predict(self, table: Table, options: Any) -> Answers:
        matrix = np.where(np.isnan(table.matrix), self.fill, table.matrix)
        return Answers({"prediction": matrix @ self.weights + self.constant})

    def save(self, folder: Path) -> None:
        names, constant = np.array(self.names), np.array(self.constant)
        np.savez(folder / "model.npz", names=names, weights=self.weights, constant=constant, fill=self.fill)

    @classmethod
    def load(cls, folder: Path) -> Self:
        with np.load(folder / "model.npz", allow_pickle=False) as stored:
            names = [str(name) for name in stored["names"]]
            return cls(names, stored["weights"], float(stored["constant"]), stored["fill"])
