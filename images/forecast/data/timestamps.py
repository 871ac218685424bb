"""Columns of times: each distinct text of a channel is read once, and by the whole column."""

import numpy as np
import pyarrow as pa

from slipway import Array, DateOrder, Table, TimeFormat


class TimestampColumn:
    """The times of a channel's rows, piece by piece; of each piece distinct texts are kept."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._chunks: list[pa.DictionaryArray] = []
        self._height = 0

    def add(self, table: Table) -> Array:
        """Takes the next rows, and says which rows they are: their places among all."""
        self._chunks.append(table.arrow(self.name).cast(pa.string()).dictionary_encode())
        self._height += len(table)
        return np.arange(self._height - len(table), self._height)

    @property
    def cells(self) -> pa.DictionaryArray:
        """All of them, with one dictionary."""
        if len(self._chunks) == 1:
            return self._chunks[0]
        return pa.chunked_array(self._chunks).unify_dictionaries().combine_chunks()


def learn_format(cells: pa.Array, name: str, dates: DateOrder, notes: list[str]) -> TimeFormat:
    """How a column of times is written; what had to be guessed goes to `notes`. Raises UserError."""
    found, note = TimeFormat.learn(cells, dates, name, known=True)
    notes += [note] if note else []
    return found or TimeFormat(order=dates)  # which will name the first cell that is no time
