"""application/x-npy: one NumPy array of numbers, never a pickle."""

import io
import math
from collections.abc import Mapping
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy

from slipway.errors import NotAcceptable, UserError, listed
from slipway.formats.base import Format, Reading, nonempty
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.raw import Raw
from slipway.table.schema import Schema

# What reading a header raises over bytes that are none.
_MALFORMED = (
    ValueError,
    TypeError,
    SyntaxError,
    TokenError,
    EOFError,
    OSError,
    OverflowError,
    RecursionError,
    MemoryError,
)


class NPY(Format):
    """An array of shape (rows, columns)."""

    media_type = "application/x-npy"
    aliases = ("npy",)
    suffixes = (".npy",)
    texts = False

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        """The columns of the array; one dimension is one row, or one column where the model reads one."""
        array = _array(nonempty(body), reading)
        if array.dtype.kind == "U":
            return Raw([_texts(column) for column in array.T], len(array))
        found = reading.block(array.astype(np.float64)) if reading.numeric else None
        return found or Raw(list(np.ascontiguousarray(array.T)), len(array))

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """Shape (rows, answer columns): int64 if all are whole numbers, else float64."""
        numbers = {name: _numbers(column) for name, column in columns.items()}
        texts = [name for name, column in numbers.items() if column is None]
        if texts:
            raise NotAcceptable(f"application/x-npy holds numbers only, and the answer has {listed(texts)}")
        buffer = io.BytesIO()
        matrix = np.column_stack([one for one in numbers.values() if one is not None])
        np.save(buffer, matrix, allow_pickle=False)
        return buffer.getvalue()


def _numbers(column: Array) -> Array | None:
    """An answer column of numbers, NaN where missing; None where it is one of texts, or of nothing."""
    if column.dtype.kind in "fiub":
        return column
    cells = column.tolist() if column.ndim == 1 else []
    given = [cell for cell in cells if cell is not None]
    if not given or any(type(cell) not in (bool, int, float) for cell in given):
        return None
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _array(body: bytes, reading: Reading) -> Array:
    shape, fortran, kind, start = _header(body)
    if kind.kind not in "fiubU" or kind.itemsize == 0 or len(shape) not in {1, 2}:
        raise UserError(f"expected an array of shape (rows, columns), got shape {shape} of {kind}"[:200])
    if min(shape) < 0:
        raise UserError(f"expected an array of shape (rows, columns), got shape {shape}"[:200])
    size = math.prod(shape) * kind.itemsize
    if size > len(body) - start:
        raise UserError(f"the .npy array claims {size} bytes and has {len(body) - start}")
    if len(shape) == 1:
        shape = (shape[0], 1) if _reads_one(reading.schema) else (1, shape[0])
        fortran = False
    reading.budget.check(shape[0], max(1, shape[1]), len(body), "the .npy array")
    if not shape[1]:  # rows of nothing, which take no bytes
        raise UserError(f"the .npy array has {shape[0]} rows of no columns")
    flat: Array = np.frombuffer(body, kind, math.prod(shape), start)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(body: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order and type, and where the numbers begin; nothing is read that the header does not hold."""
    stream = io.BytesIO(body[: 1 << 16])
    if body.startswith(b"PK"):
        raise UserError("the body is an .npz archive; expected one .npy array")
    try:
        version = npy.read_magic(stream)
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, kind = reader(stream, max_header_size=10_000)
        if kind.hasobject:
            raise ValueError(kind)
    except _MALFORMED:
        raise UserError("the body is not an .npy array of numbers (pickled objects are refused)") from None
    return shape, fortran, kind, stream.tell()


def _texts(column: Array) -> list[str]:
    """Texts, each as UTF-8 can hold it. Raises UserError for code points that are none."""
    try:
        return [str(cell) for cell in column]
    except (ValueError, SystemError):
        raise UserError("the .npy array holds texts with code points that are none") from None


def _reads_one(schema: Schema | None) -> bool:
    return schema is not None and len(schema.columns) == 1
