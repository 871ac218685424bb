"""Excel workbooks, .xlsx and .xls: the first sheet, read in a process of its own.

The reader aborts where a sheet asks for more memory than there is, which must end no worker.
"""

import io
import zipfile
from typing import Any

import orjson

from slipway.errors import NoRows, PayloadTooLarge, UserError, shown
from slipway.formats import isolated
from slipway.formats.base import Format, Reading, nonempty
from slipway.media import MediaType
from slipway.table import header
from slipway.table.raw import Raw

# .xlsx is a zip, where a few bytes stand for any number of equal ones, and a sheet is a grid from its first
# cell to its last, however few are between.
_FREE_BYTES, _UNPACKS = 1 << 26, 64  # unpacked: of any workbook, and for each of its bytes
_FREE_CELLS, _SPANS = 1 << 16, 4  # of the grid: of any workbook, and for each unpacked byte
# Of the reader: for any workbook, for each of its bytes, at most.
_MEMORY, _TAKES, _MOST_MEMORY = 1 << 27, 128, 4 << 30
_SECONDS = 45  # less than a request may take


class Excel(Format):
    """A workbook."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    aliases = ("xlsx", "xls", "application/vnd.ms-excel")
    suffixes = (".xlsx", ".xls")
    writes = False
    answered_in = "application/json"

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        """The cells of the first sheet; whether the first row is a header is told as in CSV."""
        unpacked = _unpacked(nonempty(body))
        rows, notes = _rows(body, min(reading.budget.cells, _FREE_CELLS + _SPANS * unpacked))
        if not rows:
            raise NoRows("the first sheet is empty")
        width = max(map(len, rows))
        reading.budget.check(len(rows), width, len(body), "the sheet")
        columns = [[row[place] if place < len(row) else None for row in rows] for place in range(width)]
        reading.budget.check_text(
            sum(len(cell) for column in columns for cell in column if isinstance(cell, str)), len(body)
        )
        headed, note = _headed(columns, media, reading)
        notes += (note,) if note else ()
        if not headed:
            return Raw(columns, len(rows), notes=notes)
        names = [_text(column[0]).strip() for column in columns]
        return Raw([column[1:] for column in columns], len(rows) - 1, names, notes=notes)


def _headed(columns: list[list[Any]], media: MediaType, reading: Reading) -> tuple[bool, str]:
    first = [_text(column[0]) for column in columns]
    if reading.schema is not None:
        return header.of_request(first, reading.schema, media, len(columns[0]) == 1), ""
    below = [[_text(cell) for cell in column[1:1001]] for column in columns]
    return header.of_file(first, below, media, reading.first)


def _text(cell: Any) -> str:
    """A cell as Excel writes it to a CSV."""
    if cell is None:
        return ""
    return str(cell).upper() if isinstance(cell, bool) else str(cell)


def _unpacked(body: bytes) -> int:
    """The bytes of all parts. Raises UserError where they are no workbook's, PayloadTooLarge for too many."""
    if not body.startswith(b"PK"):
        return len(body)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as parts:
            names = {part.filename for part in parts.infolist()}
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise UserError("the body is not an Excel workbook: it is no whole zip file") from None
    if not any(name.lower().startswith("xl/") for name in names):
        raise UserError("the body is not an Excel workbook: the zip file holds another kind of document")
    most = _FREE_BYTES + _UNPACKS * len(body)
    if unpacked > most:
        raise PayloadTooLarge(f"the workbook unpacks to {unpacked} bytes; expected at most {most}")
    return unpacked


def _rows(body: bytes, cells: int) -> tuple[list[list[Any]], tuple[str, ...]]:
    """The rows of the first sheet, and a note where there are more."""
    memory = min(_MOST_MEMORY, _MEMORY + _TAKES * len(body))
    try:
        written = isolated.run("excel_sheet.py", body, _SECONDS, memory, cells)
    except isolated.TimedOutError:
        raise PayloadTooLarge(f"the workbook takes more than {_SECONDS} s to read") from None
    if written is None:
        raise PayloadTooLarge("the first sheet spans more cells than there is memory for")
    found = orjson.loads(written)
    if "rows" in found:
        first, *others = found["sheets"]
        note = f"of the workbook's {len(others) + 1} sheets the first, {shown(first)}, was read"
        return found["rows"], (note,) if others else ()
    if found.get("large"):
        raise PayloadTooLarge(f"the first sheet {found['large']}")
    raise UserError(f"the body is not an Excel workbook: {found['error']}")
