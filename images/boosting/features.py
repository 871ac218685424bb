"""The columns that trees read, and how rows become what an engine takes: the same at training and serving."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from slipway import Array, Rows

if TYPE_CHECKING:
    from data import Data
    from pandas import DataFrame

Role = Literal["number", "category", "text"]
FEW = 64  # rows; below it a DataFrame costs more than it saves
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

    def codes(self, cells: Array) -> Array:
        """The place of each cell among the categories; NaN where it has none."""
        return np.array(_each(cells, lambda cell: self._places.get(_word(cell), np.nan)), dtype=np.float64)


class Features(BaseModel):
    """All columns, in order."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Feature, ...]

    @classmethod
    def learnt(cls, data: "Data", roles: Mapping[str, Role], coded: bool) -> Self:
        """The columns of `roles`, in its order; their categories in order, where they are `coded`."""
        found = []
        for name, role in roles.items():
            seen = (
                {_word(cell) for cell in set(data[name].tolist())} if role == "category" and coded else set()
            )
            found.append(Feature(name=name, role=role, categories=tuple(sorted(seen - {MISSING}))))
        return cls(columns=tuple(found))

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def numeric(self) -> bool:
        return all(column.role == "number" for column in self.columns)

    def places(self, role: Role) -> list[int]:
        return [place for place, column in enumerate(self.columns) if column.role == role]

    def matrix(self, rows: "Rows | Data") -> Array:
        """float64 of shape (rows, columns), NaN where missing; a category is its code, NaN if never seen.

        Column after column in memory, as tables are: to fill it row by row takes several times as long.
        """
        if self.numeric and isinstance(rows, Rows):
            return rows.matrix
        cells = self._cells(rows)
        matrix = np.empty((len(rows), len(self.columns)), order="F")
        for place, column in enumerate(self.columns):
            found = cells[column.name]
            matrix[:, place] = column.codes(found) if column.role == "category" else found
        return matrix

    def frame(self, rows: "Rows | Data") -> "Array | DataFrame":
        """What CatBoost reads: numbers as they are, categories and texts as texts, none of them missing."""
        if self.numeric:
            return self.matrix(rows)
        cells = self._cells(rows)
        columns = {
            column.name: cells[column.name] if column.role == "number" else words(cells[column.name])
            for column in self.columns
        }
        if len(rows) < FEW:
            few = np.empty((len(rows), len(columns)), dtype=object)
            for place, found in enumerate(columns.values()):
                few[:, place] = found
            return few
        from pandas import DataFrame

        return DataFrame(columns)

    def _cells(self, rows: "Rows | Data") -> "Mapping[str, Array] | Data":
        return rows.arrays if isinstance(rows, Rows) else rows


def words(cells: Array) -> Array:
    """Cells as texts: of a number the shortest that means it, of a gap the empty text."""
    return np.fromiter(_each(cells, _word), dtype=object, count=len(cells))


def _each(cells: Array, of: Callable[[Any], Any]) -> list[Any]:
    """`of` every cell, asked once for each that differs: categories are few, rows may be millions."""
    listed = cells.tolist()
    known = {cell: of(cell) for cell in set(listed)}
    return [known[cell] for cell in listed]


def _word(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None or cell != cell:
        return MISSING
    return str(int(cell)) if float(cell).is_integer() else str(cell)
