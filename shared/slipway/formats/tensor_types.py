"""The Open Inference Protocol's datatypes: cells from a tensor's data, as JSON or as bytes, and back."""

import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from slipway.errors import UserError, shown
from slipway.table.arrow import Array

NUMPY: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("u1"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""How a number's bytes lie; BYTES are texts, each after its length."""
DATATYPES = (*NUMPY, "BYTES")
_LENGTH = struct.Struct("<I")
_NONE = type(None)
_TYPES: dict[str, set[type]] = {
    "B": {bool, _NONE},
    "U": {int, _NONE},
    "I": {int, _NONE},
    "F": {int, float, _NONE},
}
_EXPECTED = {"B": "true or false", "U": "a whole number", "I": "a whole number", "F": "a number"}
_BUFFERS = {"U": "u", "I": "i", "F": "d"}  # of simdjson, by a datatype's first letter

Cells = Array | list[Any]
"""The cells of a tensor in its order: an array of numbers or booleans, or a list of values."""


def from_bytes(data: bytes, datatype: str, count: int, name: str) -> Cells:
    """`count` cells from a tensor's bytes. Raises UserError where they are more or fewer."""
    if datatype == "BYTES":
        return _texts(data, count, name)
    kind = NUMPY[datatype]
    if len(data) != count * kind.itemsize:
        raise UserError(
            f"input {shown(name)}: its shape and {datatype} take {count * kind.itemsize} bytes, "
            f"its binary data has {len(data)}"
        )
    cells: Array = np.frombuffer(data, kind)
    return cells.astype(bool) if datatype == "BOOL" else cells


def _texts(data: bytes, count: int, name: str) -> list[str]:
    found: list[str] = []
    at, end = 0, len(data)
    while at + 4 <= end and len(found) < count:
        (length,) = _LENGTH.unpack_from(data, at)
        at += 4 + length
        if at > end:
            break
        try:
            found.append(data[at - length : at].decode())
        except UnicodeDecodeError:
            raise UserError("a text is not UTF-8", len(found) + 1, name) from None
    if len(found) != count or at != end:
        raise UserError(
            f"input {shown(name)}: expected {count} texts in its binary data, each after its length"
        )
    return found


def from_json(data: Any, datatype: str, shape: Sequence[int], name: str) -> Cells:
    """The cells of a `data` array, flat or nested as `shape` has it. One of plain numbers may be simdjson's.

    Raises UserError where they are more or fewer, or nested otherwise.
    """
    width = shape[1] if len(shape) > 1 else 1
    count = shape[0] * width
    if not isinstance(data, list):
        cells = _buffer(data, datatype, shape[0], width)
        if cells is not None:
            return cells
        data = data.as_list()
    if list in set(map(type, data)):
        if any(type(row) is not list or len(row) != width for row in data):
            raise UserError(f"input {shown(name)}: its data is not nested as its shape {list(shape)} says")
        data = list(chain.from_iterable(data))
    if len(data) != count:
        raise UserError(
            f"input {shown(name)}: its shape {list(shape)} takes {count} cells, its data has {len(data)}"
        )
    found: list[Any] = data
    return found


def is_nested(data: Any) -> bool:
    """Whether the first cell of simdjson's array is an array, a row."""
    return hasattr(data, "as_buffer") and len(data) > 0 and hasattr(data[0], "as_buffer")


def _buffer(data: Any, datatype: str, rows: int, width: int) -> Array | None:
    """Plain numbers as simdjson has them; None where a cell is none, or they are not `rows` of `width`."""
    kind = _BUFFERS.get(datatype[0])
    if kind is None:
        return None
    try:
        if is_nested(data) and (len(data) != rows or {len(row) for row in data} != {width}):
            return None
        found: Array = np.frombuffer(data.as_buffer(of_type=kind), np.dtype(f"{kind.replace('d', 'f')}8"))
    except (TypeError, ValueError, RuntimeError):
        return None
    return found if len(found) == rows * width else None


def misfits(cells: Cells, datatype: str, width: int, name: str) -> dict[int, UserError]:
    """What is wrong with cells that are not of the datatype, by their rows; `width` cells are a row."""
    if not isinstance(cells, list) or datatype == "BYTES":
        return {}
    kind = datatype[0]
    fit = _TYPES[kind]
    if set(map(type, cells)) <= fit:
        return {}
    found: dict[int, UserError] = {}
    for place, cell in enumerate(cells):
        if type(cell) not in fit and not (kind in "UI" and type(cell) is float and cell.is_integer()):
            message = f"expected {_EXPECTED[kind]}, as its datatype is {datatype}; got {shown(cell)}"
            found.setdefault(place // width, UserError(message, place // width + 1, name))
    return found


def to_bytes(cells: Cells, datatype: str) -> bytes:
    """The cells of an answer as a tensor's bytes; a missing text is an empty one, a missing number NaN."""
    if datatype == "BYTES":
        texts = [b"" if cell is None else cell.encode() for cell in cells]
        return b"".join(chain.from_iterable((_LENGTH.pack(len(text)), text) for text in texts))
    if isinstance(cells, list):
        cells = np.array([np.nan if cell is None else cell for cell in cells])
    return bytes(np.ascontiguousarray(cells, NUMPY[datatype]).tobytes())
