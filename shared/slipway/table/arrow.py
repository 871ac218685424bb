"""Arrow's arrays from Python's and NumPy's values, and back, without pandas.

`pa.array`, `pa.scalar`, `to_numpy` and a plain value given to a kernel all import it, which takes half a
second of a server's first answer. What only training uses may do so.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Array = np.ndarray[Any, np.dtype[Any]]


def strings(values: Sequence[str | None]) -> pa.Array:
    """Texts, null where None; half characters, which UTF-8 does not hold, as question marks."""
    encoded = [b"" if value is None else value.encode(errors="replace") for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    data = b"".join(encoded)
    kind = pa.string() if len(data) < 2**31 else pa.large_string()
    ends = ends.astype(np.int32) if kind == pa.string() else ends
    valid = np.fromiter((value is not None for value in values), bool, len(values))
    return pa.Array.from_buffers(
        kind, len(values), [_validity(valid), pa.py_buffer(ends), pa.py_buffer(data)]
    )


def text(value: str) -> pa.Scalar:
    """One text, for kernels that compare with it."""
    return strings([value])[0]


def booleans(flags: Array, valid: Array | None = None) -> pa.Array:
    """NumPy's booleans as Arrow's, null where `valid` says so."""
    return pa.Array.from_buffers(pa.bool_(), len(flags), [_validity(valid), _bits(flags)])


def numbers(cells: Array, valid: Array | None = None) -> pa.Array:
    """float64 or int64 as Arrow's, without a copy; null where `valid` says so or where a float is NaN."""
    cells = np.ascontiguousarray(cells)
    kind = pa.int64() if cells.dtype.kind == "i" else pa.float64()
    if valid is None and kind == pa.float64():
        valid = ~np.isnan(cells)
    return pa.Array.from_buffers(kind, len(cells), [_validity(valid), pa.py_buffer(cells)])


def _validity(valid: Array | None) -> pa.Buffer | None:
    return None if valid is None or valid.all() else _bits(valid)


def _bits(flags: Array) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def floats(cells: pa.Array) -> Array:
    """Arrow's float64 as NumPy's, NaN where missing, without a copy where nothing is."""
    if cells.null_count:
        cells = pc.fill_null(cells, _NAN)
    return _buffer(cells, np.float64)


def integers(cells: pa.Array) -> Array:
    """Arrow's integers, booleans or times as int64; anything where missing."""
    return _buffer(cells.cast(pa.int64()), np.int64)


def codes(cells: pa.DictionaryArray) -> Array:
    """The place of each cell in the dictionary, -1 where missing."""
    return integers(pc.fill_null(cells.indices.cast(pa.int64()), _MINUS_ONE))


def flags(cells: pa.Array) -> Array:
    """Arrow's booleans as NumPy's, false where missing."""
    if cells.null_count:
        cells = pc.fill_null(cells, _FALSE)
    return _buffer(cells.cast(pa.uint8()), np.uint8).view(bool)


def objects(cells: pa.Array | Sequence[Any]) -> Array:
    """Cells as Python's values, None where missing; lists stay lists, of which NumPy would make an axis."""
    values = cells.to_pylist() if isinstance(cells, pa.Array | pa.ChunkedArray) else cells
    return np.fromiter(values, object, len(values))


def lengths(cells: pa.Array) -> Array:
    """The bytes of each text; of one that is missing, any number."""
    sizes: Array = np.diff(_offsets(cells))
    return sizes


def firsts(cells: pa.Array) -> Array:
    """The first byte of each text, 0 of an empty one; of one that is missing, any byte."""
    starts, data = _offsets(cells), cells.buffers()[2]
    if not data:
        return np.zeros(len(cells), np.uint8)
    found: Array = np.frombuffer(data, np.uint8).take(starts[:-1], mode="clip")
    found *= starts[1:] != starts[:-1]
    return found


class Begun:
    """Texts of which only the first byte and the length are looked at: few are worth a regular expression."""

    def __init__(self, cells: pa.Array) -> None:
        self.cells = cells

    @cached_property
    def _firsts(self) -> bytes:
        return firsts(self.cells).tobytes()

    @cached_property
    def packed(self) -> pa.DictionaryArray:
        """The texts by their distinct ones."""
        return self.cells.dictionary_encode()

    def mostly_with(self, begins: bytes) -> bool:
        """Whether most texts begin with one of some bytes."""
        return 2 * int(self.which(begins).sum()) > len(self.cells)

    def any_with(self, begins: bytes) -> bool:
        """Whether a text begins with one of some bytes."""
        return len(self._firsts.translate(None, begins)) < len(self._firsts)

    def which(self, begins: bytes) -> Array:
        """Which texts begin with one of some bytes."""
        flags = bytes(byte in begins for byte in range(256))
        return np.frombuffer(self._firsts.translate(flags), bool)

    def among(self, words: pa.Array) -> Array:
        """Which texts are one of some words; only those that begin so, and are no longer, are looked up."""
        sizes, longest = lengths(self.cells), lengths(words).max()
        found: Array = (sizes == 0) & (lengths(words) == 0).any()
        begins = bytes(set(firsts(words)[lengths(words) > 0].tolist()))
        if begins and self.any_with(begins):
            maybe = np.flatnonzero(self.which(begins) & (sizes <= longest))
            found[maybe] = flags(pc.is_in(self.cells.take(numbers(maybe)), words))
        if self.cells.null_count:
            found &= flags(pc.is_valid(self.cells))
        return found


def without(cells: pa.Array, gaps: Array) -> pa.Array:
    """Texts of which some are missing, in whose place they stay: nothing is copied."""
    valid = ~gaps
    if cells.null_count:
        valid &= flags(pc.is_valid(cells))
    _, offsets, data = cells.buffers()
    size = 8 if pa.types.is_large_string(cells.type) else 4
    return pa.Array.from_buffers(
        cells.type, len(cells), [_validity(valid), offsets.slice(size * cells.offset), data]
    )


def _offsets(cells: pa.Array) -> Array:
    kind: Any = np.int64 if pa.types.is_large_string(cells.type) else np.int32
    if not len(cells):
        return np.zeros(1, kind)
    size = np.dtype(kind).itemsize
    found: Array = np.frombuffer(cells.buffers()[1], kind, len(cells) + 1, size * cells.offset)
    return found


def is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def any_true(values: pa.Array) -> bool:
    return bool(pc.any(values).as_py())


def _buffer(cells: pa.Array, kind: Any) -> Array:
    size = np.dtype(kind).itemsize
    found: Array = np.frombuffer(cells.buffers()[1] or b"", kind, len(cells), size * cells.offset)
    return found


NULL = pa.nulls(1, pa.string())[0]
_NAN = pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]
_MINUS_ONE = numbers(np.array([-1]))[0]
_FALSE = booleans(np.zeros(1, bool))[0]
