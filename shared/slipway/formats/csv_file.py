"""A training file of CSV, which says itself how it is written and whether it has a header."""

import re
from collections.abc import Sequence

import pyarrow as pa

from slipway.errors import NoRows, UserError
from slipway.formats import csv_cells
from slipway.formats.base import Reading, head
from slipway.formats.csv_request import lines, without_first
from slipway.media import MediaType
from slipway.table import dialect, header
from slipway.table.dialect import COMMAS
from slipway.table.plain import plain
from slipway.table.raw import Raw


class File:
    """A training file, block after block: its dialect and header are the first one's."""

    def __init__(self, media: MediaType, reading: Reading) -> None:
        self._media = media
        self._reading = reading
        self._typing: csv_cells.Typing | None = None
        self._dialect = COMMAS
        self._names: list[str] | None = None
        self._head = b""
        self._above = 0  # lines up to the first row
        self._blank = b""  # lines at a block's end, of which only a further row tells that they are cells

    def read(self, body: bytes) -> Raw:
        notes: tuple[str, ...] = ()
        before = 0
        if self._typing is None:
            body, notes = self._begin(body)
            before = self._above
        elif self._reading.joined and self._names:
            body = _without(body, self._head)
        assert self._typing is not None
        if len(self._typing.direct) == 1:
            body = self._without_blank_end(body)
        if not body.lstrip(b"\r\n"):  # which copies nothing, mostly
            return Raw(
                [pa.array([], pa.string())] * len(self._typing.direct),
                0,
                self._names,
                written=True,
                notes=notes,
            )
        columns = self._typing.read(body, self._dialect.mark, before)
        return Raw(columns, len(columns[0]), self._names, written=True, notes=notes)

    def _without_blank_end(self, body: bytes) -> bytes:
        """The rows of a single column: blank lines are gaps between them, and nothing at a file's end."""
        rows = body.rstrip(b"\r\n")
        if not rows:
            self._blank += body
            return b""
        body, self._blank = self._blank + rows, body[len(rows) :].removeprefix(b"\r").removeprefix(b"\n")
        return body

    def _begin(self, body: bytes) -> tuple[bytes, tuple[str, ...]]:
        """What follows the header, if there is one; how the file is written is known from here on."""
        reading, notes = self._reading, []
        if b"\n" not in body:  # an old Mac's file, which came as one piece
            body = body.replace(b"\r", b"\n")
        rows = head(body).split(b"\n")[:1001]
        self._dialect = dialect.said(self._media) or dialect.detect(rows)
        notes += [self._dialect.note] if self._dialect.note else []
        mark = self._dialect.mark
        first = csv_cells.first_record(body, mark)
        reading.budget.check(1, len(first), len(body), "the CSV")
        sample = _sample(body, rows, mark, len(first))
        below = [column[1:] for column in sample]
        if reading.joined:  # each of many objects may begin with the header
            below = _without_records(below, first)
        many = reading.joined and len(sample[0]) > 1
        headed, note = header.of_file(first, below, self._media, reading.first, many)
        notes += [note] if note else []
        if headed:
            self._names = [name.strip() for name in first]
            start = len(body) - len(body.lstrip(b"\r\n"))
            rest = without_first(body)
            self._head = body[start : len(body) - len(rest)].rstrip(b"\r\n")
            self._above = lines(body[: len(body) - len(rest)])
            body = _without(rest, self._head) if reading.joined else rest
        else:
            body = body.lstrip(b"\r\n")
        called = self._names or (reading.first.names if reading.first else None) or ()
        if len(called) != len(first):  # which is refused later, as the first file's are known
            called = numbered(len(first))
        stays = [name in reading.texts for name in called]
        self._typing = csv_cells.Typing(below if headed else sample, reading.missing, stays)
        return body, tuple(notes)


def _without_records(columns: Sequence[Sequence[str]], record: Sequence[str]) -> list[list[str]]:
    """Columns without the rows that are `record`."""
    rows = [
        row
        for row in zip(*columns, strict=True)
        if (row[0].removeprefix("\ufeff"), *row[1:]) != tuple(record)
    ]
    return [[row[place] for row in rows] for place in range(len(columns))]


def numbered(width: int) -> list[str]:
    """What columns without names are called."""
    return [f"column_{place}" for place in range(1, width + 1)]


def _sample(body: bytes, rows: list[bytes], mark: str, width: int) -> list[list[str]]:
    """The first rows by column, as far as they are even."""
    text = b"\n".join(rows)
    if text.count(b'"') % 2:  # cut inside a quoted cell
        text = text[: text.rfind(b'"')]
        text = text[: text.rfind(b"\n") + 1]
    try:
        return [list(column) for column in csv_cells.few(text.strip(b"\r\n"), mark, width)]
    except UserError:
        for end in range(len(rows) - 1, 0, -max(1, len(rows) // 8)):
            try:
                return csv_cells.few(b"\n".join(rows[:end]).strip(b"\r\n"), mark, width)
            except UserError:
                continue
        return csv_cells.texts(body, mark, width)


def _without(body: bytes, head: bytes) -> bytes:
    """The lines of `body` but those that are `head`, the header of each of many objects end to end."""
    if head not in body:
        return body
    mark = re.escape("\ufeff".encode())  # before each object, as some write it
    return re.sub(rb"(?m)^(?:%b)?%b(?:\r?\n|\r?\Z)" % (mark, re.escape(head)), b"", body)


def joined(found: list[Raw]) -> Raw:
    """The blocks of a body without a schema as one."""
    if not found:
        raise NoRows("the CSV is empty")
    if len(found) == 1:
        return found[0]
    columns = [
        pa.chunked_array([plain(one.columns[place]).cast(pa.string()) for one in found])
        for place in range(found[0].width)
    ]
    return Raw(columns, sum(one.height for one in found), found[0].names, written=True, notes=found[0].notes)
