"""The result of filling: the missing cells of each column."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .features.cells import Floats


@dataclass(frozen=True)
class Cells:
    """The missing cells of one column in row order; details that were not requested are None.

    Numbers and dates (days since 1970) are floats, NaN where the cell was left empty; labels are codes, the
    places of the column's `labels`, -1 where the cell was left empty. `ColumnCodec.write`
    turns them into cells.
    """

    rows: NDArray[np.int64]
    values: NDArray[Any]
    left: NDArray[np.bool_]
    probability: Floats | None = None
    """Calibrated probability that the label is correct, or that the number is within the tolerance."""
    lower: Floats | None = None
    """Lower bound of the 90 % interval of a number or date; `upper` is the upper bound."""
    upper: Floats | None = None
    top: NDArray[np.int64] | None = None
    """Label codes, most likely first, shape (cells, top_k)."""
    top_probability: Floats | None = None
    draws: NDArray[Any] | None = None
    """Random draws for multiple imputation, shape (cells, draws)."""
    explanations: NDArray[Any] | None = None
    """Explanation objects."""

    @classmethod
    def unfilled(cls, rows: NDArray[np.int64]) -> Self:
        """Missing cells that the model cannot fill: all left empty, with probability 0."""
        return cls(rows, np.full(len(rows), -1), np.ones(len(rows), bool), np.zeros(len(rows)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Consecutive parts of one table, concatenated."""
        filled = [part for part in parts if len(part.rows)] or list(parts[:1])
        if len(filled) == 1:
            return filled[0]
        columns = {field.name: [getattr(part, field.name) for part in filled] for field in fields(cls)}
        joined: dict[str, Any] = {
            name: None if values[0] is None else np.concatenate(values) for name, values in columns.items()
        }
        return cls(**joined)

    def moved(self, rows: int) -> Self:
        """The same cells, `rows` rows further down."""
        return replace(self, rows=self.rows + rows)
