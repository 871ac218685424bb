"""Shapley values of a prediction relative to a typical row, by sampling orders of the columns.

Castro et al. 2009; Sundararajan and Najmi 2020 ("baseline Shapley"). They sum exactly to
the difference between the prediction and that of the typical row, for any model.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .features.columns import FeatureColumn
from .features.design import Design
from .types import Floats

_STATES = 600  # rows that the model predicts to explain one
_ORDERS = 16


def contributions(
    value: Callable[[Design], Floats],
    rows: Design,
    usual: Design,
    columns: Sequence[FeatureColumn],
    seed: int = 0,
) -> Floats:
    """Shapley values of shape (rows, columns).

    `value` maps a design matrix to shape (rows, outputs); the largest output of a row is explained.
    """
    parts = column_slices(columns)
    found = np.zeros((len(rows), len(columns)))
    for row in range(len(rows)):
        differing = [place for place, (kind, at) in enumerate(parts) if _differs(rows, usual, row, kind, at)]
        if differing:
            found[row, differing] = _of_row(
                value, rows[[row]], usual, [parts[place] for place in differing], seed
            )
    return found


def _of_row(
    value: Callable[[Design], Floats], row: Design, usual: Design, parts: list[tuple[str, slice]], seed: int
) -> Floats:
    random = np.random.default_rng(seed)
    count = len(parts)
    pairs = max(1, min(_ORDERS, _STATES // (2 * count)))
    orders = [order for _ in range(pairs) for order in _pair(random.permutation(count))]
    height = len(orders) * count + 1
    numbers, codes = np.repeat(usual.numbers, height, 0), np.repeat(usual.codes, height, 0)
    for number, order in enumerate(orders):
        for step, place in enumerate(order):
            kind, at = parts[place]
            states = slice(number * count + step, (number + 1) * count)
            (numbers if kind == "numbers" else codes)[states, at] = getattr(row, kind)[0, at]
    values = value(Design(numbers, codes, row.sizes))
    output = int(values[count - 1].argmax())
    base, found = values[-1, output], np.zeros(count)
    for number, order in enumerate(orders):
        steps = values[number * count : (number + 1) * count, output]
        found[order] += np.diff(steps, prepend=base)
    return found / len(orders)


def _pair(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An order and its reverse, whose sampling errors partly cancel."""
    return order, order[::-1]


def column_slices(columns: Sequence[FeatureColumn]) -> list[tuple[str, slice]]:
    """The part of the design matrix of each column: `numbers` or `codes`, and the slice."""
    found, number, code = [], 0, 0
    for one in columns:
        if one.kind == "category":
            found.append(("codes", slice(code, code + 1)))
            code += 1
        else:
            found.append(("numbers", slice(number, number + one.width)))
            number += one.width
    return found


def _differs(rows: Design, usual: Design, row: int, kind: str, at: slice) -> bool:
    return not np.array_equal(
        getattr(rows, kind)[row, at], getattr(usual, kind)[0, at], equal_nan=kind == "numbers"
    )
