"""A request's rows, parsed once, in the forms that models read."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from slipway import cells
from slipway.cells import Array, Kind
from slipway.errors import NoRows
from slipway.schema import Schema
from slipway.sheet import Sheet

if TYPE_CHECKING:
    from pandas import DataFrame


class Source(Protocol):
    """Where rows come from: a request's body and the codec that reads it."""

    def sheet(self, schema: Schema | None) -> Sheet: ...

    def matrix(self, schema: Schema) -> Array | None:
        """The quick way to an all-number table in the schema's order, or None to take the sheet's way."""


class Rows:
    """The rows to answer. Each form is made when first asked for, and only then."""

    def __init__(self, source: Source, schema: Schema, typed: bool = False, nests: bool = True) -> None:
        self._source = source
        self._schema = schema
        self._typed = typed
        self.nests = nests
        """Whether the answer's format has room for lists and objects in a cell, as JSON has."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the model's columns, in order."""
        return self._schema.names

    def take(self, places: Array) -> "Rows":
        """Some of the rows, by their places in rising order."""
        some = Rows(_Taken(self, places), self._schema, self._typed, self.nests)
        if "arrays" in self.__dict__:
            some.__dict__["arrays"] = {name: column[places] for name, column in self.arrays.items()}
        return some

    @cached_property
    def matrix(self) -> Array:
        """float64 of shape (rows, columns), NaN where a cell is missing; for a model that reads numbers only.

        Raises UserError naming row and column of a cell that is no finite number.
        """
        quick = self._source.matrix(self._schema) if self._schema.numeric else None
        if quick is not None:
            return _some(quick)
        matrix = np.empty((self.sheet.height, len(self.columns)))
        for place, (position, column) in enumerate(zip(self._positions, self._schema.columns, strict=True)):
            matrix[:, place] = cells.numbers(self._column(position), column.name)
        return matrix

    @cached_property
    def table(self) -> "DataFrame":
        """The model's columns typed as in training: int64, float64 (NaN if missing), texts as str or None."""
        from pandas import DataFrame  # half a second to import, and models of numbers never need it

        return DataFrame(dict(self.arrays))

    @cached_property
    def arrays(self) -> Mapping[str, Array]:
        """The columns of `table` by name, without a DataFrame, which costs more than most models."""
        return {
            column.name: cells.typed(self._column(position), column.kind, column.name)
            for position, column in zip(self._positions, self._schema.columns, strict=True)
        }

    @cached_property
    def sent(self) -> Mapping[str, Array]:
        """Every column that came, by name, in its order, as objects: str in CSV, Python values elsewhere.

        Where the answer goes into a format with types, a CSV's numbers are numbers, and its empty texts None.
        """
        names = self._schema.sent(self.sheet.names, self.sheet.width)
        kinds: dict[str, Kind] = {column.name: column.kind for column in self._schema.columns}
        return {
            name: _given(column, kinds.get(name, "text"), name) if self._typed else cells.objects(column)
            for name, column in zip(names, self.sheet.columns, strict=True)
        }

    @cached_property
    def sheet(self) -> Sheet:
        """What came, as it came."""
        sheet = self._source.sheet(self._schema)
        if sheet.width:  # names that do not fit are worth more words than that no row follows them
            self._schema.positions(sheet.names, sheet.width)
        if sheet.height == 0:
            raise NoRows("no rows came")
        return sheet

    @cached_property
    def _positions(self) -> list[int | None]:
        return self._schema.positions(self.sheet.names, self.sheet.width)

    def _column(self, position: int | None) -> pa.Array:
        if position is None:
            return pa.nulls(self.sheet.height, pa.string())
        return cells.column(self.sheet.columns[position])

    def __len__(self) -> int:
        return len(self.matrix) if "matrix" in self.__dict__ else self.sheet.height


class _Taken:
    """Some of other rows, as a source: read once, whichever of their forms is asked for."""

    def __init__(self, whole: Rows, places: Array) -> None:
        self._whole = whole
        self._places = places

    def sheet(self, schema: Schema | None) -> Sheet:
        return self._whole.sheet.take(self._places)

    def matrix(self, schema: Schema) -> Array | None:
        known = self._whole.__dict__.get("matrix")
        return None if known is None else known[self._places]


def _given(column: Any, kind: Kind, name: str) -> Array:
    """Texts that may be numbers, a CSV's, as numbers where `kind` says so; all else as it is."""
    if not (isinstance(column, pa.Array | pa.ChunkedArray) and pa.types.is_string(column.type)):
        return cells.objects(column)
    found = cells.typed(cells.column(column), kind, name)
    if found.dtype.kind != "f":
        return found.astype(object)
    whole = kind == "integer"
    values = [int(cell) if whole and cell.is_integer() else cell for cell in found.tolist()]
    return cells.objects([None if cell != cell else cell for cell in values])


def _some(matrix: Array) -> Array:
    if len(matrix) == 0:
        raise NoRows("no rows came")
    return matrix
