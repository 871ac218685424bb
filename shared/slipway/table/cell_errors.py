"""What is wrong with the cells of a column: raised, or kept by place where the others are still wanted."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from slipway.errors import UserError, shown

Errors = dict[int, UserError]
"""What is wrong with cells, by their places."""


def refuse(places: Iterable[int], cells: Any, name: str, expected: str, errors: Errors | None = None) -> None:
    """Says of cells of column `name` that they are not what was `expected`.

    Raises UserError for the first; with `errors` each has its own there, unless it has another one.
    """
    for place in map(int, places):
        error = UserError(f"expected {expected}, got {shown(_value(cells[place]))}", place + 1, name)
        if errors is None:
            raise error
        errors.setdefault(place, error)


def _value(cell: Any) -> Any:
    if isinstance(cell, pa.Scalar):
        return cell.as_py()
    return cell.item() if isinstance(cell, np.generic) else cell
