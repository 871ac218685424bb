"""The cells of a table for an imputer: which are missing, and the distinct texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from slipway import Table, UserError, arrow

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
HUGE = 1e30  # larger numbers count as this: their squares, and LightGBM's float32, would overflow
DAY = 86_400


@dataclass(frozen=True)
class EncodedTexts:
    """A dictionary-encoded column of texts: each distinct text is processed once."""

    distinct: NDArray[Any]
    places: Places
    """Place of each cell in `distinct`, shape (rows,); -1 where it is missing."""

    @classmethod
    def of(cls, texts: list[str], places: Places) -> Self:
        """Strips whitespace; a blank text is a missing cell."""
        stripped = [text.strip() for text in texts]
        known = {text: place for place, text in enumerate(dict.fromkeys(filter(None, stripped)))}
        to = np.array([*(known.get(text, -1) for text in stripped), -1], np.int64)
        return cls(arrow.objects([*known]), to[places])

    def __len__(self) -> int:
        return len(self.places)

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Which cells are missing."""
        return self.places < 0

    @cached_property
    def cells(self) -> NDArray[Any]:
        """Each cell's text, None where it is missing."""
        cells: NDArray[Any] = np.array([*self.distinct, None], object)[self.places]
        return cells


def encoded_texts(table: Table, name: str) -> EncodedTexts:
    """A column of texts, dictionary-encoded."""
    return EncodedTexts.of(*texts(table, name))


def texts(table: Table, name: str) -> tuple[list[str], Places]:
    """The distinct texts of a column as written, and the place of each cell among them; -1 where missing.

    Raises UserError for a cell that is a list.
    """
    cells = table.cells(name)
    if isinstance(cells, np.ndarray):
        for row, cell in enumerate(cells.tolist(), 1):
            if not (cell is None or isinstance(cell, str)):
                raise UserError(f"a cell holds a {type(cell).__name__}; expected a text", row, name)
    packed = table.arrow(name).dictionary_encode()
    return packed.dictionary.to_pylist(), arrow.codes(packed)


def gaps(table: Table, name: str) -> NDArray[np.bool_]:
    """Which cells are missing, shape (rows,); blank cells of a text column are."""
    kind = table.kinds[name]
    if kind == "text":
        return encoded_texts(table, name).gaps
    return np.isnat(table.times(name)) if kind == "time" else table.gaps(name)


def days(table: Table, name: str) -> Floats:
    """A column of times as days since 1970; NaN where missing."""
    times = table.times(name)
    return np.where(np.isnat(times), np.nan, times.astype("M8[s]").astype(np.int64) / DAY)


def hidden(cells: Any, rows: Any) -> Any:
    """Parsed cells, floats or texts, with some rows set to missing."""
    if isinstance(cells, EncodedTexts):
        places = cells.places.copy()
        places[rows] = -1
        return EncodedTexts(cells.distinct, places)
    left = cells.copy()
    left[rows] = np.nan
    return left


def without(table: Table, rows: Mapping[str, Places]) -> Table:
    """The table with some rows of some columns set to missing."""
    cells = [_without(table, name, rows.get(name, np.empty(0, np.int64))) for name in table.names]
    return Table(table.columns, cells, len(table))


def _without(table: Table, name: str, rows: Places) -> Any:
    cells = table.cells(name)
    if not len(rows):
        return cells
    numeric = isinstance(cells, np.ndarray) and cells.dtype != object
    left = np.array(table.number(name) if numeric else table.column(name))
    left[rows] = np.nan if numeric else None
    return left


def head(table: Table, rows: int) -> Table:
    """The first rows of a table."""
    return table if len(table) <= rows else table.take(np.arange(rows))


def frame(table: Table) -> pd.DataFrame:
    """The table as a pandas frame, in which blank texts are missing."""
    found = table.frame()
    return found.assign(**{name: found[name].where(~gaps(table, name)) for name in found})
