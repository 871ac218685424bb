"""Time columns: each distinct text of a channel is parsed once, in a format inferred from all of them."""

import numpy as np
import pyarrow as pa

from slipway import Array, DateOrder, Table, TimeFormat


class TimestampColumn:
    """The time column of a channel, collected by batch; only distinct texts are stored."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._chunks: list[pa.DictionaryArray] = []
        self._height = 0

    def add(self, table: Table) -> Array:
        """Add the rows of a table; returns their indices among all rows."""
        self._chunks.append(table.arrow(self.name).cast(pa.string()).dictionary_encode())
        self._height += len(table)
        return np.arange(self._height - len(table), self._height)

    @property
    def cells(self) -> pa.DictionaryArray:
        """All cells, with one dictionary."""
        if len(self._chunks) == 1:
            return self._chunks[0]
        return pa.chunked_array(self._chunks).unify_dictionaries().combine_chunks()


def learn_format(cells: pa.Array, name: str, dates: DateOrder, notes: list[str]) -> TimeFormat:
    """Infer the format of a time column; ambiguities are added to `notes`. Raises UserError."""
    found, note = TimeFormat.learn(cells, dates, name, known=True)
    notes += [note] if note else []
    return found or TimeFormat(order=dates)  # which names the first invalid cell
