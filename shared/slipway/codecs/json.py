"""application/json: the forms of the built-in algorithms, and plain records, columns and arrays.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
import orjson

from slipway.cells import Array
from slipway.codecs import digits
from slipway.errors import NoRows, UserError, shown
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

FORMS = '{"instances": [{"features": [1, 2]}]}, [{"x": 1, "y": 2}], {"x": [1], "y": [2]} or [[1, 2]]'
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_MANY = 64  # rows; from here on joining the cells' text beats a dict for each row, fivefold at 10,000


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The cells as sent, as Python values."""
    return sheet_of(rows_of(parsed(body), schema))


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """An all-number table straight from the parsed rows, when every row has every column."""
    return matrix_of(rows_of(parsed(body), schema), schema)


def configuration(body: bytes) -> Mapping[str, Any]:
    """The request's `configuration` object, empty when there is none."""
    if b'"configuration"' not in body:
        return {}
    document = parsed(body)
    found = document.get("configuration", {}) if isinstance(document, dict) else {}
    if not isinstance(found, dict):
        raise UserError(f'"configuration" is an object of options, got {shown(found)}')
    return found


def write(columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
    """`{envelope: [{column: value}, …]}`, one object a row, null where missing."""
    if len(next(iter(columns.values()))) < _MANY:
        return orjson.dumps({envelope: records(columns)}) + b"\n"
    parts: list[Iterable[bytes]] = []
    for name, column in columns.items():
        parts += [repeat((b"," if parts else b"{") + orjson.dumps(name) + b":"), _cells(column)]
    rows = b"".join(chain.from_iterable(zip(*parts, repeat(b"},"), strict=False)))  # as long as the columns
    return b"{" + orjson.dumps(envelope) + b":[" + rows[:-1] + b"]}\n"


def joined(body: bytes, beside: Mapping[str, Any]) -> bytes:
    """An answer that `write` made, with further members."""
    return body.rstrip()[:-1] + b"," + orjson.dumps(beside, option=orjson.OPT_SERIALIZE_NUMPY)[1:] + b"\n"


def _cells(column: Array) -> list[bytes]:
    if not digits.is_plain(column):
        return [orjson.dumps(value) for value in column.tolist()]
    return digits.joined(column).split(b",")


def records(columns: Mapping[str, Array]) -> list[dict[str, Any]]:
    """One dict a row."""
    names = list(columns)
    return [
        dict(zip(names, row, strict=True))
        for row in zip(*(column.tolist() for column in columns.values()), strict=True)
    ]


def parsed(body: bytes) -> Any:
    """The document. Raises UserError where it is not JSON."""
    if not body.strip():
        raise NoRows("the JSON is empty")
    try:
        return loads(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise UserError(f"the body is not JSON: {error}") from None


def loads(text: bytes) -> Any:
    """JSON, and the bare NaN that Python's `json.dumps` writes for a missing number. Raises ValueError."""
    if b"NaN" not in text:
        return orjson.loads(text)
    if b"\\" not in text:  # then each second part between quotes is a string, where NaN is a word
        parts = text.split(b'"')
        parts[::2] = [part.replace(b"NaN", b"null") for part in parts[::2]]
        return orjson.loads(b'"'.join(parts))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Python's parser lets halves of characters pass, which nothing can write again.
        if _HALF.search(text):
            raise
        try:
            return json.loads(text, parse_constant=_constant)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


def _constant(word: str) -> None:
    if word != "NaN":
        raise ValueError(f"{word} is not JSON")


def rows_of(document: Any, schema: Schema | None) -> Any:
    """The rows inside `document`: a list of dicts or lists, or a dict of columns."""
    if isinstance(document, dict):
        if "instances" in document:
            return _instances(document["instances"], schema)
        if "data" in document and isinstance(document.get("columns"), list):  # pandas' orient="split"
            return _table(document["columns"], document["data"])
        document = {name: cell for name, cell in document.items() if name != "configuration"}
        if is_built_in(document):
            return _instances([document], schema)
        if document and all(isinstance(cells, list) for cells in document.values()):
            return document
        return [document]
    if isinstance(document, list):
        if document and not any(isinstance(row, list | dict) for row in document):
            return [document]  # one row, as the SDK's JSONSerializer sends a flat list
        return _instances(document, schema)
    raise UserError(f"the JSON holds no rows; expected {FORMS}, got {shown(document)}")


def sheet_of(rows: Any) -> Sheet:
    """Rows of any form as columns. Raises UserError where they do not make a table."""
    if isinstance(rows, dict):
        heights = {len(cells) for cells in rows.values()}
        if len(heights) > 1:
            raise UserError(f"columns must be equally long, got {sorted(heights)} cells")
        return Sheet(list(rows.values()), heights.pop(), list(rows))
    if not rows:
        return Sheet([], 0)
    kind = type(rows[0])
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list | dict) or type(row) is not kind:
            raise UserError(f"row {number}: expected {_kind(rows[0])} as in row 1, got {shown(row)}")
        if kind is list and len(row) != len(rows[0]):
            raise UserError(f"row {number}: {len(row)} cells, expected {len(rows[0])} as in the first row")
    if kind is list:
        return Sheet([list(column) for column in zip(*rows, strict=True)], len(rows))
    # A record may leave out what it does not know; a column no record has is missing, and named so later.
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    return Sheet([[row.get(name) for row in rows] for name in names], len(rows), names)


def matrix_of(rows: Any, schema: Schema) -> Array | None:
    """The rows as float64 when that needs no second thought, else None."""
    if not isinstance(rows, list) or not rows:
        return None
    names = schema.names
    try:
        if isinstance(rows[0], dict):
            rows = [[row[name] for name in names] for row in rows]
        # np.array would read "1" and [true] as numbers: the type of the first try tells them apart.
        matrix = np.array(rows)
    except (KeyError, TypeError, ValueError):
        return None
    if matrix.dtype.kind not in "fi" or matrix.ndim != 2 or matrix.shape[1] != len(names):
        return None
    return matrix.astype(np.float64, copy=False)  # infinite it cannot be: orjson refuses 1e999


def _instances(rows: Any, schema: Schema | None) -> Any:
    """The built-in algorithms' rows, `{"features": […]}` or `{"data": {"features": {…}}}`, as plain ones."""
    if not isinstance(rows, list):
        raise UserError(f'"instances" is a list of rows, got {shown(rows)}')
    if rows and is_built_in(rows[0]):
        return [features(row, number, schema) for number, row in enumerate(rows, 1)]
    return rows


def is_built_in(row: Any) -> bool:
    """Whether `row` is in the built-in algorithms' form, and no record that has a column called `data`."""
    return isinstance(row, dict) and any(
        isinstance(row.get(name), list | dict) for name in ("features", "data")
    )


def features(row: Any, number: int, schema: Schema | None) -> Any:
    features = row
    for name in ("data", "features"):
        if isinstance(features, dict) and name in features:
            features = features[name]
    if isinstance(features, list):
        return features
    if isinstance(features, dict) and isinstance(features.get("values"), list):
        if "keys" not in features:
            return features["values"]
        return _dense(features, number, schema)
    raise UserError(f'row {number}: "features" is a list or {{"values": […]}}, got {shown(row)}')


def _dense(features: Mapping[str, Any], number: int, schema: Schema | None) -> list[Any]:
    """A sparse row written out: zeros where no key points (`keys`, `shape`, `values`).

    A request is held to the widths that the model knows: its few bytes could else ask for any memory.
    """
    keys, values, shape = features["keys"], features["values"], features.get("shape")
    try:
        width = int(shape[0] if isinstance(shape, list) else shape)  # type: ignore[arg-type]
        if schema is not None and width not in {len(schema.columns), len(schema.table)}:
            raise UserError(f"row {number}: the shape is {width}, expected {len(schema.columns)}")
        row: list[Any] = [0.0] * width
        for key, value in zip(keys, values, strict=True):
            if not 0 <= key < len(row):
                raise IndexError
            row[key] = value
    except (TypeError, ValueError, IndexError):
        raise UserError(
            f"row {number}: a sparse row needs as many keys as values, and keys below its shape"
        ) from None
    return row


def _table(names: Sequence[Any], rows: Any) -> Any:
    if not isinstance(rows, list) or any(not isinstance(row, list) or len(row) != len(names) for row in rows):
        raise UserError(f'"data" is a list of rows of {len(names)} cells, one for each of "columns"')
    return [dict(zip(map(str, names), row, strict=True)) for row in rows]


def _kind(row: Any) -> str:
    return "an array" if isinstance(row, list) else "an object"
