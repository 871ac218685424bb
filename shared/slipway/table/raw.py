"""Columns as a format hands them out: not yet matched with a model's, nor typed by the rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipway.table import arrow
from slipway.table.arrow import Array


@dataclass(slots=True)  # a frozen one takes four times as long to make
class Raw:
    """Rows as one block: columns in the order they came, all of `height` cells.

    A column is an Arrow array, a NumPy array of numbers, or a list of Python values. Where a format reads
    cells of plain numbers as such it hands out numbers, else the texts as they were written.
    """

    columns: Sequence[Any]
    height: int
    names: Sequence[str] | None = None
    """None when the cells came by position."""
    sparse: bool = False
    """Whether a column that is not there is one of zeros, as in LibSVM."""
    partial: bool = False
    """Whether a column that is not there is one of gaps, as of JSON's objects, which may leave cells out."""
    written: bool = False
    """Whether cells are texts as they were written, in a format that has no types: CSV."""
    places: Array | None = None
    """The place in the request of each row, where others could not be read."""
    notes: tuple[str, ...] = ()
    """What was guessed or repaired, for the log."""
    read_bytes: int = 0
    """In training: what it and the blocks before it are of their file, without gzip; 0 where unknown."""

    @property
    def width(self) -> int:
        return len(self.columns)

    @property
    def nbytes(self) -> int:
        """What its columns take of memory, by rule of thumb where they are lists."""
        return sum(getattr(column, "nbytes", 64 * len(column)) for column in self.columns)


@dataclass(slots=True)
class Block(Raw):
    """Rows of plain numbers in the order of a model's columns, as float64 of shape (rows, columns)."""

    matrix: Array | None = None


def block(matrix: Array) -> Block:
    """Rows of plain numbers, which lie row by row in every format: sums differ in a digit by the order."""
    return Block((), len(matrix), matrix=np.ascontiguousarray(matrix))


def taken(column: Any, places: Array) -> Any:
    """Some cells of a column; a run of them without a copy."""
    if isinstance(column, list):
        return [column[place] for place in places.tolist()]
    if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
        return column[int(places[0]) : int(places[-1]) + 1]
    return (
        column[places]
        if isinstance(column, np.ndarray)
        else column.take(arrow.numbers(places.astype(np.int64)))
    )
