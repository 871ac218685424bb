"""The training table as points: which columns count, and how gaps and units are dealt with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from slipway import Array, Channel, UserError, listed
from slipway.kit.columns import require

from .moments import Moments

_ROWS = 1 << 13  # copied at a time: a block of columns becomes rows while it is in the processor's cache

Standardize = bool | Literal["auto"]


@dataclass(frozen=True)
class Points:
    """The points in the space where distances are measured, and how they got there."""

    columns: list[str]
    left_out: list[str]
    """Columns of texts and times, which have no distances."""
    matrix: Array
    """float64 of shape (rows, columns), by rows: gaps filled, standardised where asked."""
    moments: Moments
    """Of the columns, over all rows; `matrix` holds a sample of them when they do not fit memory."""
    shift: Array
    scale: Array
    units: str = ""
    """What is to be said of the columns' units: that one outweighs others, and what was done about it."""
    inertia: float | None = None
    """Over all rows, where `matrix` is a sample."""

    @classmethod
    def of(cls, channel: Channel, features: Sequence[str], standardize: Standardize) -> Self:
        """All rows of `channel`, in one matrix made in one pass."""
        table = channel.table
        columns = choose_columns(channel, features)
        out = left_out(channel, columns)
        cells = [table.number(name) for name in columns]
        moments = Moments.of(cells)
        for name, squares in zip(columns, moments.squares, strict=True):
            if not np.isfinite(squares):
                raise UserError(f"column {name}: its numbers are too large to measure distances between them")
        matrix = np.empty((len(table), len(columns)))
        for first in range(0, len(table), _ROWS):
            some = slice(first, first + _ROWS)
            np.stack([column[some] for column in cells], axis=1, out=matrix[some])
        return cls.placed(columns, out, matrix, moments, standardize)

    @classmethod
    def placed(
        cls, columns: list[str], out: list[str], matrix: Array, moments: Moments, standardize: Standardize
    ) -> Self:
        """`matrix` with its gaps filled and its units changed, both in place."""
        for place in np.flatnonzero(moments.gaps):
            column = matrix[:, place]
            column[np.isnan(column)] = moments.mean[place]
        heaviest, lighter = moments.outweighed
        scaled = len(lighter) > 0 if standardize == "auto" else standardize
        shift, scale = moments.units(scaled)
        if scaled:
            matrix -= shift
            matrix /= scale
        said = _units(columns[heaviest], [columns[place] for place in lighter], standardize)
        return cls(columns, out, matrix, moments, shift, scale, said)

    @property
    def middle(self) -> Array:
        """The mean of all rows, in the space of `matrix`."""
        found: Array = (self.moments.mean - self.shift) / self.scale
        return found

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
    require(features, kinds, setting="features")
    if len(set(features)) != len(features):
        raise UserError("features: each column once")
    numeric = [column.name for column in channel.columns if column.numeric]
    texts = [name for name in features if name not in numeric]
    if texts:
        raise UserError(f"features: column {', '.join(texts)} holds text; k-means needs numbers")
    columns = list(features) or numeric
    if not columns:
        raise UserError(f"the train channel has no column of numbers; its columns are {', '.join(kinds)}")
    return columns


def _units(heaviest: str, lighter: list[str], standardize: Standardize) -> str:
    if standardize == "auto" and not lighter:
        return "standardize=auto leaves the columns as they are: their spreads are alike"
    if standardize is True or not lighter:
        return ""
    found = f"{heaviest} outweighs {listed(lighter)} more than a hundredfold in squared distances"
    if standardize == "auto":
        return f"standardize=auto scales the columns to a standard deviation of 1, since {found}"
    return f"{found}; standardize=true would let all columns count alike"


def left_out(channel: Channel, columns: list[str]) -> list[str]:
    """The columns of texts and times that are not clustered by."""
    return [column.name for column in channel.columns if not column.numeric and column.name not in columns]
