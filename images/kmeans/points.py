"""The training table as points: which columns count, and how gaps and units are dealt with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from slipway import Array, Channel, UserError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Points:
    """The points in the space where distances are measured, and how they got there."""

    columns: list[str]
    left_out: list[str]
    """Columns of text, which have no distances."""
    matrix: Array
    """float64 of shape (rows, columns): gaps filled, standardised where asked."""
    fill: Array
    shift: Array
    scale: Array
    gaps: Array
    """How many cells of each column were missing."""
    height: int
    """Rows of the train channel; `matrix` holds a sample of them when they do not fit memory."""
    inertia: float | None = None
    """Over all rows, where `matrix` is a sample."""

    @classmethod
    def of(cls, channel: Channel, features: Sequence[str], standardize: bool) -> Self:
        """All rows of `channel`."""
        table = channel.table
        columns = choose_columns(channel, features)
        if not features:
            _refuse_strays(table[left_out(channel, columns)])
        matrix = table[columns].to_numpy(np.float64)
        gaps = np.isnan(matrix)
        count = (~gaps).sum(axis=0)
        fill = np.where(gaps, 0.0, matrix).sum(axis=0) / count
        matrix = np.where(gaps, fill, matrix)
        with np.errstate(over="ignore", invalid="ignore"):
            variance = matrix.var(axis=0)
        for name, spread in zip(columns, variance, strict=True):
            if not np.isfinite(spread):
                raise UserError(f"column {name}: its numbers are too large to measure distances between them")
        shift, scale = units(fill, variance, standardize)
        return cls(
            columns,
            left_out(channel, columns),
            (matrix - shift) / scale,
            fill,
            shift,
            scale,
            gaps.sum(axis=0),
            len(matrix),
        )

    def sample(self, rows: int, seed: int) -> Self:
        """At most `rows` of the points, drawn without replacement."""
        if len(self.matrix) <= rows:
            return self
        chosen = np.random.default_rng(seed).choice(len(self.matrix), rows, replace=False)
        return replace(self, matrix=self.matrix[np.sort(chosen)])

    def in_units(self, matrix: Array) -> Array:
        """`matrix` back in the units of the columns."""
        return matrix * self.scale + self.shift


def choose_columns(channel: Channel, features: Sequence[str]) -> list[str]:
    """`features`, or every column of numbers. Raises UserError where they cannot be clustered by."""
    kinds = channel.kinds
    unknown = [name for name in features if name not in kinds]
    if unknown:
        raise UserError(f"features: no column {', '.join(unknown)}; the train channel has {', '.join(kinds)}")
    if len(set(features)) != len(features):
        raise UserError("features: each column once")
    texts = [name for name in features if kinds[name] == "text"]
    if texts:
        raise UserError(f"features: column {', '.join(texts)} holds text; k-means needs numbers")
    columns = list(features) or [name for name, kind in kinds.items() if kind != "text"]
    if not columns:
        only = next(iter(kinds))
        hint = next(
            (f"; are its cells separated by {mark!r}? CSV needs commas" for mark in ";\t|" if mark in only),
            "",
        )
        raise UserError(
            f"the train channel has no column of numbers; its columns are {', '.join(kinds)}{hint}"
        )
    return columns


def _refuse_strays(texts: "DataFrame") -> None:
    """A few texts in a column of numbers are mistakes, which leaving the column out would hide."""
    from pandas import to_numeric

    for name, column in texts.items():
        numbers = to_numeric(column, errors="coerce")
        strays = column[column.notna() & numbers.isna()]
        if 0 < len(strays) < numbers.notna().sum():
            raise UserError(
                f"column {name} holds numbers, but row {strays.index[0] + 1} has {strays.iloc[0]!r} "
                f"({len(strays)} such cells); mend it, or name the columns to use in features"
            )


def left_out(channel: Channel, columns: list[str]) -> list[str]:
    """The columns of text that are not clustered by."""
    return [name for name, kind in channel.kinds.items() if kind == "text" and name not in columns]


def units(mean: Array, variance: Array, standardize: bool) -> tuple[Array, Array]:
    """What to subtract and divide by; a constant column is not divided."""
    if not standardize:
        return np.zeros_like(mean), np.ones_like(mean)
    scale = np.sqrt(variance)
    # What rounding leaves of a constant column's variance must not be blown up to 1.
    constant = scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    return mean, np.where(constant, 1.0, scale)
