"""Cells as any reader made them: which are missing, numbers or dates, and how labels are spelt."""

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EPOCH = pd.Timestamp(0)
HUGE = 1e30  # larger numbers count as this: their squares, and LightGBM's float32, would overflow
# Texts that say "nothing here". A word such as NA is a cell in a column of text.
MISSING_WORDS = frozenset([""])


def gaps(cells: pd.Series) -> NDArray[np.bool_]:
    """Which cells are missing."""
    missing = np.array(cells.isna(), dtype=bool)
    if cells.dtype == object or isinstance(cells.dtype, pd.StringDtype):
        listed = (
            cells.tolist()
        )  # texts repeat: each is looked at once, and columns without a blank one not again
        blank = {
            text
            for text in {cell for cell in listed if isinstance(cell, str)}
            if text.strip() in MISSING_WORDS
        }
        if blank:
            missing |= np.array([isinstance(cell, str) and cell in blank for cell in listed], dtype=bool)
    return missing


def numbers(cells: pd.Series) -> Floats:
    """Cells as float64; NaN for what is missing, infinite or not a number."""
    if cells.dtype.kind in "iuf" and isinstance(cells.dtype, np.dtype):
        values = cells.to_numpy(float, copy=True)
    elif pd.api.types.is_datetime64_any_dtype(cells):
        return np.full(len(cells), np.nan)
    elif isinstance(cells.dtype, np.dtype) and cells.dtype == object:
        try:  # about ten times as fast as pandas for one row, and as exact
            values = np.array([math.nan if cell is None or cell == "" else float(cell) for cell in cells])
        except (TypeError, ValueError, OverflowError):
            values = np.array(pd.to_numeric(cells, errors="coerce"), dtype=float)
    else:
        values = pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)
    values[~np.isfinite(values)] = np.nan
    return np.asarray(np.clip(values, -HUGE, HUGE), dtype=float)


def dates(cells: pd.Series, form: str) -> Floats:
    """Cells as days since 1970; NaN for what is missing or not a date of this format."""
    if not pd.api.types.is_datetime64_any_dtype(cells):
        strings = [str(cell).strip() if isinstance(cell, str) else cell for cell in cells]
        moments = pd.Series(
            pd.to_datetime(pd.Series(strings, dtype=object), format=form or None, errors="coerce")
        )
    else:
        moments = cells
    if moments.dt.tz is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray((moments - EPOCH) / pd.Timedelta(days=1), dtype=np.float64)


def written(cell: Any) -> str:
    """The one spelling of a cell that is a label: 1, 1.0 and "1" are the same category."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return cell.strip() if isinstance(cell, str) else str(cell)
