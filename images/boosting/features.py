"""The columns that trees read, and how rows become what an engine takes: the same at training and serving."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from slipway import Array, Rows

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Role = Literal["number", "category", "text"]
MISSING = ""  # no cell that holds something is empty, so no category is mistaken for a gap


class Feature(BaseModel):
    """One column: what it is, and for engines that take codes the categories that training saw."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    categories: tuple[str, ...] = ()


class Features(BaseModel):
    """All columns, in order."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Feature, ...]

    @classmethod
    def learnt(cls, table: "DataFrame", roles: Sequence[Role], coded: bool) -> Self:
        """The columns of `table`; their categories in order, where they are `coded`."""
        found = []
        for (name, column), role in zip(table.items(), roles, strict=True):
            seen = sorted(set(words(column)) - {MISSING}) if role == "category" and coded else []
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
        table = rows.table if isinstance(rows, Rows) else rows
        matrix = np.empty((len(table), len(self.columns)))
        for place, column in enumerate(self.columns):
            cells = table[column.name]
            matrix[:, place] = codes(cells, column) if column.role == "category" else cells
        return matrix

    def frame(self, rows: "Rows | DataFrame") -> "Array | DataFrame":
        """What CatBoost reads: numbers as they are, categories and texts as texts, none of them missing."""
        if self.numeric:
            return self.matrix(rows)
        from pandas import DataFrame

        table = rows.table if isinstance(rows, Rows) else rows
        return DataFrame(
            {
                column.name: table[column.name] if column.role == "number" else words(table[column.name])
                for column in self.columns
            }
        )


def words(cells: "Series") -> Array:
    """Cells as texts: of a number the shortest that means it, of a gap the empty text."""
    if cells.dtype.kind == "O":  # texts, or None
        return np.where(cells.isna(), MISSING, cells.to_numpy(dtype=object))
    if cells.dtype.kind in "iu":
        return np.asarray(cells.to_numpy().astype(str), dtype=object)
    found: Array = np.array([_word(cell) for cell in cells.tolist()], dtype=object)
    return found


def codes(cells: "Series", column: Feature) -> Array:
    """The place of each cell among the categories; NaN where it has none."""
    from pandas import Index

    known = Index(list(column.categories), dtype=object)
    found: Array = known.get_indexer(words(cells)).astype(np.float64)
    found[found < 0] = np.nan
    return found


def _word(cell: float) -> str:
    if cell != cell:
        return MISSING
    return str(int(cell)) if cell.is_integer() else str(cell)
