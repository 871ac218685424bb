"""The dense columns that one column of a table becomes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .cells import Floats
from .columns import ColumnCodec

FEW = 12  # a category with at most 12 labels is one indicator per label; with more, one column of ranks


def indicated(column: ColumnCodec) -> bool:
    """Whether a category is encoded as indicators in the dense view."""
    return column.kind == "category" and len(column.labels) <= FEW


def width(column: ColumnCodec) -> int:
    """Number of dense columns of a column."""
    if column.kind == "category":
        return max(1, len(column.labels)) if indicated(column) else 1
    return {"number": 1, "date": 6, "text": 3}[column.kind]


def block(column: ColumnCodec, read: Any) -> Floats:
    """The dense columns of one column, shape (rows, width); the first is NaN exactly in missing cells."""
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
    """Length, word count and digit count of a text, which is all that trees read of it."""
    return float(len(cell)), float(cell.count(" ") + 1), float(sum(map(str.isdigit, cell[:1000])))


def indicators(codes: NDArray[np.int64], count: int) -> sparse.csr_matrix:
    """One column per label; zeros for missing cells and unknown labels."""
    rows = np.flatnonzero((codes >= 0) & (codes < count))
    return sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, codes[rows])), shape=(len(codes), count), dtype=np.float32
    )


def middle(values: Floats, one_hot: bool) -> float:
    """The default value: the mean of indicators, else the median."""
    if not len(values):
        return 0.0
    return float(values.mean() if one_hot else np.median(values))
