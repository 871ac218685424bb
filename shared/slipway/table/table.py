"""A table as a value: what a model learns from and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from slipway.errors import UserError
from slipway.table import arrow
from slipway.table.arrow import Array, objects, strings
from slipway.table.kinds import Kind
from slipway.table.raw import taken
from slipway.table.schema import Column

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Refused:
    """In the place of a column's cells that cannot be read: no fault while no algorithm asks for them."""

    error: UserError


class Table:
    """Rows in typed columns; immutable: no form of it may be written to.

    `columns` say what is in it. Cells are held as they are read best, and are given as NumPy arrays:

    - number: float64, NaN where missing; integer: int64, or float64 where one is missing
    - boolean: objects, the column's own spelling of true and false; as a number 1 and 0
    - text and time: objects, str or None; the datetimes of a column of times by `times`
    - list: objects

    A column that cannot be read raises its UserError when it is asked for, and not before.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Sequence[Any] | None,
        height: int,
        matrix: Array | None = None,
        sent: Mapping[str, Array] | None = None,
        absent: frozenset[str] = frozenset(),
        nests: bool = True,
        written: bool = False,
    ) -> None:
        """`cells` has an entry for each column, unless all are numbers and the rows are given as `matrix`."""
        self.columns = tuple(columns)
        self.height = height
        self.sent: Mapping[str, Array] = sent or {}
        """Every column as it came, by name; of a request to a model that asks for it, else empty."""
        self.absent = absent
        """Optional columns that did not come; all their cells are missing."""
        self.nests = nests
        """Whether the answer's format has room for lists and objects in a cell, as JSON has."""
        self.written = written
        """Whether `sent` are a CSV's cells that go back into one: texts, each as it was written."""
        self._cells = cells
        self._matrix = matrix
        self._made: dict[str, Array] = {}

    @classmethod
    def concatenated(cls, columns: Sequence[Column], parts: "Sequence[Table]") -> Self:
        """Tables of the same columns under one another."""
        if not parts:
            return cls(columns, [missing(column, 0) for column in columns], 0)
        cells = [joined([part.cells(column.name) for part in parts]) for column in columns]
        return cls(columns, cells, sum(len(part) for part in parts))

    def __len__(self) -> int:
        return self.height

    def __contains__(self, name: object) -> bool:
        return name in self._places

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds, by name, in the table's order."""
        return {column.name: column.kind or "number" for column in self.columns}

    @property
    def matrix(self) -> Array:
        """float64 of shape (rows, columns), NaN where missing. Raises TypeError for texts."""
        if self._matrix is None:
            self._matrix = self.numbers(self.names)
        return self._matrix

    def numbers(self, names: Sequence[str]) -> Array:
        """Some columns as float64 of shape (rows, columns), NaN where missing. Raises TypeError for texts."""
        if self._matrix is not None:
            places = [self._places[name] for name in names]
            if places == list(range(len(self.columns))):
                return self._matrix
            return np.ascontiguousarray(self._matrix[:, places])
        found = np.empty((self.height, len(names)))
        for place, name in enumerate(names):
            found[:, place] = self.number(name)
        return found

    def number(self, name: str) -> Array:
        """A column of numbers or booleans as float64, NaN where missing. Raises TypeError for texts."""
        column, cells = self._column_of(name)
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "fi":
            return cells.astype(np.float64, copy=False)
        raise TypeError(f"column {name} holds {column.kind}, no numbers")

    def column(self, name: str) -> Array:
        """A column's cells as NumPy has them; see the class."""
        if name not in self._made:
            column, cells = self._column_of(name)
            self._made[name] = _objects(column, cells)
        return self._made[name]

    def arrow(self, name: str) -> pa.Array:
        """A column of texts as Arrow's strings, null where missing."""
        _, cells = self._column_of(name)
        return cells if isinstance(cells, pa.Array) else strings(self.column(name).tolist())

    def cells(self, name: str) -> Any:
        """A column as it is held: a NumPy array, or Arrow's strings."""
        return self._column_of(name)[1]

    def times(self, name: str) -> Array:
        """A column of times as datetime64[s], NaT where missing. Raises UserError for a cell that is none."""
        column, _ = self._column_of(name)
        if column.times is None:
            raise TypeError(f"column {name} holds {column.kind}, no times")
        found: Array = column.times.parse(self.arrow(name), name)
        return found

    def frame(self, names: Sequence[str] | None = None) -> "DataFrame":
        """For libraries that want pandas: the columns as `column` gives them."""
        from pandas import DataFrame  # half a second to import, and models of numbers never need it

        return DataFrame({name: self.column(name) for name in names or self.names}, copy=False)

    def gaps(self, name: str) -> Array:
        """Which cells of a column are missing."""
        cells = self.cells(name)
        if isinstance(cells, pa.Array):
            return arrow.flags(cells.is_null())
        if cells.dtype == object:
            return np.fromiter((cell is None for cell in cells), bool, len(cells))
        missing: Array = cells != cells  # NaN alone differs from itself
        return missing

    def take(self, places: Array) -> Self:
        """Some of the rows, by their places."""
        cells = None if self._cells is None else [_taken(cells, places) for cells in self._cells]
        matrix = None if self._matrix is None else taken(self._matrix, places)
        sent = {name: taken(cells, places) for name, cells in self.sent.items()}
        return self._with(self.columns, cells, len(places), matrix, sent)

    def select(self, names: Sequence[str]) -> Self:
        """Some of the columns, in this order."""
        columns = [self.columns[self._places[name]] for name in names]
        if self._matrix is not None:
            return self._with(columns, None, self.height, self.numbers(names), self.sent)
        return self._with(columns, [self.cells(name) for name in names], self.height, None, self.sent)

    def _with(
        self,
        columns: Sequence[Column],
        cells: Sequence[Any] | None,
        height: int,
        matrix: Array | None,
        sent: Mapping[str, Array],
    ) -> Self:
        return type(self)(columns, cells, height, matrix, sent, self.absent, self.nests, self.written)

    def _column_of(self, name: str) -> tuple[Column, Any]:
        place = self._places[name]
        if self._cells is None:
            assert self._matrix is not None
            return self.columns[place], self._matrix[:, place]
        cells = self._cells[place]
        if isinstance(cells, Refused):
            raise cells.error
        return self.columns[place], cells

    def refused(self, name: str) -> UserError | None:
        """Why a column cannot be read; None where it can."""
        cells = None if self._cells is None else self._cells[self._places[name]]
        return cells.error if isinstance(cells, Refused) else None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(self.columns)}


def missing(column: Column, height: int) -> Array:
    """The cells of a column that is not there."""
    return np.full(height, np.nan) if column.numeric else np.full(height, None, dtype=object)


def _taken(cells: Any, places: Array) -> Any:
    return cells if isinstance(cells, Refused) else taken(cells, places)


def _objects(column: Column, cells: Any) -> Array:
    if isinstance(cells, pa.Array):
        return objects(cells)
    if column.kind == "boolean":
        words: Array = np.array([*(column.words or ("false", "true")), None], dtype=object)
        spelled: Array = words[np.where(np.isnan(cells), 2, cells).astype(np.intp)]
        return spelled
    if column.kind == "integer" and cells.dtype.kind == "f" and not np.isnan(cells).any():
        # A model's own block of numbers is float64 throughout.
        rounded: Array = cells.astype(np.int64)
        cells = rounded if np.array_equal(rounded, cells) else cells
    held: Array = cells
    return held


def joined(chunks: Sequence[Any]) -> Any:
    """Chunks of one column's cells, end to end."""
    if len(chunks) == 1:
        return chunks[0]
    if all(isinstance(chunk, pa.Array) for chunk in chunks):
        return concatenated_texts(chunks)
    return np.concatenate([objects(chunk) if isinstance(chunk, pa.Array) else chunk for chunk in chunks])


def concatenated_texts(chunks: Sequence[pa.Array]) -> pa.Array:
    """Arrow's arrays end to end; texts beyond two gigabytes as large ones."""
    if len(chunks) == 1:
        return chunks[0]
    if pa.types.is_string(chunks[0].type) and sum(chunk.nbytes for chunk in chunks) > 1 << 30:
        chunks = [chunk.cast(pa.large_string()) for chunk in chunks]
    return pa.concat_arrays(chunks)
