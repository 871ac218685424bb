"""Columns of times: read when a whole channel has come, as all of it is written."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from slipway import Array
from slipway.cells import strings
from slipway.table.spellings import Order
from slipway.table.times import TimeFormat


class Stamps:
    """The times of a channel's rows; each distinct text is kept once."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._codes: list[Array] = []
        self._height = 0

    def add(self, column: Array) -> Array:
        """Takes the next rows, and says which rows they are: their places in `column`."""
        import pandas as pd

        codes, distinct = pd.factorize(column)
        places = [self._texts.setdefault(str(text), len(self._texts)) for text in texts(distinct)]
        self._codes.append(np.array([*places, -1], dtype=np.int64)[codes])
        self._height += len(column)
        return np.arange(self._height - len(column), self._height)

    @property
    def column(self) -> pa.DictionaryArray:
        codes = np.concatenate(self._codes)
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), strings(list(self._texts)))


def texts(cells: Iterable[Any]) -> list[str | None]:
    """Cells of a column of times as texts: 2024 and 20240131 may have come as numbers."""
    return [None if cell is None or cell != cell else _text(cell) for cell in cells]


def _text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def format_of(column: Any, name: str, dates: Order, notes: list[str]) -> TimeFormat:
    """How a column of times is written; what had to be guessed goes to `notes`. Raises UserError."""
    found, note = TimeFormat.learn(column, dates, name, known=True)
    notes += [note] if note else []
    return found or TimeFormat(order=dates)  # which will name the first cell that is no time
