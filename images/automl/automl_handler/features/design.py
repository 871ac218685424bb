"""A table as learners read it: a matrix of numbers and one of codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..problem import Cells, Floats
from .columns import PARTS, Column

Table: TypeAlias = pd.DataFrame | Mapping[str, Cells]
_LARGEST = 3e38  # learners read float32


@dataclass(frozen=True)
class Design:
    """`numbers` of shape (rows, numbers), NaN where missing; `codes` of shape (rows, categories), from 0.

    A missing category has code 0; the last code of a column stands for every value that is not known.
    """

    numbers: Floats
    codes: NDArray[np.int32]
    sizes: tuple[int, ...]
    """How many codes each category has."""

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Any) -> "Design":
        return Design(self.numbers[rows], self.codes[rows], self.sizes)

    @cached_property
    def joined(self) -> Floats:
        """Numbers, then codes."""
        return np.hstack([self.numbers, self.codes])


def design(columns: Sequence[Column], table: Table) -> Design:
    """`table` as its `columns` read it."""
    numbers = [one.numbers(table[one.name]) for one in columns if one.kind != "category"]
    codes = [one.codes(table[one.name]) + 1 for one in columns if one.kind == "category"]
    rows = len(table[columns[0].name])
    joined = np.hstack([np.empty((rows, 0)), *numbers])
    return Design(
        np.ascontiguousarray(np.clip(joined, -_LARGEST, _LARGEST)),
        np.column_stack(codes).astype(np.int32) if codes else np.empty((rows, 0), np.int32),
        tuple(len(one.categories) + 2 for one in columns if one.kind == "category"),
    )


def names(columns: Sequence[Column]) -> list[str]:
    """What each column of `Design.joined` is called."""
    found: list[str] = []
    for one in columns:
        if one.kind == "number":
            found.append(one.name)
        elif one.kind == "date":
            found += [f"{one.name}: {part}" for part in PARTS]
        elif one.kind == "text":
            found += [f"{one.name}: {place}" for place in range(one.width)]
    return found + [one.name for one in columns if one.kind == "category"]
