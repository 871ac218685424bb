"""The baseline engines: a default value per column, nearest neighbours, or a chain of models."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..features.cells import Floats
from ..features.columns import ColumnCodec
from ..features.encoding import ParsedColumns
from .grid import Grid, gridded
from .matrix_imputers import MatrixImputer, from_state


@dataclass(frozen=True)
class Baseline:
    """`default` is each column's mean, median or most frequent value, or the shares of its labels."""

    grid: Grid
    default: Mapping[str, Floats]
    matrix_imputer: MatrixImputer | None

    def predict(self, read: ParsedColumns, wanted: Mapping[str, NDArray[np.int64]]) -> dict[str, Floats]:
        """Raw predictions for the wanted rows of each column."""
        inside = {column.name for column in self.grid.columns} if self.matrix_imputer else set()
        filled = np.empty((0, 0))
        if self.matrix_imputer and inside:
            grid = self.grid.encode(read)
            filled = self.matrix_imputer.impute(grid)
            filled[np.isnan(grid).all(1)] = 0.0  # nothing observed: the default value
        return {
            name: self.grid.decode(filled[rows], name, self.default[name])
            if name in inside
            else np.repeat(self.default[name][None], len(rows), axis=0)
            for name, rows in wanted.items()
        }

    def save(self, folder: Path) -> None:
        """Write grid.npz, grid_model.npz and default.json."""
        np.savez(folder / "grid.npz", mean=self.grid.mean, scale=self.grid.scale)
        np.savez_compressed(
            folder / "grid_model.npz", **(self.matrix_imputer.state() if self.matrix_imputer else {})
        )
        default = {name: value.tolist() for name, value in self.default.items()}
        (folder / "default.json").write_text(json.dumps(default))

    @classmethod
    def load(cls, folder: Path, columns: Sequence[ColumnCodec]) -> Self:
        """Read what `save` wrote."""
        default = {
            name: np.array(value, float)
            for name, value in json.loads((folder / "default.json").read_text()).items()
        }
        with np.load(folder / "grid.npz") as scales, np.load(folder / "grid_model.npz") as state:
            grid = Grid(gridded(columns), scales["mean"], scales["scale"])
            return cls(grid, default, from_state(dict(state)))
