"""All that serving imports: the model, how it answers, how it is kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

import slipway
from slipway import Array, Rows


class Model(slipway.Model):
    """A weight for each column; a missing cell counts as `fill`, the column's mean in training."""

    def __init__(self, columns: list[str], weights: Array, constant: float, fill: Array) -> None:
        self.columns = columns
        self.weights = weights
        self.constant = constant
        self.fill = fill

    def predict(self, rows: Rows, options: Any) -> Mapping[str, Array]:
        matrix = np.where(np.isnan(rows.matrix), self.fill, rows.matrix)
        return {"prediction": matrix @ self.weights + self.constant}

    def save(self, folder: Path) -> None:
        columns, constant = np.array(self.columns), np.array(self.constant)
        np.savez(
            folder / "model.npz", columns=columns, weights=self.weights, constant=constant, fill=self.fill
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        with np.load(folder / "model.npz", allow_pickle=False) as stored:
            columns = [str(name) for name in stored["columns"]]
            return cls(columns, stored["weights"], float(stored["constant"]), stored["fill"])
