"""What filling gives back: for every column the cells that were gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .features.cells import Floats


@dataclass(frozen=True)
class Cells:
    """The gaps of one column in row order, as the column reads cells; what was not asked for is None.

    Numbers and dates (days since 1970) are floats, NaN where the cell was left empty; labels are codes, the
    places of the column's `labels`, -1 where the cell was left empty. `Column.write` makes cells of them.
    """

    rows: NDArray[np.int64]
    values: NDArray[Any]
    left: NDArray[np.bool_]
    probability: Floats | None = None
    """The calibrated chance that the value is right; of numbers: within the tolerance."""
    lower: Floats | None = None
    """The ends of a 90 % interval, of numbers and dates."""
    upper: Floats | None = None
    top: NDArray[np.int64] | None = None
    """Codes, likeliest first: (cells, top_k)."""
    top_probability: Floats | None = None
    draws: NDArray[Any] | None = None
    """Random draws, for multiple imputation: (cells, draws)."""
    explanations: NDArray[Any] | None = None
    """Explanation objects."""

    @classmethod
    def unfilled(cls, rows: NDArray[np.int64]) -> Self:
        """Gaps that nothing was learnt for: all left empty, with no chance to be right."""
        return cls(rows, np.full(len(rows), -1), np.ones(len(rows), bool), np.zeros(len(rows)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Parts of a table, one after the other."""
        filled = [part for part in parts if len(part.rows)] or list(parts[:1])
        if len(filled) == 1:
            return filled[0]
        columns = {field.name: [getattr(part, field.name) for part in filled] for field in fields(cls)}
        joined: dict[str, Any] = {
            name: None if values[0] is None else np.concatenate(values) for name, values in columns.items()
        }
        return cls(**joined)

    def moved(self, rows: int) -> Self:
        """The same cells, so many rows further down."""
        return replace(self, rows=self.rows + rows)
