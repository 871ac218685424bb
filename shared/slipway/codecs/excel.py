"""Excel workbooks, .xlsx and .xls: the first sheet, read as the CSV that it would be saved as."""

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

from slipway import cells
from slipway.cells import Array
from slipway.codecs import header
from slipway.errors import NoRows, PayloadTooLarge, UserError
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

_MOST_BYTES = 1 << 30  # unpacked: .xlsx is a zip, where a few bytes can stand for any number of equal ones


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The cells as texts; whether the first row is a header is told as in CSV."""
    from python_calamine import CalamineWorkbook  # few requests are Excel

    if not body:
        raise NoRows("the body is empty")
    _check_size(body)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=True)
    except BaseException as error:
        # Its errors are of many kinds; a panic of its parser is no Exception even, and must end no worker.
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise UserError(f"the body is not an Excel workbook: {' '.join(str(error).split())[:120]}") from None
    rows = [row for row in rows if any(cell != "" for cell in row)]
    if not rows:
        raise NoRows("the first sheet is empty")
    columns = [cells.strings([_text(cell) for cell in column]) for column in zip(*rows, strict=True)]
    first = [column[0].as_py() for column in columns]
    if header.stands_first(first, columns, media, schema):
        names = [name.strip() for name in first]
        return Sheet([column[1:] for column in columns], len(rows) - 1, names)
    return Sheet(columns, len(rows))


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """Nothing to gain: the workbook has to be unpacked either way."""
    return None


def _check_size(body: bytes) -> None:
    if not body.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise UserError("the body is not an Excel workbook: it is no whole zip file") from None
    if unpacked > _MOST_BYTES:
        raise PayloadTooLarge(f"the workbook unpacks to {unpacked} bytes; expected at most {_MOST_BYTES}")


def _text(cell: Any) -> str:
    """A cell as Excel writes it to a CSV: 1 for the number 1.0, an ISO date, 1 and 0 for true and false."""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return str(cell)
