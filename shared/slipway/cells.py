"""The one rule by which a cell is a number, a text, or missing, whatever format it came in."""

import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import UserError, shown

Kind = Literal["integer", "number", "text"]
Array = np.ndarray[Any, np.dtype[Any]]

# How a number column may say "missing". In a text column only an empty cell is: "NA" is Namibia there.
MISSING = ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "?"]
_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?$"  # not all that may be one
_ANY_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
_ODD = ("inf", "infinity", "nan")  # words that Arrow reads as numbers
_EXACT = 2**53  # float64 holds every whole number below it


def strings(values: Sequence[str]) -> pa.Array:
    """`values` as Arrow has them; `pa.array` would import pandas, which takes half a second."""
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(values), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    )


def floats(cells: pa.Array) -> Array:
    """Arrow's float64 as NumPy's, NaN where missing; `to_numpy`, too, would import pandas."""
    cells = pc.fill_null(cells, _NAN)
    found: Array = np.frombuffer(cells.buffers()[1], np.float64, len(cells), 8 * cells.offset)
    return found


_MISSING = strings(MISSING)
_NULL = pa.nulls(1, pa.string())[0]
_NAN = pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]


def column(values: Any) -> pa.Array:
    """One column as the formats hand it out (an Arrow array or a list of Python values) in one form.

    Strings stay strings, as sent. Raises UserError for a value that is no cell: a list, an object.
    """
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if isinstance(values, pa.Array):
        return _plain(values)
    try:
        return _plain(pa.array(values))  # of a NumPy array, too
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _mixed(values)


def numbers(cells: pa.Array, name: str) -> Array:
    """`cells` as float64, NaN where missing. Raises UserError naming the row that holds no finite number."""
    found = _numbers(cells)
    if found is None or not _finite(found):
        raise _no_number(cells, name)
    return found


def kind_of(cells: pa.Array) -> Kind:
    """What a column learnt from `cells` holds: numbers if every cell that is not missing is one.

    An infinite number makes it no text: it is to be refused as a number, not to pass for a word.
    """
    found = _numbers(cells)
    if found is None or np.isnan(found).all():
        return "text"
    if pa.types.is_floating(cells.type):
        return "number"
    if pa.types.is_string(cells.type) and pc.any(pc.match_substring_regex(cells, "[.eE]")).as_py():
        return "number"
    return "integer" if (np.isnan(found) | (np.abs(found) < _EXACT)).all() else "number"


def complaints(values: Any, name: str) -> dict[int, str]:
    """What is wrong with each cell of a column of numbers that holds none, by its place.

    Lists and objects are left out: a model may read such, which it alone can tell.
    """
    found = {}
    for place in np.flatnonzero(_doubtful(values)).tolist():
        text = values[place] if isinstance(values, list) else values[place].as_py()
        if text.strip(" +-").lower() not in _ODD and not re.match(_ANY_NUMBER, text.strip()):
            found[place] = f"row {place + 1}, column {shown(name)}: expected a number, got {shown(text)}"
            continue
        try:
            numbers(strings([text]), name)
        except UserError as error:
            found[place] = f"row {place + 1}" + str(error).removeprefix("row 1")
    return found


def _doubtful(values: Any) -> Array:
    """Where a column of numbers may hold what is none: a quick hint."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array) and pa.types.is_string(values.type):
        trimmed = pc.utf8_trim_whitespace(values)
        fine = pc.or_(pc.match_substring_regex(trimmed, _NUMBER), pc.is_in(trimmed, _MISSING))
        odd: Array = np.invert(pc.fill_null(fine, True).to_numpy(zero_copy_only=False))
        return odd
    if isinstance(values, pa.Array | np.ndarray):
        return np.zeros(len(values), bool)
    return np.fromiter((isinstance(cell, str) and _doubted(cell) for cell in values), bool, len(values))


def is_word(cell: str) -> bool:
    """Whether `cell` is neither missing nor a number, so that it may be a column's name."""
    return cell not in MISSING and _numbers(strings([cell])) is None


def typed(cells: pa.Array, kind: Kind, name: str) -> Array:
    """`cells` as a model reads them: int64, float64, or objects that are str or None.

    An integer column with a gap or a fraction is float64, since no integer stands for "missing".
    """
    if kind == "text":
        return texts(cells)
    found = numbers(cells, name)
    if kind == "integer" and np.array_equal(found, np.trunc(found)) and (np.abs(found) < _EXACT).all():
        return found.astype(np.int64)
    return found


def texts(cells: pa.Array) -> Array:
    """`cells` as objects: str, or None where the cell is empty."""
    if not pa.types.is_string(cells.type):
        cells = pa.array([None if value is None else str(value) for value in cells.to_pylist()], pa.string())
    found: Array = cells.to_numpy(zero_copy_only=False)
    empty = pc.equal(cells, "").fill_null(True).to_numpy(zero_copy_only=False)
    if empty.any():
        found = found.copy()
        found[empty] = None
    return found


def objects(values: Any) -> Array:
    """A column as the formats hand it out as an array of objects: its cells as they came, lists too."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        # A date as its text: what a model reads, and what every format can write.
        values = (column(values) if pa.types.is_temporal(values.type) else values).to_pylist()
    return np.fromiter(values, dtype=object, count=len(values))  # an array made of lists would have two axes


def rounded(cells: pa.Array) -> pa.Array:
    """Numbers as float64: of a whole number beyond 2**53 the nearest, as CSV gives it."""
    return cells.cast(pa.float64(), safe=pa.types.is_decimal(cells.type))


def _doubted(cell: str) -> bool:
    cell = cell.strip()
    return cell not in MISSING and re.match(_NUMBER, cell) is None


def _plain(cells: pa.Array) -> pa.Array:
    """Fewer Arrow types: string, int64, double; what is neither number nor text becomes its text."""
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return _plain(cells.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_int64(kind) or pa.types.is_float64(kind):
        return cells
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return cells.cast(pa.string())
    if pa.types.is_boolean(kind) or (pa.types.is_integer(kind) and not pa.types.is_uint64(kind)):
        return cells.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_uint64(kind):
        return rounded(cells)
    if pa.types.is_temporal(kind):
        return cells.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            return cells.cast(pa.string())
        except pa.ArrowInvalid:
            raise UserError("a column holds bytes that are not UTF-8; expected numbers or texts") from None
    raise UserError(f"a cell holds {kind}; expected a number or a text")


def _mixed(values: list[Any]) -> pa.Array:
    """A list that Arrow finds no type for: numbers beyond 64 bits, true among numbers, numbers and texts."""
    if all(value is None or isinstance(value, int | float) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([_text(value, row) for row, value in enumerate(values, 1)], pa.string())


def _text(value: Any, row: int) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    kind = {"list": "a list", "dict": "an object"}.get(type(value).__name__, type(value).__name__)
    raise UserError(f"row {row}: a cell holds {kind}; expected a number or a text")


def _numbers(cells: pa.Array) -> Array | None:
    """float64 with NaN for missing, or None when some cell is no number."""
    if pa.types.is_string(cells.type):
        trimmed = pc.utf8_trim_whitespace(cells)
        try:
            cells = pc.if_else(pc.is_in(trimmed, _MISSING), _NULL, trimmed).cast(pa.float64())
        except pa.ArrowInvalid:
            return None
    return floats(rounded(cells))


def _finite(found: Array) -> bool:
    return not np.isinf(found).any()


def _no_number(cells: pa.Array, name: str) -> UserError:
    """Goes through `cells` one by one, only once the quick way has failed, to name the first bad one."""
    for row in range(len(cells)):
        found = _numbers(cells[row : row + 1])
        if found is None or not _finite(found):
            value = cells[row].as_py()
            expected = "a finite number" if found is not None else "a number"
            return UserError(f"row {row + 1}, column {shown(name)}: expected {expected}, got {shown(value)}")
    raise AssertionError("every cell is a number")
