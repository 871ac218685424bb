"""What a cell is: the one rule by which texts become numbers, booleans or gaps, whatever format they came in.

A number is a number only where nothing is lost by reading it so: `02108`, `+49`, `1_000` and whole numbers
beyond 2**53 are codes, which stay texts, byte for byte.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import UserError, shown

Kind = Literal["number", "integer", "boolean", "text", "time", "list"]
Style = Literal["", "1,5", "1,000.5", "1.000,5"]
"""How a column writes numbers: with a point alone, a decimal comma, or marks between thousands."""
Array = np.ndarray[Any, np.dtype[Any]]

# How a column of numbers may say "missing". In a column of texts only an empty cell does: "NA" is Namibia.
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "?")
EXACT = 2**53  # float64 holds every whole number below it
_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
_CODE = r"^[-+]?0[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$|^\+[0-9]+$|^[-+]?[0-9]+(_[0-9]+)+$"
_INFINITE = r"^[-+]?(?i:inf|infinity)$"
_FEW = 64  # cells; below it Python is quicker than setting out Arrow's kernels
_IS_NUMBER, _IS_GAP = re.compile(_NUMBER), frozenset(MISSING)
TRUTHS = {word: truth for truth in (False, True) for word in (str(truth), str(truth).lower(), str(truth).upper())}
_STYLES: dict[Style, re.Pattern[str]] = {
    "1,5": re.compile(r"[-+]?\d*,\d+"),
    "1,000.5": re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?"),
    "1.000,5": re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d+)?"),
}


def strings(values: Sequence[str]) -> pa.Array:
    """`values` as Arrow has them; `pa.array` would import pandas, which takes half a second."""
    encoded = [value.encode(errors="replace") for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    data = b"".join(encoded)
    kind = pa.string() if len(data) < 2**31 else pa.large_string()
    ends = ends.astype(np.int32) if kind == pa.string() else ends
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(ends), pa.py_buffer(data)])


def codes(cells: pa.DictionaryArray) -> Array:
    """The place of each cell in the dictionary, -1 where missing."""
    return whole(pc.fill_null(cells.indices.cast(pa.int64()), _MINUS_ONE))


def floats(cells: pa.Array) -> Array:
    """Arrow's float64 as NumPy's, NaN where missing, without a copy where nothing is; never imports pandas."""
    if cells.null_count:
        cells = pc.fill_null(cells, _NAN)
    found: Array = np.frombuffer(cells.buffers()[1] or b"", np.float64, len(cells), 8 * cells.offset)
    return found


def whole(cells: pa.Array) -> Array:
    """Arrow's int64, none of them missing, as NumPy's."""
    found: Array = np.frombuffer(cells.buffers()[1] or b"", np.int64, len(cells), 8 * cells.offset)
    return found


_NULL = pa.nulls(1, pa.string())[0]
_MINUS_ONE = pa.Array.from_buffers(pa.int64(), 1, [None, pa.py_buffer(np.array([-1]))])[0]
_NAN = pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]


@dataclass(frozen=True)
class Looks:
    """What the cells of a column of texts look like, each mask with an entry for each cell."""

    trimmed: pa.Array
    gaps: Array
    """Cells that say "missing" in a column of numbers."""
    numeric: Array
    """Cells that read as plain numbers, and lose nothing by it but perhaps the marks below."""
    codes: Array
    """Cells of digits that would lose some: leading zeros, a plus sign, underscores."""
    infinite: Array

    @cached_property
    def others(self) -> Array:
        """Cells that are none of these."""
        found: Array = ~(self.gaps | self.numeric | self.codes | self.infinite)
        return found


def look(cells: pa.Array, missing: Sequence[str] = ()) -> Looks:
    """Looks at each cell of a column of texts; the work is linear in their bytes."""
    trimmed = pc.utf8_trim_whitespace(cells)
    numeric = _mask(pc.match_substring_regex(trimmed, _NUMBER))
    gaps = _mask(pc.is_in(trimmed, gap_words(missing))) | ~_mask(pc.is_valid(cells))
    codes = _mask(pc.match_substring_regex(trimmed, _CODE)) & ~gaps
    infinite = np.zeros(len(cells), bool)
    if not (numeric | gaps).all():
        infinite = _mask(pc.match_substring_regex(trimmed, _INFINITE))
    return Looks(trimmed, gaps, numeric & ~gaps, codes, infinite)


def gap_words(missing: Sequence[str]) -> pa.Array:
    """What counts as missing in a column of numbers, as Arrow looks it up."""
    return strings([*MISSING, *missing]) if missing else _GAP_WORDS


_GAP_WORDS = strings(MISSING)


def _mask(values: pa.Array) -> Array:
    """Arrow's booleans as NumPy's, False where missing; `to_numpy` would import pandas."""
    cells = pc.fill_null(values, False).cast(pa.uint8())
    found: Array = np.frombuffer(cells.buffers()[1] or b"", np.bool_, len(cells), cells.offset)
    return found


def parsed(cells: pa.Array, where: Array) -> Array:
    """The cells of trimmed texts as float64 where `where` says that they are numbers, NaN elsewhere."""
    chosen = cells if where.all() else pc.if_else(pa.array(where), cells, _NULL)
    if pc.any(pc.starts_with(chosen, "+")).as_py():
        chosen = pc.utf8_ltrim(chosen, "+")  # which Arrow does not take
    return floats(chosen.cast(pa.float64()))


def numbers(
    cells: Any, name: str, missing: Sequence[str] = (), style: Style = "", errors: dict[int, UserError] | None = None
) -> Array:
    """A column of numbers as float64, NaN where missing, from texts or values of any type.

    Raises UserError naming row and column of the first cell that is no finite number; with `errors` such cells
    are NaN, and what is wrong with each is put there by its place.
    """
    if isinstance(cells, list):
        return _numbers_of_list(cells, name, missing, style, errors)
    cells = plain(cells)
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        found = _numbers_of_typed(cells, name)
        return _finite(found, cells, name, errors)
    if style:
        cells = unstyled(cells, style)
    if len(cells) <= _FEW:
        return _numbers_of_list(cells.to_pylist(), name, missing, "", errors)
    trimmed = pc.utf8_trim_whitespace(cells)
    try:  # mostly all are numbers; some cells are tried first, as a cast that fails does so at its end
        head = trimmed[:_FEW]
        for some in (head, trimmed):
            found = floats(pc.if_else(pc.is_in(some, gap_words(missing)), _NULL, some).cast(pa.float64()))
        return _finite(found, cells, name, errors)
    except pa.ArrowInvalid:
        looks = look(cells, missing)
    usable = looks.numeric | _mask(pc.match_substring_regex(trimmed, _NUMBER)) & ~looks.gaps
    bad = ~(usable | looks.gaps | looks.infinite)
    if bad.any():
        _refuse(np.flatnonzero(bad), cells, name, "a number", errors)
    found = parsed(trimmed, usable)
    if looks.infinite.any():
        _refuse(np.flatnonzero(looks.infinite), cells, name, "a finite number", errors)
    return _finite(found, cells, name, errors)


def _numbers_of_list(
    cells: list[Any], name: str, missing: Sequence[str], style: Style, errors: dict[int, UserError] | None
) -> Array:
    found = np.empty(len(cells))
    for place, cell in enumerate(cells):
        value = _number(cell, missing, style)
        if isinstance(value, str):
            error = UserError(f"expected {value}, got {shown(cell)}", place + 1, name)
            if errors is None:
                raise error
            errors.setdefault(place, error)
            value = np.nan
        found[place] = value
    return found


def _number(cell: Any, missing: Sequence[str], style: Style) -> float | str:
    """A cell as a number, or what was expected in its place."""
    kind = type(cell)
    if kind is float or kind is int:
        try:
            value = float(cell)
        except OverflowError:
            return "a finite number"
    elif cell is None:
        return np.nan
    elif kind is bool:
        return float(cell)
    elif kind is str:
        text = cell.strip()
        if text in _IS_GAP or text in missing:
            return np.nan
        if style and _STYLES[style].fullmatch(text):
            text = _unstyled(text, style)
        if not _IS_NUMBER.match(text):
            return "a finite number" if re.match(_INFINITE, text) else "a number"
        value = float(text)
    else:
        try:
            value = float(cell)
        except (TypeError, ValueError):
            return "a number"
    return "a finite number" if value in (np.inf, -np.inf) else value


def _numbers_of_typed(cells: pa.Array, name: str) -> Array:
    kind = cells.type
    if pa.types.is_boolean(kind):
        return floats(cells.cast(pa.int8()).cast(pa.float64()))
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return floats(cells.cast(pa.float64(), safe=False))
    if pa.types.is_null(kind):
        return np.full(len(cells), np.nan)
    raise UserError(f"expected numbers, got {kind}", column=name)


def _finite(found: Array, cells: pa.Array, name: str, errors: dict[int, UserError] | None) -> Array:
    infinite = np.isinf(found)
    if not infinite.any():
        return found
    _refuse(np.flatnonzero(infinite), cells, name, "a finite number", errors)
    return np.where(infinite, np.nan, found)


def _refuse(
    places: Array, cells: pa.Array, name: str, expected: str, errors: dict[int, UserError] | None
) -> None:
    for place in places.tolist():
        error = UserError(f"expected {expected}, got {shown(cells[place].as_py())}", place + 1, name)
        if errors is None:
            raise error
        errors.setdefault(place, error)


def style_of(cells: Sequence[str]) -> Style | None:
    """How cells that hold commas write numbers; None where they are none, or mean different numbers by it.

    Raises ValueError where each may mean two numbers: `1,234`.
    """
    for style in ("1.000,5", "1,000.5", "1,5"):
        if all(_STYLES[style].fullmatch(cell) for cell in cells):  # type: ignore[index]
            sure = style == "1.000,5" and any("," in cell and "." in cell for cell in cells)
            sure |= style == "1,000.5" and any(cell.count(",") > 1 or "." in cell for cell in cells)
            sure |= style == "1,5" and any(len(cell.partition(",")[2]) != 3 or cell[:1] == "0" for cell in cells)
            if sure:
                return style  # type: ignore[return-value]
            if style != "1,000.5":
                continue
            raise ValueError("ambiguous")
    return None


def unstyled(cells: pa.Array, style: Style) -> pa.Array:
    """The numbers of a style as plain ones; other cells as they are."""
    return strings(["" if cell is None else _unstyled_cell(cell, style) for cell in cells.to_pylist()])


def _unstyled_cell(cell: str, style: Style) -> str:
    text = cell.strip()
    return _unstyled(text, style) if style and _STYLES[style].fullmatch(text) else cell


def _unstyled(text: str, style: Style) -> str:
    if style == "1,000.5":
        return text.replace(",", "")
    return text.replace(".", "").replace(",", ".")


def plain(cells: Any) -> pa.Array:
    """A column in one of few Arrow types: string, int64, double, bool, list.

    Times become their text. Raises UserError for what is no cell: an object, bytes that are no text.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "OUS":
        cells = cells.tolist()
    if isinstance(cells, list):
        return _of_list(cells)
    if isinstance(cells, np.ndarray):
        return _of_numpy(cells)
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks() if cells.num_chunks != 1 else cells.chunk(0)
    kind = cells.type
    if pa.types.is_string(kind) or pa.types.is_int64(kind) or pa.types.is_float64(kind) or pa.types.is_boolean(kind):
        return cells
    return _fewer(cells, kind)


def _fewer(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return plain(cells.dictionary_decode())
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return cells.cast(pa.string())
    if pa.types.is_uint64(kind):
        return cells.cast(pa.int64()) if _below(cells, 2**63) else strings_of_integers(cells)
    if pa.types.is_integer(kind):
        return cells.cast(pa.int64())
    if pa.types.is_decimal(kind):
        return cells.cast(pa.float64(), safe=True)
    if pa.types.is_floating(kind):
        return cells.cast(pa.float64())
    if pa.types.is_timestamp(kind) and kind.tz:
        return _zoned(cells)
    if pa.types.is_temporal(kind):
        return _without_midnight(cells.cast(pa.string()))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        try:
            return cells.cast(pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            raise UserError("a column holds bytes that are not UTF-8; expected numbers or texts") from None
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return cells
    raise UserError(f"a cell holds {str(kind)[:40]}; expected a number or a text")


def _zoned(cells: pa.Array) -> pa.Array:
    try:
        return cells.cast(pa.string())
    except pa.ArrowInvalid:
        raise UserError(f"the time zone {shown(str(cells.type.tz))} is not known") from None


def _without_midnight(texts: pa.Array) -> pa.Array:
    """Times that are all midnight as days, and none of them with a fraction of noughts."""
    texts = pc.replace_substring_regex(texts, r"\.0+$", "")
    if len(texts) and pc.all(pc.ends_with(texts, " 00:00:00")).as_py():
        return pc.utf8_slice_codeunits(texts, 0, 10)
    return texts


def _below(cells: pa.Array, limit: int) -> bool:
    most = pc.max(cells).as_py()
    return most is None or most < limit


def strings_of_integers(cells: pa.Array) -> pa.Array:
    return cells.cast(pa.string())


def _of_numpy(cells: Array) -> pa.Array:
    kind = cells.dtype.kind
    if kind == "f":
        return _buffered(pa.float64(), cells.astype(np.float64, copy=False))
    if kind == "b":
        return _buffered(pa.int64(), cells.astype(np.int64)).cast(pa.bool_())
    if kind in "iu" and not (kind == "u" and cells.dtype.itemsize == 8 and (cells >= 2**63).any()):
        return _buffered(pa.int64(), cells.astype(np.int64, copy=False))
    return strings([str(cell) for cell in cells.tolist()])


def _buffered(kind: pa.DataType, cells: Array) -> pa.Array:
    cells = np.ascontiguousarray(cells)
    found = pa.Array.from_buffers(kind, len(cells), [None, pa.py_buffer(cells)])
    if kind == pa.float64() and np.isnan(cells).any():
        found = pc.if_else(pc.is_nan(found), pa.nulls(1, kind)[0], found)
    return found


def _of_list(cells: list[Any]) -> pa.Array:
    """A list of values as JSON or Excel has them: of one type where they are, else as texts."""
    kinds = set(map(type, cells))
    kinds.discard(type(None))
    try:
        if kinds <= {str}:
            return pa.array(cells, pa.string())
        if kinds == {bool}:
            return pa.array(cells, pa.bool_())
        if kinds == {int}:
            return pa.array(cells, pa.int64())
        if kinds <= {int, float}:
            return pa.array(cells, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        pass
    if list in kinds and kinds <= {list, str}:
        return pa.array([cell if isinstance(cell, list) else None for cell in cells]) if kinds == {list} else _refused(cells)
    return pa.array([_text(cell, row) for row, cell in enumerate(cells, 1)], pa.string())


def _refused(cells: list[Any]) -> pa.Array:
    row = next(row for row, cell in enumerate(cells, 1) if isinstance(cell, list))
    raise UserError("a cell holds a list; expected a number or a text", row)


def _text(cell: Any, row: int) -> str | None:
    if cell is None or isinstance(cell, str):
        return None if cell is None else cell.encode(errors="replace").decode()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return number_text(cell)
    kind = {"list": "a list", "dict": "an object"}.get(type(cell).__name__, type(cell).__name__)
    raise UserError(f"a cell holds {kind}; expected a number or a text", row)


def number_text(value: float) -> str | None:
    """A number as a category or a key is called by it: 12.0 and 12 are one."""
    if value != value:
        return None
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)
