"""Large JSON arrays of plain numbers as one matrix: simdjson reads them in a quarter of orjson's time."""

from typing import Any

import numpy as np

from slipway.formats.base import count
from slipway.table.arrow import Array

LARGE = 1 << 15  # bytes; below it orjson is as quick
_OTHERWISE = (TypeError, ValueError, RuntimeError, KeyError, MemoryError)


def matrix(body: bytes, width: int) -> Array | None:
    """`[[1, 2], …]` or `{"instances": [[1, 2], …]}` as float64 of shape (rows, width); None for others.

    The flat buffer tells neither how deeply numbers were nested nor where rows end: both are looked at.
    """
    if b'"' in body[32:] or body[:1] not in (b"[", b"{"):  # texts, or objects for rows
        return None
    import simdjson  # most requests are small

    try:
        document: Any = simdjson.Parser().parse(body)
        if isinstance(document, simdjson.Object):
            document = document["instances"] if list(document.keys()) == ["instances"] else None
        if not isinstance(document, simdjson.Array):
            return None
        flat: Array = np.frombuffer(document.as_buffer(of_type="d"), np.float64)
        rows = count(body, b"[") - 1
        if rows < 1 or len(document) != rows or len(flat) != rows * width:
            return None
        found: list[Any] = list(document)
        if any(len(row) != width for row in found):
            return None
    except _OTHERWISE:
        return None
    return flat.reshape(rows, width)


def flat(text: bytes, width: int) -> Array | None:
    """`[1, 2, …]` as float64 of shape (rows, width); None for what is no array of numbers alone."""
    import simdjson

    try:
        document: Any = simdjson.Parser().parse(text)
        found: Array = np.frombuffer(document.as_buffer(of_type="d"), np.float64)
    except (*_OTHERWISE, AttributeError):
        return None
    return found.reshape(-1, width) if b"[" not in text[1:] and len(found) % width == 0 else None
