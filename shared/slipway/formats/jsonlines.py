"""application/jsonlines: one JSON row per line, in the forms that application/json takes in "instances"."""

from collections.abc import Iterator, Mapping
from typing import IO, Any

import orjson

from slipway.errors import NoRows, UserError, shown
from slipway.formats import json_rows
from slipway.formats.base import Format, Reading, after, head, line_blocks
from slipway.formats.json import MANY, objects, records
from slipway.formats.json_typed import TypedLines
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.raw import Raw


class JSONLines(Format):
    """A document per line."""

    media_type = "application/jsonlines"
    aliases = (
        "jsonlines",
        "application/jsonl",
        "application/x-jsonlines",
        "application/x-ndjson",
        "application/json-lines",
    )
    suffixes = (".jsonl", ".jsonlines", ".ndjson")
    nests = True
    lines = True
    splices = True

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        if reading.errors is not None:
            return _lenient(body, reading)
        return json_rows.read(_documents(body), reading)

    def blocks(self, stream: IO[bytes], media: MediaType, reading: Reading) -> Iterator[Raw]:
        done = 0
        typed: TypedLines | None = None
        for piece in line_blocks(stream, quoted=False):
            with after(done):
                if typed is None and reading.schema is None:
                    typed = TypedLines(_documents(head(piece)))
                found = typed.read(piece) if typed is not None else None
                found = found or self.read(piece, media, reading)
                done += found.height
                yield found

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """One object per line, null where missing."""
        if len(next(iter(columns.values()))) >= MANY:
            return objects(columns, b"\n")
        return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records(columns))


def _documents(body: bytes) -> list[Any]:
    lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    whole = b",".join(line for line in lines if line.strip())
    if not whole:
        raise NoRows("the JSON Lines are empty")
    try:
        documents: list[Any] = orjson.loads(b"[" + whole + b"]")  # all at once, in a third of the time
        if len(documents) == sum(1 for line in lines if line.strip()) and all(map(_is_row, documents)):
            return documents
    except ValueError:
        pass
    return [_parsed(line, number) for number, line in enumerate(lines, 1) if line.strip()]


def _parsed(line: bytes, number: int) -> Any:
    """A line's row. Raises UserError where it holds none."""
    if not line.strip():
        raise UserError(f"line {number} is empty")
    try:
        document = json_rows.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"line {number} is not JSON: {str(error)[:200]}") from None
    if not _is_row(document):
        raise UserError(f"line {number}: expected an object or an array, got {shown(document)}")
    return document


def _is_row(document: Any) -> bool:
    return isinstance(document, list | dict)


def _lenient(body: bytes, reading: Reading) -> Raw:
    """The lines that can be read, with their places; each line counts, blank ones too."""
    assert reading.errors is not None
    lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    documents: list[Any] = []
    places: list[int] = []
    for place, line in enumerate(lines):
        try:
            documents.append(_parsed(line, place + 1))
            places.append(place)
        except UserError as error:
            reading.errors[place] = error
    if not documents:
        return Raw([], 0)
    found: dict[int, UserError] = {}
    rows = json_rows.rows_of(documents, reading.schema, found)
    for number, why in found.items():
        reading.errors[places[number]] = why.moved(places[number] + 1)
    return json_rows.raw_of(rows, reading, places)
