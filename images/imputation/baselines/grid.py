"""A table as a scaled matrix for the baseline engines; a category has one indicator per label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..features.cells import Floats
from ..features.columns import ColumnCodec
from ..features.encoding import ParsedColumns


@dataclass(frozen=True)
class Grid:
    """Columns, and the mean and scale of each of their parts; text has no part and is left out."""

    columns: tuple[ColumnCodec, ...]
    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, columns: Sequence[ColumnCodec], read: ParsedColumns) -> Self:
        """Learn means and scales."""
        kept = gridded(columns)
        if not kept:
            return cls((), np.empty(0), np.empty(0))
        raw = np.hstack([part(column, read[column.name]) for column in kept])
        seen = np.maximum((~np.isnan(raw)).sum(0), 1)
        mean = np.nansum(raw, axis=0) / seen
        scale = np.sqrt(np.nansum((raw - mean) ** 2, axis=0) / seen)
        return cls(kept, mean, np.where(scale > 1e-12 * (1 + np.abs(mean)), scale, 1.0))

    def encode(self, read: ParsedColumns) -> Floats:
        """Scaled values, NaN for missing cells."""
        return (
            np.hstack([part(column, read[column.name]) for column in self.columns]) - self.mean
        ) / self.scale

    def parts(self) -> list[NDArray[np.int64]]:
        """Where the parts of each column are."""
        widths = [width(column) for column in self.columns]
        return np.split(np.arange(sum(widths)), np.cumsum(widths)[:-1])

    def decode(self, values: Floats, name: str, default: Floats) -> Floats:
        """One column of a filled matrix as raw predictions: values, or probabilities."""
        place = [column.name for column in self.columns].index(name)
        own = self.parts()[place]
        raw = values[:, own] * self.scale[own] + self.mean[own]
        if self.columns[place].kind != "category":
            return raw[:, 0]
        raw = np.clip(raw, 0.0, 1.0) + 1e-6 * default  # never all zero, and ties go to the frequent label
        return np.asarray(raw / raw.sum(1, keepdims=True), dtype=float)


def gridded(columns: Sequence[ColumnCodec]) -> tuple[ColumnCodec, ...]:
    """The columns that have a part in the grid."""
    return tuple(column for column in columns if width(column))


def width(column: ColumnCodec) -> int:
    """Number of parts of a column."""
    return {"number": 1, "date": 1, "category": len(column.labels)}.get(column.kind, 0)


def part(column: ColumnCodec, read: Any) -> Floats:
    """The unscaled parts of one column."""
    if column.kind != "category":
        return np.asarray(read, float).reshape(-1, 1)
    codes = column.codes(read)
    return np.where(codes[:, None] < 0, np.nan, codes[:, None] == np.arange(width(column)))
