"""application/jsonlines: one JSON row a line, in the forms that application/json takes in "instances"."""

from collections.abc import Mapping
from typing import Any

import orjson

from slipway.cells import Array
from slipway.codecs import json
from slipway.errors import NoRows, UserError, shown
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The cells as sent, as Python values."""
    return json.sheet_of(_rows(body, schema))


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """An all-number table straight from the parsed lines, when every line has every column."""
    return json.matrix_of(_rows(body, schema), schema)


def write(columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
    """One object a line, null where missing."""
    return b"".join(
        orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in json.records(columns)
    )


def _rows(body: bytes, schema: Schema | None) -> Any:
    documents = []
    for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.strip():
            try:
                documents.append(json.loads(line))
            except ValueError as error:
                raise UserError(f"line {number} is not JSON: {error}") from None
    if not documents:
        raise NoRows("the JSON Lines are empty")
    for number, document in enumerate(documents, 1):
        if not isinstance(document, list | dict):
            raise UserError(f"line {number}: expected an object or an array, got {shown(document)}")
    return json.rows_of(documents, schema)
