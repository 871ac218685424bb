"""The quick ways from a CSV of plain numbers to one array; they agree with the long way or give up."""

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as arrow_csv

from slipway import cells
from slipway.cells import Array
from slipway.media import MediaType
from slipway.schema import Schema

_PLAIN = b"0123456789+-.eE,\n"
_SMALL = 1 << 15  # bytes; below it orjson's parser is quicker than setting up Arrow's


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """An all-number table in the schema's order, without the detour through strings, where it is plain."""
    if media.parameters.keys() - {"charset"} or media.parameters.get("charset", "utf-8").lower() != "utf-8":
        return None
    width = len(schema.columns)
    line_end = body.find(b"\n")
    first = body[: line_end if line_end >= 0 else len(body)].rstrip(b"\r")
    if first.count(b",") != width - 1 or first.translate(None, _PLAIN) or width < 2:
        if first != ",".join(schema.names).encode() or width < 2:
            return None
        body = body[line_end + 1 :] if line_end >= 0 else b""
    if len(body) < _SMALL:
        return _small_matrix(body, width)
    return _large_matrix(body, width)


def _small_matrix(body: bytes, width: int) -> Array | None:
    """A few rows by way of JSON's grammar: 1 row of 20 numbers in 2 µs, against 300 for a DataFrame."""
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    if body.translate(None, _PLAIN):
        return None
    try:
        rows = orjson.loads(b"[[" + body.rstrip(b"\n").replace(b"\n", b"],[") + b"]]")
        matrix: Array = np.array(rows, dtype=np.float64)
    except ValueError:  # "+1", "1.", an empty cell, a ragged row: the long way knows what to say
        return None
    return matrix if matrix.shape[1] == width else None  # infinite it cannot be: orjson refuses 1e999


def _large_matrix(body: bytes, width: int) -> Array | None:
    names = [str(place) for place in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(body),
            arrow_csv.ReadOptions(
                use_threads=False, column_names=names, block_size=max(1 << 20, len(body) + 1)
            ),
            arrow_csv.ParseOptions(),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=cells.MISSING
            ),
        )
    except pa.ArrowInvalid:
        return None
    matrix = np.empty((table.num_rows, width), order="F")
    for place, column in enumerate(table.columns):
        matrix[:, place] = cells.floats(column.chunk(0)) if column.num_chunks == 1 else column.to_numpy()
    return None if np.isinf(matrix).any() else matrix
