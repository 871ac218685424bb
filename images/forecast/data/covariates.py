"""Covariate columns of a channel: the categories of text columns, and all columns as numbers."""

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc

from slipway import Array, Channel, RowErrors, Table

from ..panel.covariates import Categories, encoded
from .columns import number_column, pieces

MAX_CATEGORIES = 12
"""A text column with more distinct values is free text or an identifier, not a covariate."""


def find_categories(channel: Channel, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The categories, sorted, of those text columns `names` that have 2 to MAX_CATEGORIES of them."""
    found: dict[str, set[str]] = {name: set() for name in names if channel.kinds[name] == "text"}
    for table, _ in pieces(channel) if found else ():
        for name, values in found.items():
            if len(values) <= MAX_CATEGORIES:
                values |= set(pc.unique(table.arrow(name).drop_null()).to_pylist())
    return {
        name: tuple(sorted(values)) for name, values in found.items() if 1 < len(values) <= MAX_CATEGORIES
    }


def covariates_of(
    channel: Channel, table: Table, names: Sequence[str], categories: Categories, done: int
) -> Array:
    """The covariates of a table as numbers; shape (rows, encoded columns). Raises UserError.

    `done` is the number of rows before the table.
    """
    try:
        numeric = {
            name: number_column(channel, table, name, done)
            for name in names
            if name in table and name not in categories
        }
        parts = [
            numeric[name][:, None] if name in numeric else encoded(table, [name], categories)
            for name in names
        ]
    except RowErrors as errors:
        raise next(iter(errors.rows.values())).shifted(done).within(f"channel {channel.name}") from None
    return np.hstack([np.empty((len(table), 0)), *parts])
