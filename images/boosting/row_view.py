"""Some rows of a table, by their places: the parts of a job share one table and copy none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from slipway import Array, Table, arrow


@dataclass(frozen=True)
class View:
    """Rows of a table, whose columns are given as the table gives them."""

    table: Table
    rows: Array | None
    """Where in the table these rows are, in order, int64; None: they are all of it."""

    @classmethod
    def joined(cls, views: Sequence[Self]) -> Self:
        """Rows of several views under one another; of several tables they are copied into one."""
        table = views[0].table
        if len(views) == 1:
            return views[0]
        if all(view.table is table for view in views):
            return cls(table, np.concatenate([view.places for view in views]))
        parts = [view.table if view.rows is None else view.table.take(view.rows) for view in views]
        return cls(Table.concatenated(table.columns, parts), None)

    def __len__(self) -> int:
        return len(self.table) if self.rows is None else len(self.rows)

    @property
    def places(self) -> Array:
        """`rows` also where they are all."""
        return np.arange(len(self.table)) if self.rows is None else self.rows

    def take(self, places: Array) -> Self:
        """Some of these rows, in the order of `places`."""
        return type(self)(self.table, places if self.rows is None else self.rows[places])

    def number(self, name: str) -> Array:
        """A column of numbers or booleans as float64, NaN where missing. Raises TypeError for texts."""
        return self._some(self.table.number(name))

    def column(self, name: str) -> Array:
        """A column's cells as NumPy has them."""
        return self._some(self.table.column(name))

    def arrow(self, name: str) -> pa.Array:
        """A column of texts, null where missing."""
        cells = self.table.arrow(name)
        return cells if self.rows is None else cells.take(arrow.numbers(self.rows))

    def times(self, name: str) -> Array:
        """A column of times as datetime64[s]. Raises UserError for a cell that is none."""
        return self._some(self.table.times(name))

    def _some(self, cells: Array) -> Array:
        return cells if self.rows is None else cells[self.rows]
