"""application/json: one document of rows, and the answers' list of objects."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from typing import Any

import orjson

from slipway.errors import UserError, shown
from slipway.formats import digits, json_rows
from slipway.formats.base import Format, Reading
from slipway.media import MediaType
from slipway.table.arrow import Array
from slipway.table.raw import Raw

MANY = 64  # rows; from here on joining the cells' text beats a dict for each row, fivefold at 10,000
_TEXTS = {str, type(None)}
_ESCAPED = re.compile(r'[\x01-\x1f"\\\ud800-\udfff]')
_PLAIN = {int, float, bool, type(None)}  # what is written without commas


class JSON(Format):
    """One document."""

    media_type = "application/json"
    aliases = ("json", "text/json")
    suffixes = (".json",)
    nests = True
    documents = True
    splices = True

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        return self.read_document(self.parsed(body), reading)

    def parsed(self, body: bytes) -> Any:
        """The document. Raises UserError where it is none."""
        return json_rows.parsed(body)

    def read_document(self, document: Any, reading: Reading) -> Raw:
        """The rows of a document that is parsed already."""
        return json_rows.read(document, reading)

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """`{envelope: [{column: value}, …]}`, one object per row, null where missing."""
        if len(next(iter(columns.values()))) < MANY:
            return orjson.dumps({envelope: records(columns)}) + b"\n"
        return b"{" + orjson.dumps(envelope) + b":[" + objects(columns, b",")[:-1] + b"]}\n"

    def spliced(self, parts: list[bytes]) -> list[bytes]:
        head, tail = parts[0][: parts[0].index(b"[") + 1], b"]}\n"
        for place, part in enumerate(parts):
            parts[place] = (b"," if place else head) + part[len(head) : -len(tail)]
        return [*parts, tail]


def configuration(document: Any) -> Mapping[str, Any]:
    """The request's `configuration` object, empty when there is none."""
    found = document.get("configuration", {}) if isinstance(document, dict) else {}
    if not isinstance(found, dict):
        raise UserError(f'"configuration" is an object of options, got {shown(found)}')
    return found


def joined(body: bytes, extra: Mapping[str, Any]) -> bytes:
    """An answer that `write` made, with further members."""
    return body.rstrip()[:-1] + b"," + orjson.dumps(extra, option=orjson.OPT_SERIALIZE_NUMPY)[1:] + b"\n"


def objects(columns: Mapping[str, Array], end: bytes) -> bytes:
    """One object per row, each followed by `end`."""
    parts: list[Iterable[bytes]] = []
    for name, column in columns.items():
        parts += [repeat((b"," if parts else b"{") + orjson.dumps(name) + b":"), _cells(column)]
    # The names repeat for ever: rows end with the columns.
    return b"".join(chain.from_iterable(zip(*parts, repeat(b"}" + end), strict=False)))


def _cells(column: Array) -> list[bytes]:
    if digits.is_plain(column):
        return digits.joined(column).split(b",")
    cells = column.tolist()
    kinds = set(map(type, cells))
    if kinds <= _PLAIN:
        return orjson.dumps(cells)[1:-1].split(b",")
    if kinds <= _TEXTS:
        joined = "\0".join("" if cell is None else cell for cell in cells)
        if joined.count("\0") == len(cells) - 1 and not _ESCAPED.search(joined):
            texts = joined.encode().split(b"\0")
            return [
                b"null" if cell is None else b'"%b"' % text for cell, text in zip(cells, texts, strict=True)
            ]
    # Copied: as orjson hands them out, they lie a kilobyte apart.
    return [b"%b" % orjson.dumps(value) for value in cells]


def records(columns: Mapping[str, Array]) -> list[dict[str, Any]]:
    """One dict per row."""
    names = list(columns)
    return [
        dict(zip(names, row, strict=True))
        for row in zip(*(column.tolist() for column in columns.values()), strict=True)
    ]
