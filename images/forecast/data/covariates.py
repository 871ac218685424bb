"""Covariate columns of a channel: the categories of text columns, and all columns as numbers."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow.compute as pc

from slipway import Array, Table

from ..panel.covariates import Categories, encoded, number_column

MAX_CATEGORIES = 12
"""A text column with more distinct values is free text or an identifier, not a covariate."""


def words_of(tables: Iterable[Table], names: Sequence[str]) -> dict[str, set[str]]:
    """The distinct values of text columns, more than MAX_CATEGORIES where there are more."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for table in tables if found else ():
        for name, values in found.items():
            if len(values) <= MAX_CATEGORIES:
                values |= set(pc.unique(table.arrow(name).drop_null()).to_pylist()[: MAX_CATEGORIES + 1])
    return found


def categories_of(words: Iterable[dict[str, set[str]]]) -> dict[str, tuple[str, ...]]:
    """The sorted categories of columns that have 2 to MAX_CATEGORIES of them, in all parts of a channel."""
    found: dict[str, set[str]] = {}
    for part in words:
        for name, values in part.items():
            found[name] = found.get(name, set()) | values
    return {
        name: tuple(sorted(values)) for name, values in found.items() if 1 < len(values) <= MAX_CATEGORIES
    }


def covariates_of(table: Table, names: Sequence[str], categories: Categories) -> Array:
    """The covariates of a table as numbers; shape (rows, encoded columns). Raises UserError."""
    parts = [
        number_column(table, name)[:, None]
        if name in table and name not in categories
        else encoded(table, [name], categories)
        for name in names
    ]
    return np.hstack([np.empty((len(table), 0)), *parts])
