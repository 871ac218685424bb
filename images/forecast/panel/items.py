"""The keys of series: their cells in the key columns, as strings."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway import Array, Table, arrow

Key = tuple[str, ...]
_EMPTY = arrow.text("")


class Items:
    """Numbers the keys of series in order of appearance."""

    def __init__(self) -> None:
        self.codes: dict[Key, int] = {}

    def of(self, columns: Sequence[pa.Array], add: bool = True) -> Array:
        """The number of each row's key, shape (rows,); -1 for an unknown one unless it is to be added."""
        codes, keys = numbered(columns)
        known = self.codes
        found = [known.setdefault(key, len(known)) if add else known.get(key, -1) for key in keys]
        result: Array = np.array(found, dtype=np.int64)[codes]
        return result


def numbered(columns: Sequence[pa.Array]) -> tuple[Array, list[Key]]:
    """The number of each row's key, and the keys in order of appearance.

    Columns are Arrow strings; a missing cell is the empty string.
    """
    codes, keys = _coded(columns[0])
    for column in columns[1:]:
        numbers, words = _coded(column)
        both = arrow.numbers(codes * len(words) + numbers).dictionary_encode()
        pairs = (divmod(place, len(words)) for place in both.dictionary.to_pylist())
        codes, keys = arrow.codes(both), [keys[place] + words[word] for place, word in pairs]
    return codes, keys


def key_hash(key: Key) -> int:
    """A hash of a key that is the same in every process."""
    return crc32("\0".join(key).encode())


def key_cells(table: Table, names: Sequence[str]) -> list[pa.Array]:
    """The key columns of a table as Arrow strings."""
    return [table.arrow(name) for name in names]


def same(key: Key, height: int) -> list[pa.Array]:
    """Key columns of rows that all have one key."""
    zeros = arrow.numbers(np.zeros(height, np.int64))
    return [arrow.strings([part]).take(zeros) for part in key]


def _coded(column: pa.Array) -> tuple[Array, list[Key]]:
    if column.null_count:
        column = pc.fill_null(column, _EMPTY)
    packed = column.dictionary_encode()
    return arrow.codes(packed), [(word,) for word in packed.dictionary.to_pylist()]
