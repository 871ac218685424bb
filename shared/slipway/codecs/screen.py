"""The rows of a request that can be read, and what is wrong with each other: for `on_error=record`.

Slower than the codecs' own ways, and taken only once those have failed. Each line counts, blank ones too, so
that the answers have a line for every line.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from slipway.cells import Array
from slipway.codecs import csv as csv_codec
from slipway.codecs import header, json
from slipway.errors import UserError, shown
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

_LOST = "\ufdd0"  # in the place of bytes that are no text: Unicode says that no text ever has it
_LOST_BYTES = _LOST.encode()


@dataclass(frozen=True)
class Screened:
    """A request, row by row."""

    sheet: Sheet
    """The rows that can be read."""
    places: Array
    """Where each of them stands in the request."""
    bad: dict[int, str] = field(default_factory=dict)
    """What is wrong with each other row, by its place."""
    headed: bool = False
    """Whether the columns' names came once for all rows: that they do not fit is no row's fault."""

    @classmethod
    def all_of(cls, sheet: Sheet) -> "Screened":
        """What came in a format that has no bad rows: it is whole, or none of it can be read."""
        return cls(sheet, np.arange(sheet.height), headed=sheet.names is not None)


def of_csv(body: bytes, media: MediaType, schema: Schema) -> Screened:
    """A line is a row, and one that ends inside a quote goes on where that makes a row of it."""
    body = _decoded(body, media)
    lines = body.split(b"\n") if b"\n" in body else body.split(b"\r")
    if not lines[-1]:
        lines.pop()
    lines = [line.removesuffix(b"\r") for line in lines]
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    first = _cells(lines[start]) if lines else None
    names = None
    if first and header.stands_first(first, [], media, schema):
        names, lines = [name.strip() for name in first], lines[start + 1 :]
    before = start + 1 if names else 0
    width = len(names) if names else _width(lines, schema)
    good: list[bytes] = []
    places: list[int] = []
    bad: dict[int, str] = {}
    for place, (number, line) in enumerate(_records(lines, width)):
        wrong = _wrong(line, width)
        if wrong:
            bad[place] = f"line {number + before + 1}: {wrong}"
        else:
            good.append(line or b'""')
            places.append(place)
    columns = csv_codec.strings(b"\n".join(good) + b"\n", width) if good else []
    return Screened(Sheet(columns, len(good), names), np.array(places, dtype=np.int64), bad, bool(names))


def of_lines(body: bytes, media: MediaType, schema: Schema) -> Screened:
    """JSON Lines."""
    lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    documents: list[Any] = []
    places: list[int] = []
    bad: dict[int, str] = {}
    for place, line in enumerate(lines):
        try:
            document = json.loads(line) if line.strip() else None
        except ValueError as error:
            bad[place] = f"line {place + 1} is not JSON: {error}"
            continue
        if isinstance(document, list | dict):
            documents.append(document)
            places.append(place)
        elif line.strip():
            bad[place] = f"line {place + 1}: expected an object or an array, got {shown(document)}"
        else:
            bad[place] = f"line {place + 1} is empty"
    return _rows(documents, places, bad, schema)


def of_json(body: bytes, media: MediaType, schema: Schema) -> Screened:
    """The rows of a document; one that is not JSON, or holds columns, has no single bad rows."""
    document = json.parsed(body)
    rows = document.get("instances") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not any(isinstance(row, list | dict) for row in rows):
        rows = json.rows_of(document, schema)
    if isinstance(rows, dict):  # of columns
        return Screened.all_of(json.sheet_of(rows))
    return _rows(rows, range(len(rows)), {}, schema)


def _rows(rows: Sequence[Any], places: Sequence[int], bad: dict[int, str], schema: Schema) -> Screened:
    """Rows of JSON: those of the kind of the first that has one, arrays of a length that fits."""
    built_in = json.is_built_in(next((row for row in rows if isinstance(row, dict)), None))
    found: list[tuple[int, Any]] = []
    for place, row in zip(places, rows, strict=True):
        try:
            found.append((place, json.features(row, place + 1, schema) if built_in else row))
        except UserError as error:
            bad[place] = str(error)
    kind = next((type(row) for _, row in found if isinstance(row, list | dict)), dict)
    widths = [len(row) for _, row in found if isinstance(row, list)]
    width = next((width for width in widths if _fits(width, schema)), len(schema.columns))
    good = []
    for place, row in found:
        if not isinstance(row, kind):
            expected = "an array" if kind is list else "an object"
            bad[place] = f"row {place + 1}: expected {expected} as in the other rows, got {shown(row)}"
        elif kind is list and len(row) != width:
            bad[place] = f"row {place + 1}: {len(row)} cells, expected {width}"
        else:
            good.append((place, row))
    sheet = json.sheet_of([row for _, row in good])
    return Screened(sheet, np.array([place for place, _ in good], dtype=np.int64), bad)


def _decoded(body: bytes, media: MediaType) -> bytes:
    """`body` as UTF-8, with a mark where its bytes are no text. Raises UserError for an unknown charset."""
    try:
        return csv_codec.utf8(body, media)
    except UserError:
        charset = media.parameters.get("charset", "utf-8")
        if not csv_codec.is_charset(charset):
            raise
        text = body.decode(charset, errors="replace")
        return text.replace("\ufffd", _LOST).encode(errors="replace").removeprefix(b"\xef\xbb\xbf")


def _records(lines: Sequence[bytes], width: int) -> Iterator[tuple[int, bytes]]:
    """The number of the first line of each record, and the record: mostly, a line."""
    number = 0
    while number < len(lines):
        last = number
        if lines[number].count(b'"') % 2:
            # The quote may close in the next line that has an odd number of them. If that makes no row, it
            # was one too many, and the lines between are rows of their own.
            end = next((at for at in range(number + 1, len(lines)) if lines[at].count(b'"') % 2), number)
            joined = b"\n".join(lines[number : end + 1])
            if end > number and len(_cells(joined) or ()) == width:
                last = end
        yield number, b"\n".join(lines[number : last + 1])
        number = last + 1


def _wrong(line: bytes, width: int) -> str:
    """Why `line` is no row of `width` cells; nothing where it is one."""
    if not line.strip():
        return "" if width == 1 else "it is empty"
    if _LOST_BYTES in line:
        return "it holds bytes that are not of the charset"
    if b'"' not in line:
        if b"\r" in line or b"\0" in line:
            return "a control character stands inside the line"
        count = line.count(b",") + 1
    else:
        cells = _cells(line)
        if cells is None:
            return "a quote opens or closes in a wrong place"
        count = len(cells)
    return "" if count == width else f"{count} {'cell' if count == 1 else 'cells'}, expected {width}"


def _cells(record: bytes) -> list[str] | None:
    """The cells of one record, None where its quotes are wrong."""
    try:
        found = list(csv.reader([record.decode()], strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else [] if not found else None


def _width(lines: Sequence[bytes], schema: Schema) -> int:
    """How many cells a row has: what fits the model, in the first line where something does."""
    for line in lines:
        cells = _cells(line)
        if cells and _fits(len(cells), schema):
            return len(cells)
    return len(schema.columns)


def _fits(width: int, schema: Schema) -> bool:
    try:
        schema.positions(None, width)
    except UserError:
        return False
    return True
