"""The columns that trees read, and how rows become what an engine takes: the same at training and serving."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from slipway import Array, Table, arrow

if TYPE_CHECKING:
    from pandas import DataFrame

    from .row_view import View

Role = Literal["number", "category", "text"]
FEW = 64  # rows; below it a DataFrame or Arrow's kernels cost more than they save
MISSING = ""  # no cell that holds something is empty, so no category is mistaken for a gap


class Feature(BaseModel):
    """One column: what it is, and for engines that take codes the categories that training saw."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    categories: tuple[str, ...] = ()

    @cached_property
    def _places(self) -> dict[str, float]:
        return {name: float(place) for place, name in enumerate(self.categories)}

    def codes(self, rows: "Table | View") -> Array:
        """The place of each cell among the categories; NaN where it has none."""
        if len(rows) <= FEW:
            return self._codes(rows.column(self.name).tolist())
        packed = rows.arrow(self.name).dictionary_encode()
        return self._codes([*packed.dictionary.to_pylist(), None])[arrow.codes(packed)]

    def words(self, rows: "Table | View") -> Array:
        """The cells as texts, the empty one for a gap."""
        if len(rows) <= FEW:
            cells = rows.column(self.name).tolist()
            return arrow.objects([MISSING if cell is None else cell for cell in cells])
        return arrow.objects(pc.fill_null(rows.arrow(self.name), arrow.text(MISSING)))

    def _codes(self, cells: list[str | None]) -> Array:
        return np.array([self._places.get(cell, np.nan) for cell in cells])  # type: ignore[arg-type]


class Features(BaseModel):
    """All columns, in order."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Feature, ...]

    @classmethod
    def learnt(cls, rows: "View", roles: Mapping[str, Role], coded: bool) -> Self:
        """The columns of `roles`, in its order; their categories in order, where they are `coded`."""
        found = []
        for name, role in roles.items():
            seen = pc.unique(rows.arrow(name).drop_null()).to_pylist() if role == "category" and coded else ()
            found.append(Feature(name=name, role=role, categories=tuple(sorted(seen))))
        return cls(columns=tuple(found))

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @cached_property
    def numeric(self) -> bool:
        return all(column.role == "number" for column in self.columns)

    def places(self, role: Role) -> list[int]:
        return [place for place, column in enumerate(self.columns) if column.role == role]

    def matrix(self, rows: "Table | View") -> Array:
        """float64 of shape (rows, columns), NaN where missing; a category is its code, NaN if never seen.

        Column after column in memory, as tables are: to fill it row by row takes several times as long.
        """
        if self.numeric and isinstance(rows, Table):
            return rows.matrix
        matrix = np.empty((len(rows), len(self.columns)), order="F")
        for place, column in enumerate(self.columns):
            matrix[:, place] = column.codes(rows) if column.role == "category" else rows.number(column.name)
        return matrix

    def frame(self, rows: "Table | View") -> "Array | DataFrame":
        """What CatBoost reads: numbers as they are, categories and texts as texts, none of them missing."""
        if self.numeric:
            return self.matrix(rows)
        columns = {
            column.name: rows.number(column.name) if column.role == "number" else column.words(rows)
            for column in self.columns
        }
        if len(rows) < FEW:
            few = np.empty((len(rows), len(columns)), dtype=object)
            for place, found in enumerate(columns.values()):
                few[:, place] = found
            return few
        from pandas import DataFrame

        return DataFrame(columns)
