"""A channel's bytes as tables, block by block, through the same codecs that serving uses."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from slipway import cells
from slipway.codecs import READERS, Reader, csv, header, json, jsonlines, reader, recordio
from slipway.errors import NoRows, UserError, listed
from slipway.media import MediaType
from slipway.sheet import Sheet
from slipway.training.inputs import PEEK, Input

BLOCK = 8 << 20  # bytes read at a time; k-means takes some eight times that for them
_PARQUET = b"PAR1"
_RECORDIO = b"\x0a\x23\xd7\xce"
_GZIP = b"\x1f\x8b"


def sheets(source: Input, content_type: str, first: Sheet | None) -> Iterator[Sheet]:
    """The blocks of one file; `first` is a block of the first file, which says whether files have headers.

    Raises UserError that names the file, and the line where there is one.
    """
    try:
        yield from _sheets(source, content_type, first)
    except NoRows:
        return
    except UserError as error:
        raise UserError(f"file {source.name}: {error}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UserError(f"file {source.name} is not a whole gzip file; it may be cut off") from None


def _sheets(source: Input, content_type: str, first: Sheet | None) -> Iterator[Sheet]:
    with _unpacked(source.open()) as file:
        codec, media = _format(source.name, content_type, file)
        if codec.media_type == "text/csv":
            yield from _csv_blocks(file, media, first, source.joined)
        elif codec.media_type == "application/jsonlines":
            yield from _json_blocks(file, media)
        elif codec.media_type == "application/x-parquet":
            yield from _row_groups(file)
        elif codec.media_type == "application/x-recordio-protobuf":
            yield from _record_blocks(file, media)
        else:
            yield codec.read(file.read(), media, None)


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    packed = file.peek(2)[:2] == _GZIP  # type: ignore[attr-defined]
    return io.BufferedReader(gzip.GzipFile(fileobj=file), PEEK) if packed else file


def _format(name: str, content_type: str, file: IO[bytes]) -> tuple[Reader, MediaType]:
    """By the file's ending, else by the channel's content type, else by how it begins."""
    name = name.lower().removesuffix(".gz")
    by_ending = next((codec for codec in READERS if name.endswith(codec.suffixes)), None)
    codec, media = reader(content_type) if content_type else (by_ending, None)
    if by_ending is not None and by_ending is not codec:
        codec, media = by_ending, None
    if codec is None:
        start = file.peek(4)[:4]  # type: ignore[attr-defined]
        kind = (
            "application/x-parquet"
            if start == _PARQUET
            else "application/x-recordio-protobuf"
            if start == _RECORDIO
            else "application/jsonlines"
            if start[:1] in b"{["
            else "text/csv"
        )
        codec, media = reader(kind)
    if codec.read is json.read and _is_lines(file):
        codec, media = reader("application/jsonlines")
    return codec, media or MediaType(codec.media_type)


def _is_lines(file: IO[bytes]) -> bool:
    """Whether a .json file holds one document a line, as DeepAR's do."""
    start: bytes = file.peek(PEEK)  # type: ignore[attr-defined]
    first, newline, rest = start.lstrip().partition(b"\n")
    return bool(newline and rest.strip()) and first.rstrip().endswith(b"}") and first.startswith(b"{")


def _blocks(file: IO[bytes], quoted: bool) -> Iterator[bytes]:
    """The file in pieces that end with a line, never inside a quoted cell."""
    rest = b""
    while len(piece := file.read(BLOCK)) == BLOCK:
        piece = rest + piece
        end = piece.rfind(b"\n") + 1
        odd = quoted and piece.count(b'"', 0, end) % 2
        while odd and end > 0:  # no line break after the last quote can be one between rows
            end, cut = piece.rfind(b"\n", 0, piece.rfind(b'"', 0, end)) + 1, end
            odd ^= piece.count(b'"', end, cut) % 2
        if end > 0:
            yield piece[:end]
        rest = piece[end:]
    yield rest + piece


def _csv_blocks(file: IO[bytes], media: MediaType, first: Sheet | None, joined: bool) -> Iterator[Sheet]:
    headless = MediaType(media.essence, {**media.parameters, "header": "absent"})
    names, lines, head = None, 0, b""
    for block in _blocks(file, quoted=True):
        with _after(lines):
            if lines:
                sheet = csv.read(_without(block, head) if joined and names else block, headless, None)
            elif joined:
                head, mark, rest = block.lstrip(b"\r\n").partition(b"\n")
                sheet = csv.read(head + mark + _without(rest, head), media, None)
                if not _surely_headed(sheet, media):  # lines like the first one may be rows
                    sheet = csv.read(block, media, None)
            elif first is None or "header" in media.parameters:
                sheet = csv.read(block, media, None)
            else:
                sheet = _headed_like(first, csv.read(block, headless, None))
            names = names if lines else sheet.names
            yield Sheet(sheet.columns, sheet.height, names)
        lines += block.count(b"\n")


def _surely_headed(sheet: Sheet, media: MediaType) -> bool:
    """Whether a first line that comes again is a header: the media type says so, or numbers stand below."""
    if sheet.names is None or sheet.height == 0:
        return False
    return "header" in media.parameters or any(cells.kind_of(column) != "text" for column in sheet.columns)


def _without(block: bytes, head: bytes) -> bytes:
    """The lines of `block` but those that are `head`, the header of each of many objects end to end."""
    line, rest = b"\n" + head + b"\n", b"\n" + block
    while line in rest:
        rest = rest.replace(line, b"\n")
    return rest[1:]


def _json_blocks(file: IO[bytes], media: MediaType) -> Iterator[Sheet]:
    lines = 0
    for block in _blocks(file, quoted=False):
        with _after(lines):
            yield jsonlines.read(block, media, None)
        lines += block.count(b"\n")


@contextmanager
def _after(lines: int) -> Iterator[None]:
    """Makes the line in an error count from the start of the file; a block of blank lines is passed over."""
    try:
        yield
    except NoRows:
        return
    except UserError as error:
        raise UserError(f"after line {lines}, {error}" if lines else str(error)) from None


def _headed_like(first: Sheet, sheet: Sheet) -> Sheet:
    """A further file's first line is names only if the first file has names and they are these."""
    line = [column[0].as_py().strip() for column in sheet.columns]
    if first.names is not None and sorted(line) == sorted(first.names):
        return Sheet([column[1:] for column in sheet.columns], sheet.height - 1, line)
    if header.surely_named(sheet.columns):
        others = f"has the columns {listed(first.names)}" if first.names else "has no header"
        raise UserError(f"the first line names the columns {listed(line)}, but the first file {others}")
    return sheet


def _row_groups(file: IO[bytes]) -> Iterator[Sheet]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A pipe cannot go to a file's end, where Parquet says what is in it.
        for one in [file] if file.seekable() else _parquet_files(file.read()):
            for batch in pq.ParquetFile(one).iter_batches(batch_size=1 << 17, use_threads=False):
                names = [name for name in batch.schema.names if not name.startswith("__index_level_")]
                yield Sheet([batch.column(name) for name in names], batch.num_rows, names)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"not a Parquet file: {str(error).splitlines()[0][:120]}") from None


def _parquet_files(body: bytes) -> Iterator[IO[bytes]]:
    """The files in `body`, end to end: each begins and ends with the same four bytes."""
    start = 0
    while start < len(body):
        end = body.find(_PARQUET * 2, start + len(_PARQUET))
        end = len(body) if end < 0 else end + len(_PARQUET)
        yield io.BytesIO(body[start:end])
        start = end


def _record_blocks(file: IO[bytes], media: MediaType) -> Iterator[Sheet]:
    packed: list[bytes] = []
    size = 0
    for content in recordio.records(file):
        packed.append(recordio.frame(content))
        size += len(content)
        if size >= BLOCK:
            yield recordio.read(b"".join(packed), media, None)
            packed, size = [], 0
    if packed:
        yield recordio.read(b"".join(packed), media, None)
