"""A column of numbers from cells of any kind, one rule for all formats."""

import contextlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slipway.errors import UserError
from slipway.table import arrow, kinds, styles
from slipway.table.arrow import Array
from slipway.table.cell_errors import Errors, refuse
from slipway.table.plain import plain
from slipway.table.styles import Style

FEW = 64  # cells; below it Python is quicker than setting out Arrow's kernels
_IS_INFINITE = re.compile(kinds.INFINITE)
_IS_GAP = frozenset(kinds.MISSING)
_NUMBERS = {float, int, type(None)}


def parsed(cells: pa.Array, where: Array) -> Array:
    """The cells of trimmed texts as float64 where `where` says that they are numbers, NaN elsewhere."""
    chosen = cells if where.all() else pc.if_else(arrow.booleans(where), cells, arrow.NULL)
    if arrow.any_true(pc.starts_with(chosen, "+")):
        chosen = pc.utf8_ltrim(chosen, "+")  # which Arrow does not take
    return arrow.floats(chosen.cast(pa.float64()))


def numbers(
    cells: Any, name: str, missing: Sequence[str] = (), style: Style = "", errors: Errors | None = None
) -> Array:
    """A column of numbers as float64, NaN where missing, from texts or values of any type.

    Raises UserError naming row and column of the first cell that is no finite number; with `errors` such
    cells are NaN, and what is wrong with each is put there by its place.
    """
    if isinstance(cells, list):
        return _of_list(cells, name, missing, style, errors)
    cells = plain(cells)
    if not arrow.is_text(cells.type):
        return _finite(kinds.without_gaps(_of_typed(cells, name), missing), cells, name, errors)
    if style:
        cells = styles.unstyled(cells, style)
    if len(cells) <= FEW:
        return _of_list(cells.to_pylist(), name, missing, "", errors)
    trimmed = pc.utf8_trim_whitespace(cells)
    # Mostly all are numbers. Some are tried first, as a cast that fails does so at its end.
    found = None if _cast(trimmed[:FEW], missing) is None else _cast(trimmed, missing)
    if found is None:
        return _of_texts(cells, name, missing, errors)
    return _finite(kinds.without_gaps(found, missing), cells, name, errors)


def _cast(trimmed: pa.Array, missing: Sequence[str]) -> Array | None:
    """Texts that are all numbers or gaps as Arrow reads them at once, else None."""
    given = pc.if_else(pc.is_in(trimmed, kinds.gap_words(missing)), arrow.NULL, trimmed)
    try:
        found = arrow.floats(given.cast(pa.float64()))
    except pa.ArrowInvalid:
        return None
    # Arrow reads nan in any spelling.
    return found if np.isnan(found).sum() == given.null_count else None


def _of_texts(cells: pa.Array, name: str, missing: Sequence[str], errors: Errors | None) -> Array:
    looks = kinds.look(cells, missing)
    bad = ~(looks.numeric | looks.gaps | looks.infinite)
    refuse(np.flatnonzero(bad), cells, name, "a number", errors)
    refuse(np.flatnonzero(looks.infinite), cells, name, "a finite number", errors)
    found = kinds.without_gaps(parsed(looks.trimmed, looks.numeric), missing)
    return _finite(found, cells, name, errors)


def _of_list(
    cells: list[Any], name: str, missing: Sequence[str], style: Style, errors: Errors | None
) -> Array:
    if len(cells) > FEW and set(map(type, cells)) <= _NUMBERS:
        with contextlib.suppress(OverflowError):  # of a whole number of hundreds of digits
            found = np.array(cells, np.float64)
            if not np.isinf(found).any():
                return kinds.without_gaps(found, missing)
    found = np.empty(len(cells))
    for place, cell in enumerate(cells):
        value = number_of(cell, missing, style)
        if isinstance(value, str):
            refuse([place], cells, name, value, errors)
            value = np.nan
        found[place] = value
    return kinds.without_gaps(found, missing)


def number_of(cell: Any, missing: Sequence[str] = (), style: Style = "") -> float | str:
    """A cell as a number, NaN where missing, or what was expected in its place."""
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
        text = styles.plain(text, style)
        if not kinds.IS_NUMBER.match(text):
            return "a finite number" if _IS_INFINITE.match(text) else "a number"
        value = float(text)
    else:
        try:
            value = float(cell)
        except (TypeError, ValueError):
            return "a number"
    return "a finite number" if value in (np.inf, -np.inf) else value


def _of_typed(cells: pa.Array, name: str) -> Array:
    kind = cells.type
    if pa.types.is_boolean(kind):
        return arrow.floats(cells.cast(pa.int8()).cast(pa.float64()))
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return arrow.floats(cells.cast(pa.float64(), safe=False))
    if pa.types.is_null(kind):
        return np.full(len(cells), np.nan)
    raise UserError(f"expected numbers, got {kind}", column=name)


def _finite(found: Array, cells: pa.Array, name: str, errors: Errors | None) -> Array:
    infinite = np.isinf(found)
    if not infinite.any():
        return found
    refuse(np.flatnonzero(infinite), cells, name, "a finite number", errors)
    return np.where(infinite, np.nan, found)
