"""A CSV that a model answers: read by the columns that it knows, numbers as such where that is plain."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from slipway.errors import UserError
from slipway.formats import csv_cells
from slipway.formats.base import Direct, Reading, head
from slipway.media import MediaType
from slipway.table import dialect, header
from slipway.table.arrow import Array
from slipway.table.dialect import COMMAS, Dialect
from slipway.table.raw import Raw
from slipway.table.schema import Schema

_LINE_END = re.compile(rb"\r\n|\n|\r")  # as all readers have it
_PLAIN = b"0123456789+-.eE,\n"


def read(body: bytes, media: MediaType, schema: Schema, reading: Reading) -> Raw:
    """A request, by the columns that the model reads."""
    mark = request_dialect(body, media, schema).mark
    first = csv_cells.first_record(body, mark)
    width = len(first)
    reading.budget.check(body.count(b"\n") + 1, width, len(body), "the CSV")
    if width > 4 * schema.widest + 1000:
        raise UserError(f"the first line has {width} cells; the model reads {len(schema.columns)} columns")
    rows = body.strip(b"\r\n")
    alone = b"\n" not in rows and b"\r" not in rows
    headed = header.of_request(first, schema, media, alone)
    names = [name.strip() for name in first] if headed else None
    # That columns do not fit is worth more words than an uneven line.
    positions = schema.positions(names, width)
    if len(body) >= csv_cells.SMALL and not reading.keep:
        found = _direct(without_first(body) if names else body, body, mark, positions, width, reading)
        if found is not None:
            return Raw(found, len(next(one for one in found if one is not None)), names, written=True)
    columns = csv_cells.texts(body, mark, width, reading.above)
    height = len(columns[0]) - bool(names)
    return Raw([column[1:] for column in columns] if names else columns, height, names, written=True)


def _direct(
    rows: bytes, body: bytes, mark: str, positions: Sequence[int | None], width: int, reading: Reading
) -> list[Any] | None:
    """The `rows` of a large request with its numbers read as such; None where a cell is in the way."""
    assert reading.schema is not None
    direct: list[Direct] = [""] * width
    for position, column in zip(positions, reading.schema.columns, strict=True):
        if position is not None and column.plain:
            direct[position] = "number"
    wanted = sorted({position for position in positions if position is not None})
    if not rows.strip() or not wanted:
        return None
    before = reading.above + lines(body[: len(body) - len(rows)])
    try:
        return csv_cells.typed(rows, mark, direct, wanted=wanted, before=before)
    except pa.ArrowInvalid:
        return None


def without_first(body: bytes) -> bytes:
    """What follows the first line that is not blank, which may break inside quotes."""
    at = len(body) - len(body.lstrip(b"\r\n"))
    odd = 0
    for end in _LINE_END.finditer(body, at):
        odd ^= body.count(b'"', at, end.start()) % 2
        if not odd:
            return body[end.end() :]
        at = end.end()
    return b""


def lines(body: bytes) -> int:
    """How many lines end in `body`."""
    return sum(1 for _ in _LINE_END.finditer(body)) if b"\r" in body else body.count(b"\n")


def request_dialect(body: bytes, media: MediaType, schema: Schema) -> Dialect:
    """How a request is written: with commas, if its first line then fits the model."""
    said = dialect.said(media)
    if said is not None:
        return said
    some = head(body).removesuffix(b"\n")
    if not any(mark.encode() in some for mark in dialect.MARKS[1:]):
        return COMMAS
    found = some.split(b"\n")
    commas = schema.fits(found[0].count(b",") + 1) and b'"' not in found[0]
    if commas and not has_commas(schema):
        return COMMAS
    return dialect.detect(found[:1000])


def has_commas(schema: Schema) -> bool:
    """Whether numbers of the model's are written with commas, so that these need not separate cells."""
    return any("," in column.style for column in schema.columns)


def has_blank(body: bytes) -> bool:
    """Whether a line is blank: the strict way passes over it, where an answer is owed for each line."""
    body = body.replace(b"\r", b"") if b"\r" in body else body
    return (
        body.startswith(b"\n")
        or b"\n\n" in body
        or (b" \n" in body and any(not line.strip() for line in body.splitlines()))
    )


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """An all-number table in the schema's order, without the detour through texts, where it is plain."""
    headed = None
    if media.parameters:
        if not _is_plain(media.parameters):
            return None
        headed = header.said(media)
    width = len(schema.columns)
    line_end = body.find(b"\n")
    first = body[: line_end if line_end >= 0 else len(body)].rstrip(b"\r")
    if headed or first.count(b",") != width - 1 or first.translate(None, _PLAIN) or width < 2:
        if headed is False or first != schema.header or width < 2:
            return None
        body = body[line_end + 1 :] if line_end >= 0 else b""
    elif headed is None and schema.named and line_end >= 0 and first == schema.header:
        return None  # numbers for names
    if len(body) < csv_cells.SMALL:
        return _small_matrix(body, width)
    return csv_cells.matrix(body, width)


def _is_plain(parameters: Mapping[str, str]) -> bool:
    """Whether what a media type says of a CSV leaves it UTF-8 with commas."""
    return (
        parameters.keys() <= {"charset", "delimiter", "header"}
        and parameters.get("charset", "utf-8").lower() == "utf-8"
        and parameters.get("delimiter", ",") == ","
    )


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
    if matrix.ndim != 2:
        return None
    return matrix if matrix.shape[1] == width else None  # infinite it cannot be: orjson refuses 1e999
