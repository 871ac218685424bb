"""Cells that are lists, as those of series in lines of JSON."""

from typing import Any

import pyarrow as pa


def is_nested(column: Any) -> bool:
    """Whether cells of the column are lists."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return bool(pa.types.is_list(column.type) or pa.types.is_large_list(column.type))
    return any(isinstance(cell, list) for cell in column)


def flat(column: Any) -> Any:
    """The items of a column of lists, of lists of lists too; any other column as it is."""
    while is_nested(column):
        if isinstance(column, pa.Array | pa.ChunkedArray):
            column = column.to_pylist()
        column = [
            item
            for cell in column
            for item in (cell if isinstance(cell, list) else [] if cell is None else [cell])
        ]
    return column
