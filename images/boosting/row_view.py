"""Some rows of a table, by position, so that the splits of a job share one table without copies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from slipway import Array, Table, arrow


@dataclass(frozen=True)
class View:
    """Rows of a table; columns are returned as the table returns them."""

    table: Table
    rows: Array | None
    """Positions in the table, int64, in order; None: all rows."""

    @classmethod
    def concatenated(cls, views: Sequence[Self]) -> Self:
        """Rows of several views, one after another; rows of several tables are copied into one."""
        table = views[0].table
        if len(views) == 1:
            return views[0]
        if all(view.table is table for view in views):
            return cls(table, np.concatenate([view.positions for view in views]))
        tables = [view.table if view.rows is None else view.table.take(view.rows) for view in views]
        return cls(Table.concatenated(table.columns, tables), None)

    def __len__(self) -> int:
        return len(self.table) if self.rows is None else len(self.rows)

    @property
    def positions(self) -> Array:
        """`rows`, also if they are all."""
        return np.arange(len(self.table)) if self.rows is None else self.rows

    def take(self, positions: Array) -> Self:
        """Some of these rows, in the order of `positions`."""
        return type(self)(self.table, positions if self.rows is None else self.rows[positions])

    def copied(self) -> Self:
        """The same rows in a table of their own."""
        return type(self)(self.table if self.rows is None else self.table.take(self.rows), None)

    def number(self, name: str) -> Array:
        """A column of numbers or booleans as float64, NaN if missing. Raises TypeError for text."""
        return self._selected(self.table.number(name))

    def column(self, name: str) -> Array:
        """A column's cells as a NumPy array."""
        return self._selected(self.table.column(name))

    def arrow(self, name: str) -> pa.Array:
        """A column of text, null if missing."""
        cells = self.table.arrow(name)
        return cells if self.rows is None else cells.take(arrow.numbers(self.rows))

    def times(self, name: str) -> Array:
        """A column of times as datetime64[s]. Raises UserError for a cell that is not a time."""
        return self._selected(self.table.times(name))

    def _selected(self, cells: Array) -> Array:
        return cells if self.rows is None else cells[self.rows]
