"""What learners that multiply and add take in: numbers brought to one scale, in pieces, and indicators."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from scipy import sparse

from ..features.design import Design
from ..types import Floats

_PIECES = 8  # of a number's range
_OUTER = (0.01, 0.99)  # quantiles: the least and the greatest cell are nobody's but the customer's
PIECES = 1_000
"""Pieces of all numbers together, unless a learner wants fewer."""
_INDICATORS = 100  # most frequent values of a category that get an indicator
_NORMAL = 1.349  # interquartile range of a standard normal variable
_BENDS = 3.0  # spreads from the median at which a number's slope is a third of what it was
_WEIGHT = 10.0  # of a text's terms, of whose weights the squares sum to one
_AT_ONCE = 2_000_000  # cells encoded at once


@dataclass(frozen=True)
class Encoding:
    """Columns of the inputs, in order: numbers, their gaps, the pieces of each number, and indicators.

    A number counts in spreads from its median, and less and less the further it is out (Holzmueller et al.
    2024, https://arxiv.org/abs/2407.04491). Its pieces lie between quantiles of the training rows, and each
    is 0 below, 1 above, and linear within (Gorishniy et al. 2022, https://arxiv.org/abs/2203.05556), so that
    a linear model follows any curve. `low` and `width`, of shape (numbers, pieces), hold them; a piece that
    is not needed is of infinite width. `centre` and `scale` have shape (numbers,), `shown`, the indicators of
    each category, (categories,).
    """

    centre: Floats
    scale: Floats
    low: Floats
    width: Floats
    shown: Any
    terms: int = 0
    """Words and pieces of texts, whose weights are the last inputs."""

    @classmethod
    def fit(cls, train: Design, held: Design, most: int = PIECES, with_terms: bool = True) -> Self:
        """`most` is the number of pieces of all numbers together.

        From both parts of the rows, of which no target is looked at: so it is the same for every fold, and at
        an answer done once for the models of all.
        """
        numbers = np.vstack([train.numbers, held.numbers])
        count = numbers.shape[1]
        filled = np.where(np.isnan(numbers).all(0), 0.0, numbers)
        centre = np.nanmedian(filled, axis=0) if count else np.empty(0)
        lower, upper = np.nanpercentile(filled, (25, 75), axis=0) if count else (centre, centre)
        middle, whole = (upper - lower) / _NORMAL, np.nanstd(filled, axis=0) if count else centre
        least = 1e-12 * np.maximum(1, np.abs(centre))
        scale = np.where(middle > least, middle, np.where(whole > least, whole, 1.0))
        pieces = min(_PIECES, most // max(1, count))
        low, width = np.zeros((count, pieces)), np.full((count, pieces), np.inf)
        for place in range(count if pieces > 1 else 0):
            edges = np.unique(np.nanquantile(filled[:, place], np.linspace(*_OUTER, pieces + 1)))
            if len(edges) > 2:  # with two, the only piece is the number itself
                low[place, : len(edges) - 1], width[place, : len(edges) - 1] = edges[:-1], np.diff(edges)
        shown = np.minimum(train.sizes, _INDICATORS).astype(np.int64)
        terms = train.terms.shape[1] if with_terms and train.terms is not None else 0
        return cls(centre, scale, low, width, shown, terms)

    @property
    def inputs(self) -> int:
        """Number of columns."""
        return 2 * len(self.centre) + self.low.size + int(self.shown.sum()) + self.terms

    def numeric(self, rows: Design) -> Floats:
        """The columns that are not indicators, of shape (rows, columns)."""
        gaps = np.isnan(rows.numbers)
        filled = np.where(gaps, self.centre, rows.numbers)
        spreads = (filled - self.centre) / self.scale
        bent = spreads / np.sqrt(1 + np.square(spreads / _BENDS))
        pieces = np.clip((filled[:, :, None] - self.low) / self.width, 0, 1)
        return np.hstack([bent, gaps, pieces.reshape(len(filled), self.low.size)])

    def matrix(self, rows: Design) -> Any:
        """All columns, as a sparse matrix of shape (rows, inputs) of float32."""
        step = max(1, _AT_ONCE // max(1, self.inputs - self.terms))
        parts = [
            sparse.csr_matrix(self.numeric(rows[start : start + step]).astype(np.float32))
            for start in range(0, len(rows), step)
        ]
        whole = [sparse.vstack(parts)] if parts else []
        for place, shown in enumerate(self.shown):
            codes = rows.codes[:, place]
            is_shown = np.flatnonzero(codes < shown)
            cells = (np.ones(len(is_shown), np.float32), (is_shown, codes[is_shown]))
            whole.append(sparse.csr_matrix(cells, shape=(len(codes), shown)))
        if self.terms:
            whole.append(_WEIGHT * rows.terms)
        return sparse.hstack(whole, format="csr", dtype=np.float32)

    def times(self, rows: Design, weights: Floats) -> Floats:
        """The product with `weights` of shape (inputs, outputs), without making the matrix."""
        step = max(1, _AT_ONCE // max(1, self.inputs - self.terms + weights.shape[1]))
        if len(rows) > step:
            parts = [self.times(rows[start : start + step], weights) for start in range(0, len(rows), step)]
            return np.vstack(parts)
        start = 2 * len(self.centre) + self.low.size
        found: Floats = self.numeric(rows) @ weights[:start]
        for place, shown in enumerate(self.shown):
            codes = rows.codes[:, place]
            table = weights[start : start + shown]
            found += table[np.minimum(codes, shown - 1)] * (codes < shown)[:, None]
            start += shown
        if self.terms:
            found += _WEIGHT * (rows.terms @ weights[start:])
        return found

    def same_as(self, other: Self) -> bool:
        """Whether the inputs of both are the same."""
        return all(np.array_equal(getattr(self, one.name), getattr(other, one.name)) for one in fields(self))

    def to_arrays(self) -> dict[str, Any]:
        return {one.name: np.asarray(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def of_arrays(cls, stored: Any) -> Self:
        arrays = {one.name: stored[one.name] for one in fields(cls)}
        return cls(**{**arrays, "terms": int(arrays["terms"])})


def products(
    encodings: Sequence[Encoding], weights: Sequence[Floats]
) -> Callable[[Design], Sequence[Floats]]:
    """A function that gives each encoding times its weights; inputs that are the same are made once."""
    first = encodings[0]
    if not all(first.same_as(one) for one in encodings[1:]):
        return lambda rows: [one.times(rows, mine) for one, mine in zip(encodings, weights, strict=True)]
    joined = np.hstack(weights)
    return lambda rows: np.split(first.times(rows, joined), len(weights), axis=1)
