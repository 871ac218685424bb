"""Quotes that open or close in a wrong place, which Arrow reads in some way without a word."""

import csv
import io

import numpy as np
import pyarrow as pa

from slipway.errors import UserError
from slipway.table import arrow

_QUOTE = 34
_ENDS = b'\n\r"'


def check(body: bytes, mark: str, last: pa.Array, before: int) -> None:
    """Raises UserError for a CSV with a quote in a wrong place: cells, even rows would be lost.

    `last` are the cells of the last column, `before` the lines of the file above `body`.
    """
    if not (_may_be_wrong(body, mark) or _is_open(last, body)):
        return
    reader, done = csv.reader(lines(body), delimiter=mark, strict=True), 0
    try:
        for _ in reader:
            done = reader.line_num
    except csv.Error as error:
        raise UserError(
            f"line {before + done + 1}: a quote opens or closes in a wrong place: {error}"
        ) from None


def lines(body: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")


def _may_be_wrong(body: bytes, mark: str) -> bool:
    """Whether a quote neither begins nor ends a cell, nor stands next to another: a quick hint."""
    found = np.frombuffer(body, np.uint8)
    places = np.flatnonzero(found == _QUOTE)
    if len(places) % 2:
        return True
    opens, closes = places[::2], places[1::2]
    if len(places):  # where the body begins and ends, a cell does
        opens, closes = opens[int(opens[0] == 0) :], closes[: -1 if closes[-1] == len(found) - 1 else None]
    ends = np.zeros(256, bool)
    ends[list(_ENDS + mark.encode())] = True
    return not (ends[found[opens - 1]].all() and ends[found[closes + 1]].all())


def _is_open(last: pa.Array, body: bytes) -> bool:
    """Whether the last cell of all goes on over lines and does not end with a quote."""
    if not len(last) or not arrow.is_text(last.type) or body[-64:].rstrip().endswith(b'"'):
        return False
    cell = last[-1].as_py() or ""
    return "\n" in cell or "\r" in cell
