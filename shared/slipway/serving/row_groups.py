"""Answers to a part of a request's rows, so that the others cost no more than they must.

For `on_error=record`, where an invalid row has its error in the place of its answer, and for `stream`, where
the first rows are answered before the last.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from slipway.errors import RowErrors, UserError
from slipway.model import Answers
from slipway.table.arrow import Array
from slipway.table.table import Table

ERROR = "error"
_CALLS = 100  # of predict to find invalid rows that it does not name; those left over share the last error
Columns = Mapping[str, Array]
Predict = Callable[[Table], Answers]
"""The model's predict, its answers checked."""


@dataclass(frozen=True)
class PartialResult:
    """Answers to some rows. `places` has the place in the request that each answer belongs to."""

    columns: Columns
    places: Array
    answers: Answers
    """As the model gave them."""


class RowGroups:
    """Rows and which of them belong together; what belongs together is answered, or is invalid, as one."""

    def __init__(self, groups: Array | None, table: Table, places: Array | None) -> None:
        """`groups` has the group of each row, None where each stands by itself; `places` are the rows' in the
        request.
        """
        self.table = table
        self._places = np.arange(len(table)) if places is None else places
        if groups is None:
            groups = np.arange(len(table))
        _, first, of_rows = np.unique(groups, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))  # a group comes where its first row came
        self.of_rows = rank[of_rows]
        self._order = np.argsort(self.of_rows, kind="stable")
        self._ends = np.append(
            np.searchsorted(self.of_rows[self._order], np.arange(len(first))), len(self._order)
        )

    def __len__(self) -> int:
        return len(self._ends) - 1

    def rows_of(self, groups: Array) -> Array:
        """The rows of `groups`, in their order."""
        if len(self) == len(self._order):
            return np.sort(groups)
        chosen = np.zeros(len(self), bool)
        chosen[groups] = True
        return np.flatnonzero(chosen[self.of_rows])

    def place(self, group: int) -> int:
        """The place of a group's first row in the request."""
        return int(self._places[self._order[self._ends[group]]])

    def invalid(self, errors: Mapping[int, UserError]) -> dict[int, UserError]:
        """The groups with an error in one of their rows, and the first of these, by the request's rows."""
        found: dict[int, UserError] = {}
        for row in sorted(errors):
            found.setdefault(int(self.of_rows[row]), errors[row].moved(int(self._places[row]) + 1))
        return found

    def answer(self, groups: Array, predict: Predict) -> PartialResult:
        """What the model answers to them. Raises UserError, with the row counted among those."""
        rows = self.rows_of(groups)
        found = predict(self.table.take(rows))
        places = self._places[rows]
        if found.groups is not None:
            names, first = np.unique(found.groups.of_rows, return_index=True)
            places = places[first[np.searchsorted(names, found.groups.of_answers)]]
        return PartialResult(found.columns, places, found)

    def predict_valid(
        self, groups: Array, predict: Predict, invalid: dict[int, UserError], said: UserError | None = None
    ) -> list[PartialResult]:
        """Answers to all of `groups` that can be answered; into `invalid`, by place, goes why others cannot.

        `said` is what the model has said to all of them, if it was asked already.
        """
        found: list[PartialResult] = []
        waiting, calls = [groups] if len(groups) else [], 0
        while waiting:
            some = waiting.pop()
            calls += 1
            if said is None:
                try:
                    found.append(self.answer(some, predict))
                    continue
                except UserError as error:
                    if error.status != UserError.status:
                        raise
                    said = error
            waiting += self._without(some, said, invalid, calls)
            said = None
        return found

    def _without(
        self, groups: Array, error: UserError, invalid: dict[int, UserError], calls: int
    ) -> list[Array]:
        """What is left to try of `groups`, once `error` has told which of them are invalid, or has not."""
        rows = self.rows_of(groups)
        told = error.rows if isinstance(error, RowErrors) else {error.row: error} if error.row else {}
        if len(groups) == 1 or calls > _CALLS:
            for group in groups.tolist():
                invalid[self.place(group)] = error.moved(None if error.row is None else self.place(group) + 1)
            return []
        bad: dict[int, UserError] = {}
        for row, why in told.items():
            if row is not None and 0 < row <= len(rows):
                place = rows[row - 1]
                bad.setdefault(int(self.of_rows[place]), why.moved(int(self._places[place]) + 1))
        if not bad:
            half = len(groups) // 2
            return [groups[half:], groups[:half]]
        invalid |= {self.place(group): why for group, why in bad.items()}
        rest = groups[~np.isin(groups, list(bad))]
        return [rest] if len(rest) else []


def merge(
    parts: Sequence[PartialResult], invalid: Mapping[int, UserError], like: Sequence[str] = ()
) -> Columns:
    """The answers and the errors, each in its place; the errors in a column of their own.

    `like` names the columns where nothing was answered that would tell them.
    """
    places = np.concatenate([*(part.places for part in parts), np.fromiter(invalid, np.int64, len(invalid))])
    order = np.argsort(places, kind="stable")
    columns = stacked(parts, len(invalid)) or {name: nulls(len(invalid)) for name in like}
    errors = nulls(len(places))
    errors[len(places) - len(invalid) :] = [str(error) for error in invalid.values()]
    return with_errors({name: column[order] for name, column in columns.items()}, errors[order])


def stacked(parts: Sequence[PartialResult], gaps: int = 0) -> dict[str, Array]:
    """The answers of all parts on top of one another, and below them `gaps` empty ones."""
    names = dict.fromkeys(name for part in parts for name in part.columns)
    heights = [*(len(part.places) for part in parts), gaps]
    return {name: _stacked([*(part.columns.get(name) for part in parts), None], heights) for name in names}


def nulls(height: int) -> Array:
    """A column of nothing."""
    return np.full(height, None, dtype=object)


def with_errors(columns: Columns, errors: Array) -> Columns:
    """The columns, and one more: what is wrong with each row, None where nothing is."""
    name = ERROR
    while name in columns:  # a table that is given back may have such a column
        name += "_"
    return {**columns, name: errors}


def _stacked(columns: Sequence[Array | None], heights: Sequence[int]) -> Array:
    """Columns on top of one another; of one that is not there, nothing in each of its rows."""
    there = [(column, height) for column, height in zip(columns, heights, strict=True) if height]
    if all(column is None or (column.dtype.kind == "f" and column.ndim == 1) for column, _ in there):
        return np.concatenate([np.full(n, np.nan) if column is None else column for column, n in there])
    if len(there) == 1 and there[0][0] is not None:
        return there[0][0]
    cells = chain(*([None] * n if column is None else column.tolist() for column, n in there))
    return np.fromiter(cells, object, sum(heights))


def pieces(groups: RowGroups, size: int) -> Iterator[Array]:
    """All groups, so many at a time."""
    for start in range(0, len(groups), size):
        yield np.arange(start, min(start + size, len(groups)))
