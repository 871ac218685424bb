"""What series are called: their cells in the key columns, as texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from slipway import Array


class Items:
    """Series' keys, numbered as they come."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, ...], int] = {}

    def of(self, columns: Sequence[Sequence[Any] | Array], add: bool = True) -> Array:
        """The number of each row, by its cells in the key columns; -1 for an unknown item that is not to be
        added.
        """
        import pandas as pd

        height = len(columns[0])
        combined = np.zeros(height, dtype=np.int64)
        uniques: list[list[str]] = []
        for column in columns:
            texts = np.fromiter(map(text_of, _listed(column)), dtype=object, count=height)
            codes, values = pd.factorize(texts)
            combined = combined * max(len(values), 1) + codes
            uniques.append(list(values))
        # In the order in which they come, not sorted: answers go by it.
        numbers, distinct = pd.factorize(combined)
        found = np.empty(len(distinct), dtype=np.int64)
        for place, code in enumerate(distinct.tolist()):
            parts: list[str] = []
            for values in reversed(uniques):
                code, index = divmod(code, max(len(values), 1))
                parts.append(values[index])
            key = tuple(reversed(parts))
            found[place] = self.codes.setdefault(key, len(self.codes)) if add else self.codes.get(key, -1)
        result: Array = found[numbers] if height else np.empty(0, dtype=np.int64)
        return result


def text_of(cell: Any) -> str:
    """A key's cell as text: 7 and 7.0 are one item, a missing cell is the empty text."""
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _listed(column: Sequence[Any] | Array) -> Sequence[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else column
