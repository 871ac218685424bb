"""A large CSV of a request, cut into pieces that are each read as the whole would be."""

from collections.abc import Iterator
from dataclasses import replace

from slipway.errors import NoRows
from slipway.formats import csv_cells, csv_request
from slipway.formats.base import Piece, Reading, count, line_blocks, stream_of
from slipway.formats.charset import utf8
from slipway.media import MediaType
from slipway.table import header

_CHARSETS = {"utf-8", "utf8"}


def has_lines(media: MediaType) -> bool:
    """Whether lines can be told by bytes: in other charsets a line break's may be part of a character."""
    return media.parameters.get("charset", "utf-8").lower() in _CHARSETS


def cut(body: bytes, media: MediaType, reading: Reading, size: int) -> Iterator[Piece] | None:
    """Pieces of whole lines: what the first line says of a body, of mark and names, is said of each.

    None for bodies of a single piece, and of a single column, where blank lines are rows by their place.
    """
    schema = reading.schema
    if schema is None or not has_lines(media):
        return None
    blocks = line_blocks(stream_of(body), quoted=True, size=size)
    opening = next(blocks, b"")
    if len(opening) == len(body):
        return None
    start = utf8(opening, media)
    mark = csv_request.request_dialect(start, media, schema).mark
    try:
        first = csv_cells.first_record(start, mark)
    except NoRows:
        return None
    if len(first) == 1:
        return None
    reading.budget.check(count(body, b"\n") + 1, len(first), len(body), "the CSV")
    named = header.of_request(first, schema, media, alone=False)
    head = start[: len(start) - len(csv_request.without_first(start))] if named else b""
    said = {**media.parameters, "delimiter": mark, "header": "present" if named else "absent"}
    return _pieces(opening, blocks, head, Piece(b"", MediaType(media.essence, said), reading), len(first))


def _pieces(opening: bytes, blocks: Iterator[bytes], head: bytes, like: Piece, width: int) -> Iterator[Piece]:
    """The `opening` as it came, each further one below the line of names, if there is one."""
    yield replace(like, body=opening)
    above, repeated = csv_request.lines(opening), csv_request.lines(head)
    for block in blocks:
        if not head:
            _check_width(block, like.media, width, above)
        yield Piece(head + block, like.media, replace(like.reading, above=above - repeated))
        above += csv_request.lines(block)


def _check_width(block: bytes, media: MediaType, width: int, above: int) -> None:
    """Raises UserError where the first line is not as wide as that of the body: it is not the one to say."""
    try:
        first = csv_cells.first_record(block, media.parameters["delimiter"])
    except NoRows:
        return
    if len(first) != width:
        blank = csv_request.lines(block[: len(block) - len(block.lstrip(b"\r\n"))])
        raise csv_cells.uneven(f"line {above + blank + 1}", len(first), width)
