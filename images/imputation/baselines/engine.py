"""The plain engines at work: the usual value, nearest neighbours, or a chain of models."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..features.cells import Floats
from ..features.columns import Column
from ..features.encoding import Read
from .completion import Completer, revived
from .grid import Grid, gridded


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
