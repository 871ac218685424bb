"""Covariate columns as numbers: numeric and boolean ones as they are, categorical ones as indicators."""

from collections.abc import Mapping, Sequence

import numpy as np

from slipway import NUMERIC, Array, RowErrors, Table, UserError, numbers

Categories = Mapping[str, tuple[str, ...]]
"""The categories of each categorical column."""


def encoded_names(names: Sequence[str], categories: Categories) -> tuple[str, ...]:
    """The names of the encoded columns: one per numeric column, one per category of any other.

    >>> encoded_names(["price", "promo"], {"promo": ("flyer", "tv")})
    ('price', 'promo=flyer', 'promo=tv')
    """
    return tuple(
        encoded
        for name in names
        for encoded in ([f"{name}={value}" for value in categories[name]] if name in categories else [name])
    )


def encoded(table: Table, names: Sequence[str], categories: Categories) -> Array:
    """The columns `names` of a table as `encoded_names` has them; shape (rows, encoded columns).

    NaN where a cell or a column is missing. Raises RowErrors for categories that training did not have.
    """
    parts = [np.empty((len(table), 0))]
    for name in names:
        width = len(categories[name]) if name in categories else 1
        if name not in table:
            parts.append(np.full((len(table), width), np.nan))
        elif name in categories:
            parts.append(_indicators(table, name, categories[name]))
        else:
            parts.append(table.number(name)[:, None])
    return np.hstack(parts)


def number_column(table: Table, name: str) -> Array:
    """A column as float64, NaN where missing. Raises UserError naming the first cell that is not a number."""
    if table.kinds[name] in NUMERIC:
        return table.number(name)
    missing = next(column.missing for column in table.columns if column.name == name)
    return numbers(table.arrow(name), name, missing)


def _indicators(table: Table, name: str, categories: Sequence[str]) -> Array:
    column = table.arrow(name).dictionary_encode()
    values = column.dictionary.to_pylist()
    unknown = [code for code, value in enumerate(values) if value not in categories]
    codes = column.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    if unknown:
        raise RowErrors(
            {
                row + 1: UserError(
                    f'unknown category "{values[codes[row]]}"; known: {", ".join(categories)}', row + 1, name
                )
                for row in np.flatnonzero(np.isin(codes, unknown)).tolist()
            }
        )
    of_value = [[float(value == category) for category in categories] for value in values]
    found: Array = np.array([*of_value, [np.nan] * len(categories)])[codes]
    return found
