"""A large CSV of a request, cut into pieces that are each read as the whole would be."""

import io
from collections.abc import Iterator
from dataclasses import replace

from slipway.errors import NoRows
from slipway.formats import csv_cells, csv_request
from slipway.formats.base import Piece, Reading, line_blocks
from slipway.formats.charset import utf8
from slipway.media import MediaType
from slipway.table import header

_CHARSETS = {"utf-8", "utf8"}  # in others a byte like that of a line break may be part of a character


def cut(body: bytes, media: MediaType, reading: Reading, size: int) -> Iterator[Piece] | None:
    """Pieces of whole lines: what the first line says of a body, of mark and names, is said of each.

    None for bodies of a single piece, and of a single column, where blank lines are rows by their place.
    """
    schema = reading.schema
    if schema is None or media.parameters.get("charset", "utf-8").lower() not in _CHARSETS:
        return None
    blocks = line_blocks(io.BytesIO(body), quoted=True, size=size)
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
    reading.budget.check(body.count(b"\n") + 1, len(first), len(body), "the CSV")
    named = header.of_request(first, schema, media, alone=False)
    head = start[: len(start) - len(csv_request.without_first(start))] if named else b""
    said = {**media.parameters, "delimiter": mark, "header": "present" if named else "absent"}
    return _pieces(opening, blocks, head, Piece(b"", MediaType(media.essence, said), reading), len(first))


def _pieces(opening: bytes, blocks: Iterator[bytes], head: bytes, like: Piece, width: int) -> Iterator[Piece]:
    """The `opening` as it came, each further one below the line of names, if there is one."""
    reading = like.reading
    yield Piece(opening, like.media, reading)
    above = csv_request.lines(opening)
    for block in blocks:
        further = replace(reading, above=above - csv_request.lines(head))
        if not head:
            _check_width(block, like.media, width, above)
        yield Piece(head + block, like.media, further)
        above += csv_request.lines(block)


def _check_width(block: bytes, media: MediaType, width: int, above: int) -> None:
    """Raises UserError where the first line is not as wide as that of the body: it is not the one to say."""
    blank = csv_request.lines(block[: len(block) - len(block.lstrip(b"\r\n"))])
    try:
        count = len(csv_cells.first_record(block, media.parameters["delimiter"]))
    except NoRows:
        return
    if count != width:
        raise csv_cells.uneven(f"line {above + blank + 1}", count, width)
