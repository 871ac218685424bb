"""The columns that trees read, and how rows become what an engine takes: the same at training and serving."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from slipway import Array, Rows

if TYPE_CHECKING:
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
        return np.array([self._places.get(word, np.nan) for word in words(cells).tolist()], dtype=np.float64)


class Features(BaseModel):
    """All columns, in order."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Feature, ...]

    @classmethod
    def learnt(cls, table: "DataFrame", roles: Sequence[Role], coded: bool) -> Self:
        """The columns of `table`; their categories in order, where they are `coded`."""
        found = []
        for (name, column), role in zip(table.items(), roles, strict=True):
            seen = sorted(set(words(column.to_numpy())) - {MISSING}) if role == "category" and coded else []
            found.append(Feature(name=str(name), role=role, categories=tuple(seen)))
        return cls(columns=tuple(found))

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def numeric(self) -> bool:
        return all(column.role == "number" for column in self.columns)

    def places(self, role: Role) -> list[int]:
        return [place for place, column in enumerate(self.columns) if column.role == role]

    def matrix(self, rows: "Rows | DataFrame") -> Array:
        """float64 of shape (rows, columns), NaN where missing; a category is its code, NaN if never seen."""
        if self.numeric and isinstance(rows, Rows):
            return rows.matrix
        cells = self._cells(rows)
        matrix = np.empty((len(rows), len(self.columns)))
        for place, column in enumerate(self.columns):
            found = cells[column.name]
            matrix[:, place] = column.codes(found) if column.role == "category" else found
        return matrix

    def frame(self, rows: "Rows | DataFrame") -> "Array | DataFrame":
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

    def _cells(self, rows: "Rows | DataFrame") -> Mapping[str, Array]:
        if isinstance(rows, Rows):
            return rows.arrays
        return {name: rows[name].to_numpy() for name in self.names}


def words(cells: Array) -> Array:
    """Cells as texts: of a number the shortest that means it, of a gap the empty text."""
    found = [_word(cell) for cell in cells.tolist()]
    return np.fromiter(found, dtype=object, count=len(found))


def _word(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None or cell != cell:
        return MISSING
    return str(int(cell)) if float(cell).is_integer() else str(cell)
