"""text/csv (RFC 4180): UTF-8 unless `charset` says otherwise; a header is detected unless `header` says."""

import codecs
import csv
import io
import re
from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv as arrow_csv

from slipway.cells import Array
from slipway.codecs import digits, header
from slipway.errors import NoRows, UserError, shown
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

_QUOTED = re.compile('[,"\r\n\ufeff]')  # the last would pass for a byte order mark
# Of Python's codecs those that are encodings of text: others unescape, or take quadratic time.
_CHARSETS = ("utf-8", "utf-16", "utf-32", "ascii", "iso8859", "latin", "cp125")
_CUT = re.compile(r"\s*\d+\s*[;\t|]\s*[-+]?\d+\s*")
_BOM = b"\xef\xbb\xbf"
csv.field_size_limit(1 << 30)  # by default a text beyond 128 KiB would raise


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The cells as sent, all strings. `schema` tells names from a row, or else the whole table is asked."""
    body = utf8(body, media)
    first = first_record(body)
    if schema and len(first) == 1 < len(schema.columns):
        _check_delimiter(first[0])
    columns = strings(body, len(first))
    if len(columns) > 1:
        _check_decimals(columns)
    if header.stands_first(first, columns, media, schema):
        names = [name.strip() for name in first]
        return Sheet([column[1:] for column in columns], len(columns[0]) - 1, names)
    return Sheet(columns, len(columns[0]))


def write(columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
    """One line a row, ending in a newline, no header unless `header=present`; an empty cell where missing."""
    head = b""
    if media.parameters.get("header", "").lower() == "present":
        head = b",".join(_quoted(name) for name in columns) + b"\n"
    first, *more = columns.values()
    if not len(first):
        return head
    if more:
        lines = b"\n".join(map(b",".join, zip(*map(_cells, columns.values()), strict=True)))
    elif first.dtype.kind in "iu" and digits.is_plain(first):
        lines = digits.joined(first).replace(b",", b"\n")
    else:
        lines = b"\n".join([cell or b'""' for cell in _cells(first)])  # an empty line would not be a row
    return head + lines + b"\n"


def utf8(body: bytes, media: MediaType) -> bytes:
    """`body` as UTF-8 without a byte order mark. Raises UserError when it is in another charset."""
    charset = media.parameters.get("charset", "utf-8")
    try:
        if not is_charset(charset):
            raise LookupError
        text = body.decode(charset)
        if charset.lower() not in {"utf-8", "utf8"}:
            body = text.encode()
    except LookupError:
        raise UserError(
            f"Content-Type: unknown charset {shown(charset)}; expected utf-8, iso-8859-1, …"
        ) from None
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"line {line} is not {charset}: byte 0x{body[error.start]:02x}; send UTF-8, "
            "or name the encoding in the content type, as in text/csv; charset=iso-8859-1"
        ) from None
    except UnicodeError:  # utf-7 may hold halves of characters
        raise UserError(f"the body is not text in the charset {shown(charset)}") from None
    return body.removeprefix(_BOM)


def is_charset(name: str) -> bool:
    """Whether bytes may come in it."""
    try:
        return codecs.lookup(name).name.startswith(_CHARSETS)
    except LookupError:
        return False


def first_record(body: bytes) -> list[str]:
    """The first line that is not blank, split. Raises NoRows when there is none."""
    for record in csv.reader(_lines(body)):
        if record:
            return record
    raise NoRows("the CSV is empty")


def _check_delimiter(line: str) -> None:
    mark = next((mark for mark in ";\t|" if mark in line), None)
    if mark:
        raise UserError(
            f"the first line is one cell; its values look separated by {mark!r}, and CSV needs commas"
        )


def _check_decimals(columns: list[pa.Array]) -> None:
    """1,5;2,5 is cut at its commas into 1, "5;2" and 5: numbers all, but not the ones that were meant."""
    for column in columns:
        seen = [column[row].as_py() for row in range(min(3, len(column)))][-2:]
        if seen and all(_CUT.fullmatch(cell) for cell in seen):
            raise UserError(
                f"cells such as {shown(seen[0])} look like numbers with decimal commas; "
                "CSV needs commas between cells and points in numbers"
            )


def strings(body: bytes, width: int) -> list[pa.Array]:
    """Every record as strings, the first included; blank lines are rows only where a row is one cell."""
    names = [str(place) for place in range(width)]
    if width == 1:
        body = body.strip(b"\r\n")
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(body),
            arrow_csv.ReadOptions(
                use_threads=False, column_names=names, block_size=max(1 << 20, len(body) + 1)
            ),
            arrow_csv.ParseOptions(newlines_in_values=b'"' in body, ignore_empty_lines=width > 1),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        raise _ragged(body, width) from None
    if body.count(b'"') % 2:
        _check_quotes(body)
    return [column.combine_chunks() for column in table.columns]


def _check_quotes(body: bytes) -> None:
    """Arrow takes a quote that is never closed as one long cell: rows would be lost without a word."""
    reader, last = csv.reader(_lines(body), strict=True), 0
    try:
        for _ in reader:
            last = reader.line_num
    except csv.Error as error:
        raise UserError(f"line {last + 1}: a quote opens or closes in a wrong place: {error}") from None


def _ragged(body: bytes, width: int) -> UserError:
    """Reads again, slowly, to say which line does not have as many cells as the first."""
    reader = csv.reader(_lines(body))
    for record in reader:
        if record and len(record) != width:
            came = f"{len(record)} {'cell' if len(record) == 1 else 'cells'}"
            return UserError(f"line {reader.line_num}: {came}, expected {width} as in the first line")
    return UserError("the CSV does not parse: a quote is not closed, or a line breaks inside a cell")


def _lines(body: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")


def _cells(column: Array) -> list[bytes]:
    """The cells of one answer column."""
    if digits.is_plain(column):
        return digits.joined(column).replace(b"null", b"").split(b",")
    texts = [cell if type(cell) is str else _text(cell) for cell in column.tolist()]
    # Most columns have nothing to quote, and all cells at once tell so in half the time.
    joined = "\0".join(texts)
    if joined.count("\0") >= len(texts) or _QUOTED.search(joined):
        return [_quoted(text) for text in texts]
    return joined.encode().split(b"\0")


def _text(cell: Any) -> str:
    if cell is None or cell != cell:
        return ""
    return cell if isinstance(cell, str) else orjson.dumps(cell).decode()


def _quoted(text: str) -> bytes:
    return ('"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text).encode()
