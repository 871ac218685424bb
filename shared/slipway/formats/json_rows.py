"""The rows inside a JSON document: the forms of the built-in algorithms, and plain records, columns, arrays.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson

from slipway.errors import NoRows, UserError, shown
from slipway.formats.base import Reading
from slipway.table.arrow import Array
from slipway.table.raw import Raw, block
from slipway.table.schema import Schema

FORMS = '{"instances": [{"features": [1, 2]}]}, [{"x": 1, "y": 2}], {"x": [1], "y": [2]} or [[1, 2]]'
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def parsed(body: bytes) -> Any:
    """The document. Raises UserError where it is not JSON."""
    if not body.strip():
        raise NoRows("the JSON is empty")
    try:
        return loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"the body is not JSON: {str(error)[:200]}") from None


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
            return json.loads(text, parse_constant=_constant, parse_int=_integer)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


def _constant(word: str) -> None:
    if word != "NaN":
        raise ValueError(f"{word} is not JSON")


def _integer(digits: str) -> int | float:
    """A whole number as orjson has it: a float where 64 bits do not hold it."""
    value = int(digits) if len(digits) < 20 else float(digits)
    if value in (float("inf"), -float("inf")):
        raise ValueError("a number is too large")
    return value


def read(document: Any, reading: Reading) -> Raw:
    """The rows of a document that is parsed already; as one matrix where that is plain."""
    rows = rows_of(document, reading.schema, reading.errors)
    if reading.numeric and not reading.errors:
        matrix = matrix_of(rows, reading.numeric)
        if matrix is not None:
            return block(matrix)
    return raw_of(rows, reading)


def rows_of(document: Any, schema: Schema | None, errors: dict[int, UserError] | None = None) -> Any:
    """The rows inside `document`: a list of dicts or lists, or a dict of columns."""
    if isinstance(document, dict):
        if "instances" in document:
            return _instances(document["instances"], schema, errors)
        if "data" in document and isinstance(document.get("columns"), list):  # pandas' orient="split"
            return _table(document["columns"], document["data"])
        document = {name: cell for name, cell in document.items() if name != "configuration"}
        columns = bool(document) and all(isinstance(cells, list) for cells in document.values())
        # Several lists are columns, though one be called data; alone it is a row of the built-in form.
        if is_built_in(document) and not (columns and len(document) > 1):
            return _instances([document], schema, errors)
        if columns:
            return document
        return [document]
    if isinstance(document, list):
        if document and not any(isinstance(row, list | dict) for row in document):
            return [document]  # one row, as the SDK's JSONSerializer sends a flat list
        return _instances(document, schema, errors)
    raise UserError(f"the JSON holds no rows; expected {FORMS}, got {shown(document)}")


def raw_of(rows: Any, reading: Reading, places: Sequence[int] | None = None) -> Raw:
    """Rows of any form as columns. Raises UserError where they do not make a table.

    `places` are those of the rows in the request, where some could not be read.
    """
    if isinstance(rows, dict):
        heights = {len(cells) for cells in rows.values()}
        if len(heights) > 1:
            raise UserError(f"columns must be equally long, got {sorted(heights)[:10]} cells")
        return Raw(list(rows.values()), heights.pop(), list(rows))
    if reading.errors is not None:
        rows, places = _lenient(rows, reading, range(len(rows)) if places is None else places)
    at = None if places is None else np.array(places, dtype=np.int64)
    if not rows:
        return Raw([], 0, places=at)
    kind, width = type(rows[0]), len(rows[0]) if isinstance(rows[0], list | dict) else 0
    for number, row in enumerate(rows, 1):
        if type(row) is not kind or not isinstance(row, list | dict):
            raise UserError(f"expected {_kind(rows[0])} as in row 1, got {shown(row)}", number)
        if kind is list and len(row) != width:
            raise UserError(f"{len(row)} cells, expected {width} as in the first row", number)
    if kind is list:
        reading.budget.check(len(rows), width)
        return Raw([list(column) for column in zip(*rows, strict=True)], len(rows), places=at)
    return Raw(*_of_records(rows, reading), partial=True, places=at)


def _of_records(rows: list[dict[str, Any]], reading: Reading) -> tuple[list[list[Any]], int, list[str]]:
    """Columns of objects, each of which may leave out what it does not know."""
    first = rows[0]
    if all(row.keys() == first.keys() for row in rows):
        names = list(first)
    else:
        names = list(dict.fromkeys(chain.from_iterable(rows)))
    schema = reading.schema
    if schema is not None and not reading.keep:  # what the model does not read costs nothing
        known = [name for name in names if schema.known(name) is not None]
        lacking = {column.name for column in schema.columns if not column.optional}
        lacking -= {*schema.own_names(known)}
        names = names[: schema.widest + 1000] if lacking or not known else known  # which an error lists
    reading.budget.check(len(rows), len(names), what="the JSON")
    return [[row.get(name) for row in rows] for name in names], len(rows), names


def _lenient(rows: Sequence[Any], reading: Reading, places: Sequence[int]) -> tuple[list[Any], list[int]]:
    """The rows of the kind of the first that has one, arrays of a length that fits; the others are errors."""
    schema, errors = reading.schema, reading.errors
    assert schema is not None
    assert errors is not None
    found = [(place, row) for place, row in zip(places, rows, strict=True) if place not in errors]
    kind = next((type(row) for _, row in found if isinstance(row, list | dict)), dict)
    widths = dict.fromkeys(len(row) for _, row in found if isinstance(row, list))
    width = next((width for width in widths if schema.fits(width)), len(schema.columns))
    good = []
    for place, row in found:
        if not isinstance(row, kind):
            expected = "an array" if kind is list else "an object"
            errors[place] = UserError(
                f"expected {expected} as in the other rows, got {shown(row)}", place + 1
            )
        elif kind is list and len(row) != width:
            errors[place] = UserError(f"{len(row)} cells, expected {width}", place + 1)
        else:
            good.append((place, row))
    return [row for _, row in good], [place for place, _ in good]


def matrix_of(rows: Any, schema: Schema) -> Array | None:
    """The rows as float64 when that needs no second thought, else None."""
    if not isinstance(rows, list) or not rows:
        return None
    names = schema.names
    try:
        if isinstance(rows[0], dict):
            rows = [[row[name] for name in names] for row in rows]
        elif len(rows[0]) != len(names):
            return None
        # np.array would read "1" and [true] as numbers: the type of the first try tells them apart.
        matrix = np.array(rows)
    except (KeyError, TypeError, ValueError):
        return None
    if matrix.dtype.kind not in "fi" or matrix.ndim != 2 or matrix.shape[1] != len(names):
        return None
    return matrix.astype(np.float64, copy=False)  # infinite it cannot be: orjson refuses 1e999


def _instances(rows: Any, schema: Schema | None, errors: dict[int, UserError] | None) -> Any:
    """The built-in algorithms' rows, `{"features": […]}` or `{"data": {"features": {…}}}`, as plain ones."""
    if not isinstance(rows, list):
        raise UserError(f'"instances" is a list of rows, got {shown(rows)}')
    strict = errors is None
    if not is_built_in(next((row for row in rows if strict or isinstance(row, dict)), None)):
        return rows
    found = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(features(row, number, schema))
        except UserError as error:
            if errors is None:
                raise
            errors[number - 1] = error
            found.append(row)
    return found


def is_built_in(row: Any) -> bool:
    """Whether `row` is in the built-in algorithms' form, and no record that has a column called `data`."""
    return isinstance(row, dict) and any(
        isinstance(row.get(name), list | dict) for name in ("features", "data")
    )


def features(row: Any, number: int, schema: Schema | None) -> Any:
    """The cells of a built-in algorithm's row."""
    found = row
    for name in ("data", "features"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    if isinstance(found, list):
        return found
    if isinstance(found, dict) and isinstance(found.get("values"), list):
        return _dense(found, number, schema) if "keys" in found else found["values"]
    raise UserError(f'"features" is a list or {{"values": […]}}, got {shown(row)}', number)


def _dense(found: Mapping[str, Any], number: int, schema: Schema | None) -> list[Any]:
    """A sparse row written out: zeros where no key points (`keys`, `shape`, `values`).

    It is held to the widths that the model knows, or to 2**16: its few bytes could else ask for any memory.
    """
    keys, values, shape = found["keys"], found["values"], found.get("shape")
    try:
        width = int(shape[0] if isinstance(shape, list) else shape)  # type: ignore[arg-type]
        if schema is not None and width not in {len(schema.columns), len(schema.table)}:
            raise UserError(f"the shape is {width}, expected {len(schema.columns)}", number)
        if not 0 <= width <= 1 << 16:
            raise UserError(f"the shape is {width}, expected at most {1 << 16}", number)
        row: list[Any] = [0.0] * width
        for key, value in zip(keys, values, strict=True):
            if not 0 <= key < len(row):
                raise IndexError
            row[key] = value
    except (TypeError, ValueError, IndexError, OverflowError):
        raise UserError(
            "a sparse row needs as many keys as values, and keys below its shape", number
        ) from None
    return row


def _table(names: Sequence[Any], rows: Any) -> Any:
    if not isinstance(rows, list) or any(not isinstance(row, list) or len(row) != len(names) for row in rows):
        raise UserError(f'"data" is a list of rows of {len(names)} cells, one for each of "columns"')
    texts = [str(name) for name in names]
    if len(set(texts)) != len(texts):
        raise UserError('the names of "columns" must differ')
    return [dict(zip(texts, row, strict=True)) for row in rows]


def _kind(row: Any) -> str:
    return "an array" if isinstance(row, list) else "an object"
