"""Rows as a format read them, typed by a schema: the columns that a model reads, as training knew them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import NoRows, UserError, shown
from slipway.table import kinds
from slipway.table.kinds import EXACT, TRUTHS, Array
from slipway.table.raw import Block, Raw
from slipway.table.schema import Column, Schema
from slipway.table.table import Table

Errors = dict[int, UserError]
_DOTTED = r"^([-+]?[0-9]+)\.0+$"
_PLAIN = r"^[-+]?[0-9]+$"


def typed(
    raw: Raw, schema: Schema, errors: Errors | None = None, keep: bool = False, nests: bool = True, texts: bool = True
) -> Table:
    """The model's columns of `raw`. With `keep`, every column as it came is kept beside them.

    `texts` says that cells go back into a format without types, where a CSV's stay as they were written.
    Raises UserError for columns that do not fit, NoRows where no row came, and for the first cell that is not
    what its column holds; with `errors` such cells are missing, and the errors are put there by row.
    """
    if isinstance(raw, Block):
        if not raw.height:
            raise NoRows("no rows came")
        return Table(schema.columns, None, raw.height, raw.matrix, nests=nests)
    # Names that do not fit are worth more words than that no row follows them.
    positions = schema.positions(raw.names, raw.width) if raw.width else []
    if not raw.height:
        raise NoRows("no rows came")
    cells = [
        _missing(column, raw.height) if position is None else cells_of(raw.columns[position], column, errors)
        for position, column in zip(positions, schema.columns, strict=True)
    ]
    absent = frozenset(
        column.name for position, column in zip(positions, schema.columns, strict=True) if position is None
    )
    sent = _sent(raw, schema, texts) if keep else None
    return Table(schema.columns, cells, raw.height, None, sent, absent, nests)


def cells_of(values: Any, column: Column, errors: Errors | None = None) -> Any:
    """One column's cells as `column` holds them, in the form that `Table` keeps."""
    kind = column.kind
    if kind in {"number", "integer"}:
        found = kinds.numbers(values, column.name, column.missing, column.style, errors)
        if kind == "integer" and np.array_equal(found, np.trunc(found)) and (np.abs(found) < EXACT).all():
            return found.astype(np.int64)
        return found
    if kind == "boolean":
        return truths(values, column, errors)
    if kind == "list" or _holds_lists(values):
        return listed_objects(values)
    return texts_of(values, column, errors)


def truths(values: Any, column: Column, errors: Errors | None = None) -> Array:
    """Booleans as 1, 0 and NaN: words in any case, or the numbers 1 and 0."""
    cells = values if isinstance(values, list) else kinds.plain(values)
    if isinstance(cells, pa.Array) and not pa.types.is_string(cells.type):
        found = kinds.numbers(cells, column.name)
        bad = ~((found == 0) | (found == 1) | np.isnan(found))
        _refuse(np.flatnonzero(bad), cells.to_pylist() if bad.any() else [], column.name, "true or false", errors)
        return found
    if isinstance(cells, pa.Array) and len(cells) > 64:
        packed = cells.dictionary_encode()
        codes = truths(packed.dictionary.to_pylist(), column, wrong := {})
        if not wrong:
            return np.append(codes, np.nan)[kinds.codes(packed)]
    listed = cells if isinstance(cells, list) else cells.to_pylist()
    known = {**TRUTHS, "1": True, "0": False, "1.0": True, "0.0": False, 1: True, 0: False, None: None}
    known |= dict.fromkeys([*kinds.MISSING, *column.missing])
    found = np.empty(len(listed))
    for place, cell in enumerate(listed):
        cell = cell.strip() if isinstance(cell, str) else cell
        truth = known.get(cell, ...) if isinstance(cell, str | int | float | None) else ...
        if truth is ...:
            _refuse(np.array([place]), listed, column.name, "true or false", errors)
            truth = None
        found[place] = np.nan if truth is None else truth
    return found


def texts_of(values: Any, column: Column, errors: Errors | None = None) -> Any:
    """Texts as Arrow's strings, null where empty, each spelled as training spelled it."""
    if isinstance(values, list) and len(values) <= 64:
        return np.array([*(_text(value, column) for value in values), None], dtype=object)[:-1]
    cells = kinds.plain(values)
    if pa.types.is_boolean(cells.type):
        words = column.words or ("false", "true")
        cells = pc.if_else(cells, pa.scalar(words[1]), pa.scalar(words[0]))
    elif pa.types.is_int64(cells.type):
        cells = cells.cast(pa.string())
        if column.whole == "12.0":
            cells = pc.binary_join_element_wise(cells, ".0", "")
    elif pa.types.is_float64(cells.type):
        cells = _of_floats(cells, column)
    else:
        cells = _respelled(cells, column)
    return _empty_as_null(cells, column.missing)


def _text(value: Any, column: Column) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return (column.words or ("false", "true"))[value]
    if isinstance(value, int | float):
        text = kinds.number_text(value) if isinstance(value, float) else str(value)
        return f"{text}.0" if column.whole == "12.0" and text and text.lstrip("-").isdigit() else text
    if not isinstance(value, str):
        kind = {"list": "a list", "dict": "an object"}.get(type(value).__name__, type(value).__name__)
        raise UserError(f"a cell holds {kind}; expected a text", column=column.name)
    if column.whole and value[-2:] == ".0" and column.whole == "12" and value[:-2].lstrip("-").isdigit():
        value = value[:-2]
    elif column.whole == "12.0" and value.lstrip("-").isdigit():
        value += ".0"
    return None if value == "" or value in column.missing else value


def _of_floats(cells: pa.Array, column: Column) -> pa.Array:
    packed = cells.dictionary_encode()
    words = [_text(value, column) for value in packed.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(packed.indices)


def _respelled(cells: pa.Array, column: Column) -> pa.Array:
    """12.0 as 12 where training wrote whole numbers so, and the other way round."""
    if column.whole == "12" and _any(pc.ends_with(cells, ".0")):
        return pc.replace_substring_regex(cells, _DOTTED, r"\1")
    if column.whole == "12.0" and _any(pc.match_substring_regex(cells, _PLAIN)):
        return pc.replace_substring_regex(cells, r"^([-+]?[0-9]+)$", r"\1.0")
    return cells


def _empty_as_null(cells: pa.Array, missing: Sequence[str]) -> pa.Array:
    gaps = pc.is_in(cells, kinds.strings(["", *missing])) if missing else pc.equal(cells, "")
    return pc.if_else(gaps, pa.nulls(1, pa.string())[0], cells) if _any(gaps) else cells


def _any(values: pa.Array) -> bool:
    return bool(pc.any(values).as_py())


def _holds_lists(values: Any) -> bool:
    if isinstance(values, list):
        return any(isinstance(cell, list) for cell in values)
    return isinstance(values, pa.Array | pa.ChunkedArray) and (
        pa.types.is_list(values.type) or pa.types.is_large_list(values.type)
    )


def listed_objects(values: Any) -> Array:
    """A column's cells as they came, lists too, as an array of objects."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        # A date as its text: what a model reads, and what every format can write.
        values = (kinds.plain(values) if pa.types.is_temporal(values.type) else values).to_pylist()
    elif isinstance(values, np.ndarray):
        values = [None if cell != cell else cell for cell in values.tolist()]
    return np.fromiter(values, dtype=object, count=len(values))  # an array made of lists would have two axes


def _missing(column: Column, height: int) -> Any:
    if column.numeric:
        return np.full(height, np.nan)
    return np.full(height, None, dtype=object)


def _sent(raw: Raw, schema: Schema, texts: bool) -> dict[str, Array]:
    """Every column as it came; where it goes into a format with types, a CSV's numbers as numbers."""
    found = {}
    for name, values in zip(schema.sent(raw.names, raw.width), raw.columns, strict=True):
        column = schema.known(name)
        typed_there = raw.written and not texts and column
        found[name] = _given(kinds.plain(values), column) if typed_there else listed_objects(values)
    return found


def _given(values: pa.Array, column: Column) -> Array:
    """The cells of a CSV as values of their column's kind, None where missing."""
    if not column.numeric:
        cells = values.to_pylist()
        return np.fromiter((None if cell == "" else cell for cell in cells), dtype=object, count=len(cells))
    found = cells_of(values, column, {})
    if column.kind == "boolean":
        return np.array([None if cell != cell else bool(cell) for cell in found.tolist()], dtype=object)
    integers = column.kind == "integer"
    listed = [int(cell) if integers and float(cell).is_integer() else cell for cell in found.tolist()]
    return np.fromiter((None if cell != cell else cell for cell in listed), dtype=object, count=len(listed))


def _refuse(places: Array, cells: list[Any], name: str, expected: str, errors: Errors | None) -> None:
    for place in places.tolist():
        error = UserError(f"expected {expected}, got {shown(cells[place])}", place + 1, name)
        if errors is None:
            raise error
        errors.setdefault(place, error)
