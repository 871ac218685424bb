"""Linear relations between a number and a few other numeric columns, such as a total and its parts.

A learner over all columns compromises between rows in which such companions are observed and rows in which
they are missing. A relation is fitted to the rows that have all of its columns, and used only in those.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..features.cells import Floats
from ..features.design import Design

WIDTH = 4  # columns of a relation, at most
STARTS = 3  # searches, each without the first columns of those before
TRIED = 2  # columns that each step of a search tries
SEARCHED = 1_000  # rows that are searched
FEWEST = 20  # rows that have all columns of a relation
GAIN = 0.9  # factor by which each column, and a relation as a whole, must lower the squared error
NOTHING = 1e-18  # squared error, in variances of the column, that counts as none


@dataclass(frozen=True)
class Relation:
    """A linear function of some dense columns of a design."""

    places: tuple[int, ...]
    coef: tuple[float, ...]
    intercept: float

    @classmethod
    def fit(cls, places: Sequence[int], cells: Floats, answers: Floats) -> Self:
        """Least squares over the rows that have all columns; `cells` are dense, of shape (rows, columns)."""
        some = cells[:, places]
        rows = ~np.isnan(some).any(axis=1)
        ones = np.ones((rows.sum(), 1))
        found = np.linalg.lstsq(np.hstack([some[rows], ones]), answers[rows])[0].tolist()
        return cls(tuple(places), tuple(found[:-1]), found[-1])

    def predict(self, cells: Floats) -> Floats:
        """Values, shape (rows,); NaN for rows without all columns.

        >>> Relation((0, 1), (2.0, -1.0), 5.0).predict(np.array([[1.0, 3.0], [4.0, np.nan]]))
        array([ 4., nan])
        """
        # Added column by column: with BLAS the last digits of a row depend on the rows next to it.
        total = np.full(len(cells), self.intercept)
        for place, weight in zip(self.places, self.coef, strict=True):
            total += weight * cells[:, place]
        return total

    def state(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return {"places": self.places, "coef": self.coef, "intercept": self.intercept}

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """From `state`."""
        return cls(tuple(state["places"]), tuple(state["coef"]), state["intercept"])


def apply(
    relations: Sequence[Relation], cells: Floats, answers: Floats, scale: float, mean: Floats
) -> Floats:
    """`answers`, shape (rows,), replaced in each row by the first relation that has all columns there.

    Relations predict in units of `scale` from `mean`.
    """
    found = answers
    for relation in reversed(relations):
        values = relation.predict(cells)
        found = np.where(np.isnan(values), found, mean + scale * values)
    return found


def find(
    design: Design, answers: Floats, guesses: Floats, folds: NDArray[np.int64]
) -> tuple[list[Relation], Floats]:
    """Relations that predict rows out of fold better than `guesses`, most exact first, and the new guesses.

    `answers` are standardised values of shape (rows,), `guesses` predictions out of `folds`.
    """
    cells = design.source.dense
    candidates = dict.fromkeys(candidates_of(design, answers, guesses))
    tried = {places: _out_of_fold(places, cells, answers, folds) for places in candidates}
    errors = {places: _squared(found - answers) for places, found in tried.items()}
    free = np.ones(len(answers), bool)
    chosen: list[Relation] = []
    guesses = guesses.copy()
    for places in sorted(tried, key=errors.__getitem__):
        rows = free & ~np.isnan(tried[places])
        if rows.sum() < FEWEST:
            continue
        own, before = (_squared((one - answers)[rows]) for one in (tried[places], guesses))
        if own < GAIN * before and before > NOTHING:
            guesses[rows] = tried[places][rows]
            free &= ~rows
            chosen.append(Relation.fit(places, cells, answers))
    return chosen, guesses


def candidates_of(design: Design, answers: Floats, guesses: Floats) -> Iterator[tuple[int, ...]]:
    """Sets of dense columns, by forward selection from several first columns, that may beat the guesses."""
    rows = np.unique(np.linspace(0, len(answers) - 1, SEARCHED).astype(int))
    cells, answers, guesses = design.source.dense[rows], answers[rows], guesses[rows]
    free = numeric(design)
    for _ in range(STARTS):
        path: tuple[int, ...] = ()
        left = answers - answers.mean()
        error = _squared(left)
        while len(path) < WIDTH:
            steps: dict[tuple[int, ...], tuple[float, Floats]] = {}
            for place in _promising(path, free, cells, left):
                longer = (*path, place)
                rest = answers - Relation.fit(longer, cells, answers).predict(cells)
                if (~np.isnan(rest)).sum() >= FEWEST:
                    steps[longer] = _squared(rest), rest
            best = min(steps, key=lambda tried: steps[tried][0], default=())
            if not best or steps[best][0] > GAIN * error or error < NOTHING:
                break
            path, (error, left) = best, steps[best]
            if error < GAIN * _squared((guesses - answers)[~np.isnan(left)]):
                yield tuple(sorted(path))
        if not path:
            return
        free = free[free != path[0]]


def numeric(design: Design) -> NDArray[np.int64]:
    """The dense columns that are the values of numbers and dates."""
    some = [
        place
        for place, column in zip(design.source.first.tolist(), design.source.columns, strict=True)
        if column.numeric and column.name != design.target
    ]
    return np.array(some, np.int64)


def _promising(path: tuple[int, ...], free: NDArray[np.int64], cells: Floats, left: Floats) -> list[int]:
    """The columns that go along best with what a relation of `path` has `left` over, NaN in some rows."""
    others = np.setdiff1d(free, path)
    seen = ~np.isnan(cells[:, others]) & ~np.isnan(left)[:, None]
    values = np.where(seen, cells[:, others], 0.0)
    rest = np.where(np.isnan(left), 0.0, left)[:, None] * seen
    count = np.maximum(seen.sum(0), 1)
    mean, middle = values.sum(0) / count, rest.sum(0) / count
    shared = (values * rest).sum(0) / count - mean * middle
    spread = (values**2).sum(0) / count - mean**2
    size = (rest**2).sum(0) / count - middle**2
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.nan_to_num(np.abs(shared) / np.sqrt(spread * size))
    order = np.argsort(-alike, kind="stable")[:TRIED]
    found: list[int] = others[order].tolist()
    return found


def _out_of_fold(places: tuple[int, ...], cells: Floats, answers: Floats, folds: NDArray[np.int64]) -> Floats:
    """Predictions by relations that were fitted without the row; NaN where a column is missing."""
    found = np.empty(len(answers))
    for fold in np.unique(folds):
        inside, outside = folds != fold, folds == fold
        found[outside] = Relation.fit(places, cells[inside], answers[inside]).predict(cells[outside])
    return found


def _squared(errors: Floats) -> float:
    known = errors[~np.isnan(errors)]
    return float(np.mean(known**2)) if len(known) else float(np.inf)
