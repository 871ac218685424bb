"""The dense columns that one column of a table becomes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .cells import Floats
from .columns import Column

FEW = 12  # up to 12 labels a category is indicator columns for trees too; above, one column of ranks


def indicated(column: Column) -> bool:
    """Whether a category is indicator columns in the dense view."""
    return column.kind == "category" and len(column.labels) <= FEW


def width(column: Column) -> int:
    """How many dense columns a column makes."""
    if column.kind == "category":
        return max(1, len(column.labels)) if indicated(column) else 1
    return {"number": 1, "date": 6, "text": 3}[column.kind]


def block(column: Column, read: Any) -> Floats:
    """The dense columns of one column; the first is NaN exactly where the cell is missing."""
    if column.kind == "number":
        return np.asarray(read, float).reshape(-1, 1)
    if column.kind == "date":
        return date_parts(read)
    if column.kind == "text":
        shapes = [*map(text_shape, read.distinct), (np.nan,) * 3]
        return np.asarray(np.array(shapes, dtype=float)[read.places])
    codes = column.codes(read)
    values = (codes[:, None] == np.arange(width(column))) if indicated(column) else codes[:, None]
    return np.where(codes[:, None] < 0, np.nan, values)


def date_parts(days: Floats) -> Floats:
    """Days since 1970, year, month, day of the month, day of the week, hour."""
    whole = np.floor(np.where(np.isnan(days), 0.0, days))
    moments = whole.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    parts = [
        months.astype("datetime64[Y]").astype(float) + 1970,
        months.astype(int) % 12 + 1.0,
        (moments - months.astype("datetime64[D]")).astype(float) + 1,
        (whole + 3) % 7,
        np.round((days - whole) * 24, 4),
    ]
    return np.column_stack([days, *(np.where(np.isnan(days), np.nan, part) for part in parts)])


def text_shape(cell: str) -> tuple[float, float, float]:
    """Length, words and digits of a text: the little that trees are told of it."""
    return float(len(cell)), float(cell.count(" ") + 1), float(sum(map(str.isdigit, cell[:1000])))


def indicators(codes: NDArray[np.int64], count: int) -> sparse.csr_matrix:
    """One column a label; gaps and unknown labels are rows of zeros."""
    rows = np.flatnonzero((codes >= 0) & (codes < count))
    return sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, codes[rows])), shape=(len(codes), count), dtype=np.float32
    )


def middle(values: Floats, one_hot: bool) -> float:
    """The usual value: shares for indicators, the median else."""
    if not len(values):
        return 0.0
    return float(values.mean() if one_hot else np.median(values))
