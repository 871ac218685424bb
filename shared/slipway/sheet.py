"""A table as a codec read it: cells as they were sent, not yet typed, nor matched with a model's columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa

from slipway.cells import Array


@dataclass(frozen=True)
class Sheet:
    """Columns in the order they came, each an Arrow array or a list of values, all of `height` cells."""

    columns: Sequence[Any]
    height: int
    names: Sequence[str] | None = None
    """None when the cells came by position."""
    sparse: bool = False
    """Whether a column that is not there is one of zeros, as in LibSVM."""

    def take(self, places: Array) -> Self:
        """Some of the rows, by their places."""
        return replace(self, columns=[_some(column, places) for column in self.columns], height=len(places))

    @property
    def width(self) -> int:
        return len(self.columns)


def _some(column: Any, places: Array) -> Any:
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        return column[places] if isinstance(column, np.ndarray) else [column[place] for place in places]
    if len(places) and places[-1] - places[0] == len(places) - 1:  # in a row: nothing has to be copied
        return column.slice(int(places[0]), len(places))
    return column.take(pa.array(places))
