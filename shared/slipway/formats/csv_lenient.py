"""A CSV of which some lines are no rows: for `on_error=record`.

Each line counts, blank ones too, so that the answers have a line for every line.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from slipway.errors import UserError, counted
from slipway.formats import csv_cells
from slipway.formats.base import Reading
from slipway.formats.charset import LOST
from slipway.formats.csv_request import has_commas, request_dialect
from slipway.media import MediaType
from slipway.table import header
from slipway.table.raw import Raw
from slipway.table.schema import Schema

_LOST_BYTES = LOST.encode()


def read(body: bytes, media: MediaType, schema: Schema, reading: Reading) -> Raw:
    """The rows that can be read, with their places; what is wrong with the others goes into `reading.errors`.

    A line is a row, and one that ends inside a quote goes on where that makes a row of it.
    """
    assert reading.errors is not None
    lines = body.split(b"\n") if b"\n" in body else body.split(b"\r")
    if not lines[-1]:
        lines.pop()
    lines = [line.removesuffix(b"\r") for line in lines]
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    try:
        mark = request_dialect(b"\n".join(lines[start : start + 1000]), media, schema).mark
    except UserError:
        if has_commas(schema):
            raise
        mark = ","
    first = _cells(lines[start], mark) if lines else None
    names = None
    if first and header.of_request(first, schema, media, len(lines) - start == 1):
        names, lines = [name.strip() for name in first], lines[start + 1 :]
    before = start + 1 if names else 0
    width = len(names) if names else _width(lines, mark, schema)
    good: list[bytes] = []
    places: list[int] = []
    for place, (number, line) in enumerate(_records(lines, mark, width)):
        wrong = _wrong(line, mark, width)
        if wrong:
            reading.errors[place] = UserError(f"line {number + before + 1}: {wrong}")
        else:
            good.append(line or b'""')
            places.append(place)
    if names:  # that they do not fit is no row's fault
        schema.positions(names, width)
    columns = csv_cells.texts(b"\n".join(good) + b"\n", mark, width) if good else [[] for _ in range(width)]
    return Raw(columns, len(good), names, written=True, places=np.array(places, dtype=np.int64))


def _records(lines: Sequence[bytes], mark: str, width: int) -> Iterator[tuple[int, bytes]]:
    """The number of the first line of each record, and the record: mostly, a line."""
    number = 0
    odd = [place for place, line in enumerate(lines) if line.count(b'"') % 2]
    nexts = dict(pairwise(odd))
    while number < len(lines):
        last = number
        end = nexts.get(number)
        if end is not None and end - number < 1000:
            # The quote may close in the next line that has an odd number of them. If that makes no row, it
            # was one too many, and the lines between are rows of their own.
            joined = b"\n".join(lines[number : end + 1])
            if len(_cells(joined, mark) or ()) == width:
                last = end
        yield number, b"\n".join(lines[number : last + 1])
        number = last + 1


def _wrong(line: bytes, mark: str, width: int) -> str:
    """Why `line` is no row of `width` cells; nothing where it is one."""
    if not line.strip():
        return "" if width == 1 else "it is empty"
    if _LOST_BYTES in line:
        return "it holds bytes that are not of the charset"
    if b'"' not in line:
        if b"\r" in line or b"\0" in line:
            return "a control character stands inside the line"
        count = line.count(mark.encode()) + 1
    else:
        cells = _cells(line, mark)
        if cells is None:
            return "a quote opens or closes in a wrong place"
        count = len(cells)
    return "" if count == width else f"{counted(count, 'cell')}, expected {width}"


def _cells(record: bytes, mark: str) -> list[str] | None:
    """The cells of one record, None where its quotes are wrong."""
    try:
        found = list(csv.reader([record.decode()], delimiter=mark, strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else [] if not found else None


def _width(lines: Sequence[bytes], mark: str, schema: Schema) -> int:
    """How many cells a row has: what fits the model, in the first line where something does."""
    for line in lines[:10_000]:
        cells = _cells(line, mark)
        if cells and schema.fits(len(cells)):
            return len(cells)
    return len(schema.columns)
