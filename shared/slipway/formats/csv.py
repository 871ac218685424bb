"""text/csv (RFC 4180): UTF-8 unless `charset` says otherwise; a header is detected unless `header` says."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np
import orjson

from slipway.errors import UserError
from slipway.formats import csv_file, csv_lenient, csv_pieces, csv_request, digits
from slipway.formats.base import Format, Piece, Reading, after, line_blocks, stream_of
from slipway.formats.charset import utf8
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.raw import Raw, block

_QUOTED = re.compile('[,"\r\n\ufeff]')  # the last would pass for a byte order mark
_FORMULA = re.compile(r"[=@\t\r]|[-+](?!\.?[0-9][-+0-9.eE]*$)")
_WIDE = ("utf-16", "utf_16", "utf-32", "utf_32")


class CSV(Format):
    """Lines of cells."""

    media_type = "text/csv"
    aliases = ("csv", "application/csv", "text/tab-separated-values")
    suffixes = (".csv", ".tsv")
    lines = True
    splices = True
    typed = False

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        schema = reading.schema
        if schema is None:
            return csv_file.joined(list(self.blocks(stream_of(body), media, reading)))
        # With errors kept each line is answered, a blank one too, which the strict way passes over.
        strict = reading.errors is None or not csv_request.has_blank(body)
        if strict and reading.numeric:
            matrix = csv_request.read_matrix(body, media, schema)
            if matrix is not None:
                return block(matrix)
        if strict:
            try:
                return csv_request.read(utf8(body, media, above=reading.above), media, schema, reading)
            except UserError as error:
                if reading.errors is None or error.status != UserError.status:
                    raise
        return csv_lenient.read(utf8(body, media, lenient=True), media, schema, reading)

    def blocks(self, stream: IO[bytes], media: MediaType, reading: Reading) -> Iterator[Raw]:
        if reading.schema is not None:
            yield self.read(stream.read(), media, reading)
            return
        if not media.parameters.get("charset", "").lower().startswith(_WIDE):
            pieces = line_blocks(stream, quoted=True)
        else:  # of which a line does not end with a byte of its own
            pieces = iter([utf8(stream.read(), media)])
            media = MediaType(media.essence, {**media.parameters, "charset": "utf-8"})
        file = csv_file.File(media, reading)
        done = 0
        for piece in pieces:
            with after(done):
                found = file.read(utf8(piece, media))
                done += found.height
                yield found

    def is_cut(self, media: MediaType) -> bool:
        return csv_pieces.has_lines(media)

    def cut(self, body: bytes, media: MediaType, reading: Reading, size: int) -> Iterator[Piece] | None:
        return csv_pieces.cut(body, media, reading, size)

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """One line per row, ending in a newline, an empty cell where missing; a header if `header=present`.

        Texts go back as they came, also those that a spreadsheet would run, unless `formulas=escaped`.
        """
        if media.parameters.get("formulas", "").lower() == "escaped":
            columns = {_escaped(name): _escaped_column(column) for name, column in columns.items()}
        head = b""
        if media.parameters.get("header", "").lower() == "present":
            head = b",".join(_quoted(name) for name in columns) + b"\n"
        first, *more = columns.values()
        if not len(first):
            return head
        if more:
            written = b"\n".join(map(b",".join, zip(*map(_cells, columns.values()), strict=True)))
        elif first.dtype.kind in "iu" and digits.is_plain(first):
            written = digits.joined(first).replace(b",", b"\n")
        else:
            # An empty line would not be a row.
            written = b"\n".join([cell or b'""' for cell in _cells(first)])
        return head + written + b"\n"


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


def _escaped_column(column: Array) -> Array:
    return column if column.dtype.kind != "O" else np.fromiter(map(_escaped, column), object, len(column))


def _escaped(cell: Any) -> Any:
    """A text with a mark before it by which spreadsheets show it; numbers as they are.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def _text(cell: Any) -> str:
    if cell is None or cell != cell:
        return ""
    return cell if isinstance(cell, str) else orjson.dumps(cell).decode()


def _quoted(text: str) -> bytes:
    return ('"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text).encode()
