"""Shapley values of a prediction relative to a typical row, by sampling orders of the columns.

Castro et al. 2009; Sundararajan and Najmi 2020 ("baseline Shapley"). They sum exactly to
the difference between the prediction and that of the typical row, for any model.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from .features.columns import FeatureColumn
from .features.design import Design, Part, parts
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
    placed = parts(columns)
    found = np.zeros((len(rows), len(columns)))
    for row in range(len(rows)):
        differing = [place for place, part in enumerate(placed) if _differs(rows, usual, row, part)]
        if differing:
            found[row, differing] = _of_row(
                value, rows[[row]], usual, [placed[place] for place in differing], seed
            )
    return found


def _of_row(
    value: Callable[[Design], Floats], row: Design, usual: Design, placed: list[Part], seed: int
) -> Floats:
    random = np.random.default_rng(seed)
    count = len(placed)
    pairs = max(1, min(_ORDERS, _STATES // (2 * count)))
    orders = [order for _ in range(pairs) for order in _pair(random.permutation(count))]
    height = len(orders) * count + 1
    numbers, codes = np.repeat(usual.numbers, height, 0), np.repeat(usual.codes, height, 0)
    has = np.zeros((height, count), bool)
    for number, order in enumerate(orders):
        for step, place in enumerate(order):
            part = placed[place]
            states = slice(number * count + step, (number + 1) * count)
            (numbers if part.kind == "numbers" else codes)[states, part.at] = getattr(row, part.kind)[
                0, part.at
            ]
            has[states, place] = True
    values = value(Design(numbers, codes, row.sizes, _terms(row, placed, has)))
    output = int(values[count - 1].argmax())
    base, found = values[-1, output], np.zeros(count)
    for number, order in enumerate(orders):
        steps = values[number * count : (number + 1) * count, output]
        found[order] += np.diff(steps, prepend=base)
    return found / len(orders)


def _terms(row: Design, placed: list[Part], has: Any) -> Any:
    """The terms of the texts that a state has of the row; the typical row's texts are empty."""
    if row.terms is None:
        return None
    found = sparse.csr_matrix((len(has), row.terms.shape[1]), dtype=np.float32)
    for place, part in enumerate(placed):
        if part.terms is not None:
            keeps = sparse.diags(np.isin(np.arange(row.terms.shape[1]), np.r_[part.terms]).astype(np.float32))
            found = found + sparse.csr_matrix(has[:, [place]].astype(np.float32)) @ (row.terms @ keeps)
    return found


def _pair(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An order and its reverse, whose sampling errors partly cancel."""
    return order, order[::-1]


def _differs(rows: Design, usual: Design, row: int, part: Part) -> bool:
    given, typical = getattr(rows, part.kind)[row, part.at], getattr(usual, part.kind)[0, part.at]
    if part.terms is not None and rows.terms[row, part.terms].nnz:
        return True
    return not np.array_equal(given, typical, equal_nan=part.kind == "numbers")
