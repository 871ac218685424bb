"""The design matrix: a table as learners read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from ..types import Cells, Floats
from .columns import PARTS, FeatureColumn

TableLike: TypeAlias = pd.DataFrame | Mapping[str, Cells]
_LARGEST = 3e38  # learners read float32


@dataclass(frozen=True)
class Design:
    """`numbers` of shape (rows, numbers), NaN where missing; `codes` of shape (rows, categories), from 0.

    A missing category has code 0; the last code of a column stands for unknown values.
    """

    numbers: Floats
    codes: NDArray[np.int32]
    sizes: tuple[int, ...]
    """Number of codes of each category column."""
    terms: Any = None
    """Weights of the terms of texts, a sparse matrix of shape (rows, terms); None without texts."""

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Any) -> "Design":
        terms = None if self.terms is None else self.terms[rows]
        return Design(self.numbers[rows], self.codes[rows], self.sizes, terms)

    @cached_property
    def joined(self) -> Floats:
        """Numbers and codes side by side, of shape (rows, numbers + categories)."""
        return np.hstack([self.numbers, self.codes])


def design(columns: Sequence[FeatureColumn], table: TableLike) -> Design:
    """The design matrix of the `columns` of `table`. Raises DataError for an invalid cell."""
    numbers, terms = [], []
    for one in columns:
        if one.kind == "text":
            found, weights = one.read_texts(table[one.name])
            numbers.append(found)
            terms.append(weights)
        elif one.kind != "category":
            numbers.append(one.numbers(table[one.name]))
    codes = [one.codes(table[one.name]) + 1 for one in columns if one.kind == "category"]
    rows = len(table[columns[0].name])
    joined = np.hstack([np.empty((rows, 0)), *numbers])
    return Design(
        np.ascontiguousarray(np.clip(joined, -_LARGEST, _LARGEST)),
        np.column_stack(codes).astype(np.int32) if codes else np.empty((rows, 0), np.int32),
        tuple(len(one.categories) + 2 for one in columns if one.kind == "category"),
        sparse.hstack(terms, format="csr", dtype=np.float32) if terms else None,
    )


class Part(NamedTuple):
    """Where a column is in a design: a slice of `numbers` or `codes`, and of `terms` if it is a text."""

    kind: Literal["numbers", "codes"]
    at: slice
    terms: slice | None = None


def parts(columns: Sequence[FeatureColumn]) -> list[Part]:
    """The part of each column."""
    found, number, code, term = [], 0, 0, 0
    for one in columns:
        if one.kind == "category":
            found.append(Part("codes", slice(code, code + 1)))
            code += 1
            continue
        terms = slice(term, term + one.encoder.terms) if one.encoder else None
        found.append(Part("numbers", slice(number, number + one.width), terms))
        number += one.width
        term += one.encoder.terms if one.encoder else 0
    return found


def names(columns: Sequence[FeatureColumn]) -> list[str]:
    """Names of the columns of `Design.joined`."""
    found: list[str] = []
    for one in columns:
        if one.kind == "number":
            found.append(one.name)
        elif one.kind == "date":
            found += [f"{one.name}: {part}" for part in PARTS]
        elif one.kind == "text":
            found += [f"{one.name}: {place}" for place in range(one.width)]
    return found + [one.name for one in columns if one.kind == "category"]
