"""Rows as a format read them, typed by a schema: the columns that a model reads, as training knew them."""

from collections.abc import Set
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import NoRows, UserError
from slipway.table import arrow, kinds, plain
from slipway.table.arrow import Array, strings
from slipway.table.cell_errors import Errors, refuse
from slipway.table.kinds import EXACT, TRUTHS
from slipway.table.numbers import FEW, numbers
from slipway.table.raw import Block, Raw
from slipway.table.schema import Column, Schema
from slipway.table.table import Table, missing

DOTTED = r"^([-+]?[0-9]+)\.0+$"
WHOLE = r"^([-+]?[0-9]+)$"
_TRUE_OR_FALSE = "true or false"


def typed(
    raw: Raw,
    schema: Schema,
    errors: Errors | None = None,
    keep: bool = False,
    nests: bool = True,
    texts: bool = True,
) -> Table:
    """The model's columns of `raw`. With `keep`, every column as it came is kept next to them.

    `texts` says that cells go back into a format without types, where a CSV's stay as they were written.
    Raises UserError for columns that do not fit, NoRows where no row came, and for the first cell that is not
    what its column holds; with `errors` such cells are missing, and the errors are put there by row.
    """
    if isinstance(raw, Block):
        if not raw.height:
            raise NoRows("no rows came")
        return Table(schema.columns, None, raw.height, raw.matrix, nests=nests)
    # Names that do not fit are worth more words than that no row follows them.
    positions = schema.positions(raw.names, raw.width) if raw.width or raw.height else []
    if not raw.height:
        raise NoRows("no rows came")
    cells = [
        missing(column, raw.height) if position is None else cells_of(raw.columns[position], column, errors)
        for position, column in zip(positions, schema.columns, strict=True)
    ]
    absent = frozenset(
        column.name for position, column in zip(positions, schema.columns, strict=True) if position is None
    )
    sent = _sent(raw, schema, texts) if keep else None
    return Table(schema.columns, cells, raw.height, None, sent, absent, nests, raw.written and texts)


def cells_of(values: Any, column: Column, errors: Errors | None = None) -> Any:
    """One column's cells as `column` holds them, in the form that `Table` keeps."""
    kind = column.kind
    may_be = column.lists or (kind == "text" and column.role != "key")  # what a row is called is a text
    if kind == "list" or (may_be and _holds_lists(values)):
        return listed_objects(values)
    if kind in {"number", "integer"}:
        found = numbers(values, column.name, column.missing, column.style, errors)
        if kind == "integer" and np.array_equal(found, np.trunc(found)) and (np.abs(found) < EXACT).all():
            return found.astype(np.int64)
        return found
    if kind == "boolean":
        return truths(values, column, errors)
    if errors is not None and isinstance(values, list):
        values = _without_nested(values, column, errors)
    return texts_of(values, column)


def truths(values: Any, column: Column, errors: Errors | None = None) -> Array:
    """Booleans as 1, 0 and NaN: words in any case, or the numbers 1 and 0."""
    cells = values if isinstance(values, list) else plain.plain(values)
    if isinstance(cells, pa.Array) and not arrow.is_text(cells.type):
        found = numbers(cells, column.name, column.missing)
        bad = ~((found == 0) | (found == 1) | np.isnan(found))
        refuse(np.flatnonzero(bad), cells, column.name, _TRUE_OR_FALSE, errors)
        return np.where(bad, np.nan, found)
    if isinstance(cells, pa.Array) and len(cells) > FEW:
        packed = cells.dictionary_encode()
        wrong: Errors = {}
        found = truths(packed.dictionary.to_pylist(), column, wrong)
        if not wrong:
            return np.append(found, np.nan)[arrow.codes(packed)]
    listed = cells if isinstance(cells, list) else cells.to_pylist()
    gaps: set[str | float] = {*kinds.MISSING, *column.missing, *kinds.gap_numbers(column.missing)}
    found = np.array([_truth(cell, gaps) for cell in listed], dtype=np.float64)
    refuse(np.flatnonzero(found < 0), listed, column.name, _TRUE_OR_FALSE, errors)
    return np.where(found < 0, np.nan, found)


def _truth(cell: Any, gaps: Set[str | float]) -> float:
    """1 or 0, NaN where missing, -1 where it is none of these."""
    if isinstance(cell, str):
        cell = cell.strip()
        found = np.nan if cell in gaps else TRUTHS.get(cell, _DIGITS.get(cell, -1))
        return float(found)
    if cell is None or cell != cell or (type(cell) in (int, float) and cell in gaps):
        return np.nan
    return float(cell) if isinstance(cell, int | float) and cell in (0, 1) else -1.0


_DIGITS = {"1": 1, "0": 0, "1.0": 1, "0.0": 0}


def texts_of(values: Any, column: Column) -> Any:
    """Texts as Arrow's strings, null where empty, each spelled as training spelled it; a few as objects."""
    if isinstance(values, list) and len(values) <= FEW:
        found = [_text(value, column, row) for row, value in enumerate(values, 1)]
        return arrow.objects(found)
    cells = plain.plain(values)
    if pa.types.is_boolean(cells.type):
        false, true = strings(column.words or ("false", "true"))
        cells = pc.if_else(cells, true, false)
    elif pa.types.is_int64(cells.type) or pa.types.is_float64(cells.type):
        packed = cells.dictionary_encode()
        words = [_text(value, column) for value in packed.dictionary.to_pylist()]
        cells = strings(words).take(packed.indices)
    elif column.whole == "12":
        cells = pc.replace_substring_regex(cells, DOTTED, r"\1")
    elif column.whole == "12.0":
        cells = pc.replace_substring_regex(cells, WHOLE, r"\1.0")
    gaps = arrow.Begun(cells).among(strings(["", *column.missing]))
    return arrow.without(cells, gaps) if gaps.any() else cells


def _without_nested(values: list[Any], column: Column, errors: Errors) -> list[Any]:
    """The cells, missing where one is a list or an object; `errors` then say so."""
    if not {dict, list} & set(map(type, values)):
        return values
    for row, value in enumerate(values, 1):
        if isinstance(value, list | dict):
            errors.setdefault(row - 1, _no_text(value, column, row))
    return [None if isinstance(value, list | dict) else value for value in values]


def _text(value: Any, column: Column, row: int | None = None) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return (column.words or ("false", "true"))[value]
    if isinstance(value, int | float):
        text = (kinds.number_text(value) if isinstance(value, float) else None) or str(value)
        value = f"{text}.0" if column.whole == "12.0" and _is_whole(text) else text
        return None if value in column.missing else value
    if not isinstance(value, str):
        raise _no_text(value, column, row)
    if column.whole == "12":
        before, _, zeros = value.partition(".")
        value = before if zeros and not zeros.strip("0") and _is_whole(before) else value
    elif column.whole == "12.0" and _is_whole(value):
        value += ".0"
    return None if value == "" or value in column.missing else value


def _no_text(value: Any, column: Column, row: int | None) -> UserError:
    return UserError(f"a cell holds {plain.kind_of(value)}; expected a text", row, column.name)


def _is_whole(text: str) -> bool:
    digits = text[1:] if text[:1] in ("-", "+") else text
    return digits.isascii() and digits.isdigit()


def _holds_lists(values: Any) -> bool:
    if isinstance(values, list):
        return any(isinstance(cell, list) for cell in values)
    return isinstance(values, pa.Array | pa.ChunkedArray) and arrow.is_list(values.type)


def listed_objects(values: Any) -> Array:
    """A column's cells as they came, lists too, as an array of objects."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        # A date as its text: what a model reads, and what every format can write.
        return arrow.objects(plain.plain(values) if pa.types.is_temporal(values.type) else values)
    if isinstance(values, np.ndarray):
        values = [None if cell != cell else cell for cell in values.tolist()]
    return arrow.objects(values)


def _sent(raw: Raw, schema: Schema, texts: bool) -> dict[str, Array]:
    """Every column as it came; where it goes into a format with types, a CSV's numbers as numbers."""
    found = {}
    for name, values in zip(schema.sent(raw.names, raw.width), raw.columns, strict=True):
        column = schema.known(name)
        if raw.written and not texts:
            found[name] = _given(plain.plain(values), column)
        elif isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
            found[name] = values.astype(np.float64) if values.dtype.kind == "f" else values
        else:
            found[name] = listed_objects(values)
    return found


def _given(values: pa.Array, column: Column | None) -> Array:
    """The cells of a CSV as values of their column's kind, None where missing."""
    if column is None or not column.numeric:
        return arrow.objects([None if cell == "" else cell for cell in values.to_pylist()])
    found = cells_of(values, column, {})
    if column.kind == "boolean":
        return np.array([None if cell != cell else bool(cell) for cell in found.tolist()], dtype=object)
    integers = column.kind == "integer"
    listed = [
        int(cell) if integers and float(cell).is_integer() and abs(cell) < EXACT else cell
        for cell in found.tolist()
    ]
    return arrow.objects([None if cell != cell else cell for cell in listed])
