"""application/x-npy: one NumPy array of numbers, never a pickle."""

import io
from collections.abc import Mapping
from tokenize import TokenError
from zipfile import BadZipFile

import numpy as np

from slipway.cells import Array
from slipway.errors import NoRows, NotAcceptable, UserError, listed
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

# What np.load raises over bytes that are no array: for its header's text, a broken archive, a huge shape.
_MALFORMED = (ValueError, TypeError, SyntaxError, TokenError, EOFError, OSError, BadZipFile, MemoryError)


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The columns of the array; one dimension is one row, or one column where the model reads one."""
    array = _array(body, schema)
    if array.dtype.kind == "U":
        return Sheet([list(map(str, column)) for column in array.T], len(array))
    return Sheet(list(np.ascontiguousarray(array.T, dtype=np.float64)), len(array))


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """The array itself."""
    array = _array(body, schema)
    if array.dtype.kind not in "fiub" or array.shape[1] != len(schema.columns):
        return None
    matrix = array.astype(np.float64)
    return None if np.isinf(matrix).any() else matrix


def write(columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
    """Shape (rows, answer columns): int64 if all are whole numbers, else float64."""
    texts = [name for name, column in columns.items() if column.dtype.kind not in "fiub"]
    if texts:
        raise NotAcceptable(f"application/x-npy holds numbers only, and the answer has {listed(texts)}")
    buffer = io.BytesIO()
    np.save(buffer, np.column_stack(list(columns.values())), allow_pickle=False)
    return buffer.getvalue()


def _array(body: bytes, schema: Schema | None) -> Array:
    if not body:
        raise NoRows("the body is empty")
    try:
        array: Array = np.load(io.BytesIO(body), allow_pickle=False)
    except _MALFORMED:
        raise UserError("the body is not an .npy array of numbers (pickled objects are refused)") from None
    if not isinstance(array, np.ndarray):
        raise UserError("the body is an .npz archive; expected one .npy array")
    if array.ndim and len(array) > len(body):  # rows of nothing, which take no bytes
        raise UserError(f"the .npy array claims {len(array)} rows in {len(body)} bytes")
    if array.ndim == 1:
        array = array[:, None] if schema is not None and len(schema.columns) == 1 else array[None, :]
    if array.ndim != 2 or array.dtype.kind not in "fiubU":
        raise UserError(
            f"expected an array of shape (rows, columns), got shape {array.shape} of {array.dtype}"
        )
    return array
