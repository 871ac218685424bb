"""text/csv (RFC 4180): UTF-8 unless `charset` says otherwise; a header is detected unless `header` says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
import orjson
import pyarrow as pa

from slipway.errors import NoRows, UserError, listed
from slipway.formats import csv_cells, csv_lenient, digits
from slipway.formats.base import Format, Reading, line_blocks
from slipway.formats.charset import utf8
from slipway.media import MediaType
from slipway.table import dialect, header, kinds
from slipway.table.dialect import COMMAS, Dialect
from slipway.table.kinds import Array
from slipway.table.raw import Raw, block
from slipway.table.schema import Schema

_QUOTED = re.compile('[,"\r\n\ufeff]')  # the last would pass for a byte order mark
_PLAIN = b"0123456789+-.eE,\n"
_SAMPLE = 1 << 18  # bytes of a file that tell how it is written


class CSV(Format):
    """Lines of cells."""

    media_type = "text/csv"
    aliases = ("csv", "application/csv", "text/tab-separated-values")
    suffixes = (".csv", ".tsv")
    lines = True
    typed = False

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        schema = reading.schema
        if schema is None:
            return _joined(list(self.blocks(_stream(body), media, reading)))
        if schema.numeric and not reading.keep and not schema.sent_as:
            matrix = read_matrix(body, media, schema)
            if matrix is not None:
                return block(matrix)
        if reading.errors is None:
            return _request(utf8(body, media), media, schema, reading)
        if not has_blank(body):
            try:
                return _request(utf8(body, media), media, schema, reading)
            except UserError as error:
                if error.status != UserError.status:
                    raise
        return csv_lenient.read(utf8(body, media, lenient=True), media, schema, reading)

    def blocks(self, stream: IO[bytes], media: MediaType, reading: Reading) -> Iterator[Raw]:
        if reading.schema is not None:
            yield self.read(stream.read(), media, reading)
            return
        if not media.parameters.get("charset", "").lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32")):
            pieces = line_blocks(stream, quoted=True)
        else:  # of which a line does not end with a byte of its own
            pieces = iter([utf8(stream.read(), media)])
            media = MediaType(media.essence, {**media.parameters, "charset": "utf-8"})
        file = _File(media, reading)
        done = 0
        for piece in pieces:
            with _after(done):
                found = file.read(utf8(piece, media))
                done += found.height
                yield found

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """One line a row, ending in a newline, no header unless `header=present`; an empty cell where missing."""
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
            written = b"\n".join([cell or b'""' for cell in _cells(first)])  # an empty line would not be a row
        return head + written + b"\n"


def _request(body: bytes, media: MediaType, schema: Schema, reading: Reading) -> Raw:
    """A request, by the columns that the model reads."""
    mark = request_dialect(body, media, schema).mark
    first = csv_cells.first_record(body, mark)
    width = len(first)
    reading.budget.check(body.count(b"\n") + 1, width, len(body), "the CSV")
    if width > 4 * schema.widest + 1000:
        raise UserError(f"the first line has {width} cells; the model reads {len(schema.columns)} columns")
    alone = b"\n" not in body.strip(b"\r\n") and b"\r" not in body.strip(b"\r\n")
    said = header.said(media)
    headed = header.is_named(first, schema, alone) if said is None else said
    names = [name.strip() for name in first] if headed else None
    if len(body) >= csv_cells.SMALL and not reading.keep:
        found = _direct(body, mark, names, width, schema)
        if found is not None:
            return Raw(found, len(next(one for one in found if one is not None)), names, written=True)
    columns = csv_cells.texts(body, mark, width)
    height = len(columns[0]) - bool(names)
    return Raw([column[1:] for column in columns] if names else columns, height, names, written=True)


def _direct(body: bytes, mark: str, names: Sequence[str] | None, width: int, schema: Schema) -> list[Any] | None:
    """A large request with its numbers read as such; None where a cell is in the way."""
    positions = schema.positions(names, width)
    direct: list[Any] = [""] * width
    for position, column in zip(positions, schema.columns, strict=True):
        if position is not None and column.kind in {"number", "integer"} and not (column.style or column.missing):
            direct[position] = "number"
    wanted = sorted({position for position in positions if position is not None})
    rest = _without_first(body) if names else body
    if not rest.strip() or not wanted:
        return None
    try:
        return csv_cells.typed(rest, mark, direct, wanted=wanted)
    except pa.ArrowInvalid:
        return None


def _without_first(body: bytes) -> bytes:
    """What follows the first line that is not blank, which may break inside quotes."""
    start = len(body) - len(body.lstrip(b"\r\n"))
    end = body.find(b"\n", start)
    while end >= 0 and body.count(b'"', start, end) % 2:
        end = body.find(b"\n", end + 1)
    return body[end + 1 :] if end >= 0 else b""


def request_dialect(body: bytes, media: MediaType, schema: Schema) -> Dialect:
    """How a request is written: with commas, if its first line then fits the model."""
    said = dialect.said(media)
    if said is not None:
        return said
    if media.essence == "text/tab-separated-values":
        return Dialect("\t")
    head = body[:_SAMPLE]
    if not any(mark.encode() in head for mark in dialect.MARKS[1:]):
        return COMMAS
    found = head.split(b"\n")
    if fits(found[0].count(b",") + 1, schema) and b'"' not in found[0]:
        return COMMAS
    return dialect.detect(found[:1000] if len(head) == len(body) else found[:-1][:1000])


def fits(width: int, schema: Schema) -> bool:
    """Whether so many cells without names are a row of the model's."""
    try:
        schema.positions(None, width)
    except UserError:
        return False
    return True


class _File:
    """A training file, block after block: its dialect and header are the first one's."""

    def __init__(self, media: MediaType, reading: Reading) -> None:
        self._media = media
        self._reading = reading
        self._typing: csv_cells.Typing | None = None
        self._dialect = COMMAS
        self._names: list[str] | None = None
        self._head = b""

    def read(self, body: bytes) -> Raw:
        notes: tuple[str, ...] = ()
        before = 0
        if self._typing is None:
            whole = body
            body, notes = self._begin(body)
            before = whole[: len(whole) - len(body)].count(b"\n") if not self._reading.joined else 0
        elif self._reading.joined and self._names:
            body = _without(body, self._head)
        assert self._typing is not None
        if not body.strip(b"\r\n") and not (len(self._typing.direct) == 1 and not self._names):
            return Raw([pa.array([], pa.string())] * len(self._typing.direct), 0, self._names, written=True, notes=notes)
        if len(self._typing.direct) == 1:
            body = body.strip(b"\r\n")
        columns = self._typing.read(body, self._dialect.mark, before)
        return Raw(columns, len(columns[0]), self._names, written=True, notes=notes)

    def _begin(self, body: bytes) -> tuple[bytes, tuple[str, ...]]:
        """What follows the header, if there is one; how the file is written is known from here on."""
        reading, notes = self._reading, []
        head = body[:_SAMPLE]
        rows = (head if len(head) == len(body) else head[: head.rfind(b"\n") + 1] or body).split(b"\n")[:1001]
        self._dialect = dialect.said(self._media) or (
            Dialect("\t") if self._media.essence == "text/tab-separated-values" else dialect.detect(rows)
        )
        notes += [self._dialect.note] if self._dialect.note else []
        mark = self._dialect.mark
        first = csv_cells.first_record(body, mark)
        reading.budget.check(1, len(first), len(body), "the CSV")
        sample = _sample(body, rows, mark, len(first))
        below = [column[1:] for column in sample]
        said = header.said(self._media)
        names = [name.strip() for name in first]
        if said is None and reading.first is not None:
            headed = _headed_like(reading.first, names, below)
        elif said is None:
            headed, note = header.looks_named(first, below)
            notes += [note] if note else []
            if reading.joined and headed and not header.surely_named(first, below):
                headed = False  # lines like the first one may be rows
        else:
            headed = said
        if headed:
            self._names = names
            start = len(body) - len(body.lstrip(b"\r\n"))
            rest = _without_first(body)
            self._head = body[start : len(body) - len(rest)].rstrip(b"\r\n")
            body = _without(rest, self._head) if reading.joined else rest
        stays = [name in reading.texts for name in (self._names or numbered(len(first)))]
        self._typing = csv_cells.Typing(below if headed else sample, reading.missing, stays)
        return body, tuple(notes)


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
        return [list(column) for column in csv_cells._few(text.strip(b"\r\n"), mark, width)]
    except UserError:
        for end in range(len(rows) - 1, 0, -max(1, len(rows) // 8)):
            try:
                return csv_cells._few(b"\n".join(rows[:end]).strip(b"\r\n"), mark, width)
            except UserError:
                continue
        return csv_cells.texts(body, mark, width)


def _headed_like(first: Raw, line: list[str], below: Sequence[Sequence[str]]) -> bool:
    """A further file's first line is names only if the first file has names and they are these."""
    if first.names is not None and sorted(line) == sorted(first.names):
        return True
    if header.surely_named(line, below):
        others = f"has the columns {listed(first.names)}" if first.names else "has no header"
        raise UserError(f"the first line names the columns {listed(line)}, but the first file {others}")
    return False


def _without(body: bytes, head: bytes) -> bytes:
    """The lines of `body` but those that are `head`, the header of each of many objects end to end."""
    line, rest = b"\n" + head + b"\n", b"\n" + body
    while line in rest:
        rest = rest.replace(line, b"\n")
    return rest[1:]


@contextmanager
def _after(done: int) -> Iterator[None]:
    """Says after which row of the file a line is counted; a block of blank lines is passed over."""
    try:
        yield
    except NoRows:
        return
    except UserError as error:
        if error.row is not None or not done:
            raise
        raise UserError(f"after row {done}, {error}") from None


def _joined(found: list[Raw]) -> Raw:
    """The blocks of a body without a schema as one."""
    if not found:
        raise NoRows("the CSV is empty")
    if len(found) == 1:
        return found[0]
    columns = [pa.chunked_array([kinds.plain(one.columns[place]).cast(pa.string()) for one in found]) for place in range(found[0].width)]
    return Raw(columns, sum(one.height for one in found), found[0].names, written=True, notes=found[0].notes)


def _stream(body: bytes) -> IO[bytes]:
    import io

    return io.BytesIO(body)


def has_blank(body: bytes) -> bool:
    """Whether a line is blank: the strict way passes over it, where an answer is owed for each line."""
    body = body.replace(b"\r", b"") if b"\r" in body else body
    return body.startswith(b"\n") or b"\n\n" in body or (b" \n" in body and any(not line.strip() for line in body.splitlines()))


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """An all-number table in the schema's order, without the detour through texts, where it is plain."""
    if media.parameters.keys() - {"charset"} or media.parameters.get("charset", "utf-8").lower() != "utf-8":
        return None
    width = len(schema.columns)
    line_end = body.find(b"\n")
    first = body[: line_end if line_end >= 0 else len(body)].rstrip(b"\r")
    if first.count(b",") != width - 1 or first.translate(None, _PLAIN) or width < 2:
        if first != ",".join(schema.names).encode() or width < 2:
            return None
        body = body[line_end + 1 :] if line_end >= 0 else b""
    elif schema.named and line_end >= 0 and first == ",".join(schema.names).encode():
        return None  # numbers for names
    if len(body) < csv_cells.SMALL:
        return _small_matrix(body, width)
    return csv_cells.matrix(body, width)


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


