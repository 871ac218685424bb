"""Excel workbooks, .xlsx and .xls: the first sheet, read in a process of its own.

The reader aborts where a sheet asks for more memory than there is, which must end no worker.
"""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson

from slipway.errors import NoRows, PayloadTooLarge, UserError
from slipway.formats.base import Format, Reading, nonempty
from slipway.media import MediaType
from slipway.table import header
from slipway.table.raw import Raw

_MOST_BYTES = 1 << 30  # unpacked: .xlsx is a zip, where a few bytes can stand for any number of equal ones
_SECONDS = 60
_SHEET = str(Path(__file__).with_name("excel_sheet.py"))  # by its path: the package takes a second to import


class Excel(Format):
    """A workbook."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    aliases = ("xlsx", "xls", "application/vnd.ms-excel")
    suffixes = (".xlsx", ".xls")
    writes = False
    answered_in = "application/json"

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        """The cells of the first sheet; whether the first row is a header is told as in CSV."""
        _check(nonempty(body))
        rows = _rows(body, reading)
        if not rows:
            raise NoRows("the first sheet is empty")
        width = max(map(len, rows))
        reading.budget.check(len(rows), width, len(body), "the sheet")
        columns = [[row[place] if place < len(row) else None for row in rows] for place in range(width)]
        reading.budget.check_text(
            sum(len(cell) for column in columns for cell in column if isinstance(cell, str))
        )
        if not _headed(columns, media, reading):
            return Raw(columns, len(rows))
        names = [_text(column[0]).strip() for column in columns]
        return Raw([column[1:] for column in columns], len(rows) - 1, names)


def _headed(columns: list[list[Any]], media: MediaType, reading: Reading) -> bool:
    said = header.said(media)
    if said is not None:
        return said
    first = [_text(column[0]) for column in columns]
    if reading.schema is not None:
        return header.is_named(first, reading.schema, len(columns[0]) == 1)
    return header.looks_named(first, [[_text(cell) for cell in column[1:1001]] for column in columns])[0]


def _text(cell: Any) -> str:
    """A cell as Excel writes it to a CSV."""
    if cell is None:
        return ""
    return str(cell).upper() if isinstance(cell, bool) else str(cell)


def _check(body: bytes) -> None:
    if not body.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as parts:
            names = {part.filename for part in parts.infolist()}
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise UserError("the body is not an Excel workbook: it is no whole zip file") from None
    if not any(name.lower().startswith("xl/") for name in names):
        raise UserError("the body is not an Excel workbook: the zip file holds another kind of document")
    if unpacked > _MOST_BYTES:
        raise PayloadTooLarge(f"the workbook unpacks to {unpacked} bytes; expected at most {_MOST_BYTES}")


def _rows(body: bytes, reading: Reading) -> list[list[Any]]:
    memory = min(2 << 30, 256 * (1 << 20) + 16 * len(body) + 64 * reading.budget.cells // 4)
    try:
        done = subprocess.run(
            [sys.executable, "-I", _SHEET, str(memory), str(reading.budget.cells)],
            input=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PayloadTooLarge(f"the workbook takes more than {_SECONDS} s to read") from None
    if done.returncode < 0 or not done.stdout:
        raise PayloadTooLarge("the first sheet spans more cells than there is memory for")
    found = orjson.loads(done.stdout)
    if isinstance(found, list):
        return found
    if found.get("large"):
        raise PayloadTooLarge(f"the first sheet {found['large']}")
    raise UserError(f"the body is not an Excel workbook: {found['error']}")
