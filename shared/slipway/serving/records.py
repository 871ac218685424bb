"""Answers to a part of a request's rows, so that the others cost no more than they must.

For `on_error=record`, where a bad row has what is wrong with it in the place of its answer, and for `stream`,
where the first rows are answered before the last.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from slipway import cells
from slipway.cells import Array
from slipway.errors import UserError
from slipway.model import Grouped
from slipway.rows import Rows
from slipway.schema import Schema
from slipway.sheet import Sheet

ERROR = "error"
_ROW = re.compile(r"^row (\d+)")
Columns = Mapping[str, Array]
Predict = Callable[[Rows], Mapping[str, Array] | Grouped]
"""The model's predict, its answers checked."""


@dataclass(frozen=True)
class Part:
    """Answers to some rows. `places` has the place in the request that each answer belongs to."""

    columns: Columns
    places: Array


@dataclass(frozen=True)
class Read:
    """A sheet as a source of rows."""

    of: Sheet

    def sheet(self, schema: Schema | None) -> Sheet:
        return self.of

    def matrix(self, schema: Schema) -> Array | None:
        return None


class Units:
    """Rows and which of them belong together; what belongs together is answered, or is bad, as one."""

    def __init__(self, groups: Array | None, rows: Rows, places: Array) -> None:
        """`groups` has the group of each row, None where each stands by itself; `places` are the rows' in the
        request.
        """
        self.rows = rows
        self._places = places
        if groups is None:
            groups = np.arange(len(places))
        _, first, of_rows = np.unique(groups, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))  # a unit comes where its first row came
        of_rows = rank[of_rows]
        self._of_rows = of_rows
        self._order = np.argsort(of_rows, kind="stable")
        self._ends = np.append(np.searchsorted(of_rows[self._order], np.arange(len(first))), len(places))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def rows_of(self, units: Array) -> Array:
        """The rows of `units`, in their order."""
        if len(self) == len(self._order):
            return np.sort(units)
        return np.sort(
            np.concatenate([self._order[self._ends[unit] : self._ends[unit + 1]] for unit in units])
        )

    def without(self, bad: Collection[int]) -> Rows:
        """The rows of all units but those whose first row's place is in `bad`."""
        kept = [unit for unit in range(len(self)) if self.place(unit) not in bad]
        return self.rows.take(self.rows_of(np.array(kept, dtype=np.int64)))

    def place(self, unit: int) -> int:
        """The place of a unit's first row."""
        return int(self._places[self._order[self._ends[unit]]])

    def answer(self, units: Array, predict: Predict) -> Part:
        """What the model answers to them. Raises UserError, of the request's own row numbers."""
        chosen = self.rows_of(units)
        try:
            found = predict(self.rows.take(chosen))
        except UserError as error:
            raise _renumbered(error, self._places[chosen]) from None
        places = self._places[chosen]
        if isinstance(found, Grouped):
            names, first = np.unique(found.of_rows, return_index=True)
            return Part(found.columns, places[first[np.searchsorted(names, found.of_answers)]])
        return Part(found, places)

    def spoiled(self, schema: Schema) -> dict[int, str]:
        """The units with a cell that is not what its column holds, and why."""
        sheet = self.rows.sheet
        found: dict[int, str] = {}
        for position, column in zip(schema.positions(sheet.names, sheet.width), schema.columns, strict=True):
            if position is None or column.kind == "text":
                continue
            for row, why in cells.complaints(sheet.columns[position], column.name).items():
                found.setdefault(int(self._of_rows[row]), str(_renumbered(UserError(why), self._places)))
        return found

    def sorted_out(self, units: Array, predict: Predict, bad: dict[int, str]) -> Iterator[Part]:
        """Answers to all of `units` that can be answered; of the others puts into `bad` why not."""
        if not len(units):
            return
        try:
            yield self.answer(units, predict)
        except UserError as error:
            if error.status != UserError.status:
                raise
            if len(units) == 1:
                bad[self.place(units[0])] = str(error)
                return
            half = len(units) // 2
            yield from self.sorted_out(units[:half], predict, bad)
            yield from self.sorted_out(units[half:], predict, bad)


def together(parts: Sequence[Part], bad: Mapping[int, str], like: Sequence[str] = ()) -> Columns:
    """The answers and the errors, each in its place; the errors in a column of their own.

    `like` names the columns where nothing was answered that would tell them.
    """
    places = np.concatenate([*(part.places for part in parts), np.fromiter(bad, np.int64, len(bad))])
    order = np.argsort(places, kind="stable")
    columns = stacked(parts, len(bad)) or {name: none(len(bad)) for name in like}
    errors = none(len(places))
    errors[len(places) - len(bad) :] = list(bad.values())
    return with_errors({name: column[order] for name, column in columns.items()}, errors[order])


def stacked(parts: Sequence[Part], gaps: int = 0) -> dict[str, Array]:
    """The answers of all parts on top of one another, and below them `gaps` empty ones."""
    names = dict.fromkeys(name for part in parts for name in part.columns)
    heights = [*(len(part.places) for part in parts), gaps]
    return {name: _stacked([*(part.columns.get(name) for part in parts), None], heights) for name in names}


def none(height: int) -> Array:
    """A column of nothing."""
    return np.full(height, None, dtype=object)


def with_errors(columns: Columns, errors: Array) -> Columns:
    """The columns, and one more: what is wrong with each row, None where nothing is."""
    name = ERROR
    while name in columns:  # a table that is given back may have such a column
        name += "_"
    return {**columns, name: errors}


def _renumbered(error: UserError, places: Array) -> UserError:
    """`error` with the row's number in the request, in the place of that among the rows tried."""
    text = str(error)
    found = _ROW.match(text)
    if found and int(found[1]) <= len(places):
        text = f"row {places[int(found[1]) - 1] + 1}" + text[found.end() :]
    renumbered = type(error)(text)
    renumbered.status = error.status
    return renumbered


def _stacked(columns: Sequence[Array | None], heights: Sequence[int]) -> Array:
    """Columns on top of one another; of one that is not there, nothing in each of its rows."""
    there = [(column, height) for column, height in zip(columns, heights, strict=True) if height]
    if all(column is None or (column.dtype.kind == "f" and column.ndim == 1) for column, _ in there):
        return np.concatenate([np.full(n, np.nan) if column is None else column for column, n in there])
    if len(there) == 1 and there[0][0] is not None:
        return there[0][0]
    cells = chain(*([None] * n if column is None else column.tolist() for column, n in there))
    return np.fromiter(cells, object, sum(heights))
