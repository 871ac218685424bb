"""Cells of any type as few: what a format hands out, in one of four of Arrow's types."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import UserError, shown
from slipway.table import arrow
from slipway.table.arrow import Array
from slipway.table.kinds import EXACT, number_text


def plain(cells: Any) -> pa.Array:
    """A column in one of few Arrow types: string, int64, double, bool.

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
    return cells if is_plain(cells) else _fewer(cells, cells.type)


def is_plain(cells: Any) -> bool:
    """Whether a column is one of Arrow's in one of the few types."""
    return isinstance(cells, pa.Array) and cells.type.id in _TYPES


_TYPES = frozenset(kind.id for kind in (pa.string(), pa.int64(), pa.float64(), pa.bool_()))


def _fewer(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return plain(cells.dictionary_decode())
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return cells.cast(pa.string())
    if pa.types.is_uint64(kind):
        return cells.cast(pa.int64() if _below(cells, 2**63) else pa.string())
    if pa.types.is_integer(kind):
        return cells.cast(pa.int64())
    if pa.types.is_decimal(kind):
        return _of_decimals(cells)
    if pa.types.is_floating(kind):
        return cells.cast(pa.float64())
    if pa.types.is_temporal(kind):  # of which many come again and again
        packed = cells.dictionary_encode()
        return _of_times(packed.dictionary, kind).take(packed.indices)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        try:
            return cells.cast(pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            raise UserError("a column holds bytes that are not UTF-8; expected numbers or texts") from None
    raise UserError(f"a cell holds {str(kind)[:40]}; expected a number or a text")


def _of_decimals(cells: pa.Array) -> pa.Array:
    """Decimals as floats, but whole ones, as databases write ids, to the last digit."""
    if cells.type.scale != 0:
        return cells.cast(pa.float64())
    try:
        return cells.cast(pa.int64())
    except pa.ArrowInvalid:
        return cells.cast(pa.string())


def _of_times(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    if not (pa.types.is_timestamp(kind) and kind.tz):
        texts = cells.cast(pa.string())
        return texts if pa.types.is_date(kind) else _without_midnight(texts)
    try:
        return cells.cast(pa.string())
    except pa.ArrowInvalid:
        raise UserError(f"the time zone {shown(str(kind.tz))} is not known") from None


def _without_midnight(texts: pa.Array) -> pa.Array:
    """Times that are all midnight as days, and none of them with a fraction of noughts."""
    texts = pc.replace_substring_regex(texts, r"\.0+$", "")
    if pc.all(pc.ends_with(texts, " 00:00:00")).as_py():
        return pc.utf8_slice_codeunits(texts, 0, 10)
    return texts


def _below(cells: pa.Array, limit: int) -> bool:
    most = pc.max(cells).as_py()
    return most is None or most < limit


def _of_numpy(cells: Array) -> pa.Array:
    kind = cells.dtype.kind
    if kind == "f":
        return arrow.numbers(cells.astype(np.float64, copy=False))
    if kind == "b":
        return arrow.booleans(cells)
    if kind == "i" or (kind == "u" and not (cells >= 2**63).any()):
        return arrow.numbers(cells.astype(np.int64, copy=False))
    return arrow.strings([str(cell) for cell in cells.tolist()])


def _of_list(cells: list[Any]) -> pa.Array:
    """A list of values as JSON or Excel has them: of one type where they are, else as texts."""
    types = set(map(type, cells))
    types.discard(type(None))
    if types <= {str}:
        return arrow.strings(cells)
    valid = np.fromiter((cell is not None for cell in cells), bool, len(cells))
    if types == {bool}:
        return arrow.booleans(np.array([bool(cell) for cell in cells]), valid)
    if types <= {int, float} and _fit(cells, types):
        kind = np.float64 if float in types else np.int64
        return arrow.numbers(np.array([0 if cell is None else cell for cell in cells], dtype=kind), valid)
    return arrow.strings([_text(cell, row) for row, cell in enumerate(cells, 1)])


def _fit(cells: list[Any], types: set[type]) -> bool:
    """Whether whole numbers lose no digit, as int64 or next to floats."""
    limit = EXACT if float in types else 2**63
    return all(-limit <= cell < limit for cell in cells if type(cell) is int)


def lists(cells: Any) -> Array | None:
    """A column of lists, None where missing, as objects; None where it is one of something else."""
    if isinstance(cells, pa.Array | pa.ChunkedArray):
        return arrow.objects(cells) if arrow.is_list(cells.type) else None
    if not isinstance(cells, list):
        return None
    types = set(map(type, cells))
    return arrow.objects(cells) if list in types and types <= {list, type(None)} else None


def _text(cell: Any, row: int) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return number_text(cell)
    raise UserError(f"a cell holds {kind_of(cell)}; expected a number or a text", row)


def kind_of(cell: Any) -> str:
    """What a cell that is none is called in an error."""
    return {"list": "a list", "dict": "an object"}.get(type(cell).__name__, type(cell).__name__)
