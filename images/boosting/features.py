"""Feature columns, and how rows become an engine's input; the same in training and serving."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from slipway import Array, Table, arrow

from .peers import ALONE, Peers

if TYPE_CHECKING:
    from pandas import DataFrame

    from .row_view import View

Role = Literal["number", "category", "text"]
SMALL = 64  # rows; below it a DataFrame or Arrow's kernels cost more than they save
MISSING = ""  # never a category, since a cell with content is not empty


class Feature(BaseModel):
    """One column, its role, and the categories seen in training if the engine takes codes."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    categories: tuple[str, ...] = ()

    @cached_property
    def _code_of(self) -> dict[str, float]:
        return {name: float(code) for code, name in enumerate(self.categories)}

    def codes(self, rows: "Table | View") -> Array:
        """float64, shape (n,): the index of each cell's category; NaN if missing or never seen."""
        if len(rows) <= SMALL:
            return self._codes(rows.column(self.name).tolist())
        packed = rows.arrow(self.name).dictionary_encode()
        return self._codes([*packed.dictionary.to_pylist(), None])[arrow.codes(packed)]

    def texts(self, rows: "Table | View") -> Array:
        """The cells as text, shape (n,); a missing cell is the empty text."""
        if len(rows) <= SMALL:
            cells = rows.column(self.name).tolist()
            return arrow.objects([MISSING if cell is None else cell for cell in cells])
        return arrow.objects(pc.fill_null(rows.arrow(self.name), arrow.text(MISSING)))

    def _codes(self, cells: list[str | None]) -> Array:
        return np.array([self._code_of.get(cell, np.nan) for cell in cells])  # type: ignore[arg-type]


class Features(BaseModel):
    """All feature columns, in order."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Feature, ...]

    @classmethod
    def fit(cls, rows: "View", roles: Mapping[str, Role], coded: bool, peers: Peers = ALONE) -> Self:
        """The columns of `roles`, in its order; if `coded`, with their sorted categories on all hosts."""
        seen = {
            name: pc.unique(rows.arrow(name).drop_null()).to_pylist()
            for name, role in roles.items()
            if role == "category" and coded
        }
        everywhere = peers.gather(seen)
        found = []
        for name, role in roles.items():
            categories = {one for there in everywhere for one in there.get(name, ())}
            found.append(Feature(name=name, role=role, categories=tuple(sorted(categories))))
        return cls(columns=tuple(found))

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @cached_property
    def numeric(self) -> bool:
        return all(column.role == "number" for column in self.columns)

    def positions(self, role: Role) -> list[int]:
        return [index for index, column in enumerate(self.columns) if column.role == role]

    def matrix(self, rows: "Table | View") -> Array:
        """float64, shape (n, features), NaN if missing; a category is its code, NaN if never seen.

        In column-major order, as tables are: filling it row by row takes several times as long.
        """
        if self.numeric and isinstance(rows, Table):
            return rows.matrix
        matrix = np.empty((len(rows), len(self.columns)), order="F")
        for index, column in enumerate(self.columns):
            matrix[:, index] = column.codes(rows) if column.role == "category" else rows.number(column.name)
        return matrix

    def frame(self, rows: "Table | View") -> "Array | DataFrame":
        """CatBoost's input, shape (n, features): numbers as they are, the rest as text, empty if missing."""
        if self.numeric:
            return self.matrix(rows)
        columns = {
            column.name: rows.number(column.name) if column.role == "number" else column.texts(rows)
            for column in self.columns
        }
        if len(rows) < SMALL:
            small = np.empty((len(rows), len(columns)), dtype=object)
            for index, cells in enumerate(columns.values()):
                small[:, index] = cells
            return small
        from pandas import DataFrame

        return DataFrame(columns)
