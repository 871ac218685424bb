"""What filling gives back: the table, and for every column the cells that were gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from cells import Floats
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cells:
    """The gaps of one column in row order; what does not fit its kind, or was not asked for, is None."""

    rows: NDArray[np.int64]
    values: NDArray[Any]  # None where the cell was left empty
    left: NDArray[np.bool_]
    probability: Floats | None = (
        None  # the calibrated chance that the value is right (numbers: within the tolerance)
    )
    lower: NDArray[Any] | None = None  # numbers and dates: the ends of a 90 % interval
    upper: NDArray[Any] | None = None
    top: NDArray[Any] | None = None  # categories: (cells, top_k) labels, likeliest first
    top_probability: Floats | None = None
    draws: NDArray[Any] | None = None  # multiple imputation: (cells, draws)
    explanations: NDArray[Any] | None = None  # Explanation objects

    @classmethod
    def unfilled(cls, rows: NDArray[np.int64]) -> Self:
        """Gaps that nothing was learnt for: all left empty, with no chance to be right."""
        return cls(rows, np.full(len(rows), None), np.ones(len(rows), bool), np.zeros(len(rows)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Parts of a table, one after the other."""
        filled = [part for part in parts if len(part.rows)] or list(parts[:1])
        if len(filled) == 1:
            return filled[0]
        columns = {field.name: [getattr(part, field.name) for part in filled] for field in fields(cls)}
        joined: dict[str, Any] = {
            name: None if values[0] is None else np.concatenate(values) for name, values in columns.items()
        }
        return cls(**joined)

    def moved(self, rows: int) -> Self:
        """The same cells, so many rows further down."""
        return replace(self, rows=self.rows + rows)


@dataclass(frozen=True)
class Filled:
    """`table` is the sent table with its gaps closed; observed cells as sent, targets it lacked added."""

    table: pd.DataFrame
    cells: Mapping[str, Cells]

    @classmethod
    def of(cls, sent: pd.DataFrame, cells: Mapping[str, Cells]) -> Self:
        """Put the filled cells into the sent table."""
        return cls(put(sent, {name: (found.rows, found.values) for name, found in cells.items()}), cells)

    def imputed(self, name: str) -> NDArray[np.bool_]:
        """Which cells of a column were filled (a gap that was left empty is not)."""
        marks = np.zeros(len(self.table), bool)
        found = self.cells[name]
        marks[found.rows[~found.left]] = True
        return marks

    def drawn(self, draw: int) -> pd.DataFrame:
        """The completed table of one draw; gaps that were left empty are drawn too."""
        drawn = {
            name: (found.rows, found.draws[:, draw])
            for name, found in self.cells.items()
            if found.draws is not None
        }
        return put(self.table, drawn)


def put(table: pd.DataFrame, cells: Mapping[str, tuple[NDArray[np.int64], NDArray[Any]]]) -> pd.DataFrame:
    """A copy of the table with some cells set; floats stay floats if they can, else cells are objects."""
    columns: dict[Any, Any] = {name: table[name] for name in table}
    for name, (rows, values) in cells.items():
        if name in table and not len(rows):
            continue
        sent = (
            table[name]
            if name in table
            else pd.Series(np.full(len(table), None), index=table.index, dtype=object)
        )
        if sent.dtype == float and all(isinstance(value, int | float) or value is None for value in values):
            merged, values = sent.to_numpy(copy=True), np.asarray(values, dtype=float)
        else:
            merged = sent.to_numpy(dtype=object, copy=True)
        merged[rows] = values
        columns[name] = pd.Series(merged, index=table.index)
    return pd.DataFrame(columns, index=table.index)
