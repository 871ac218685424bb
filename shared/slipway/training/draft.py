"""Blocks of rows on their way to one table, whose columns are typed by all of their cells."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from slipway.errors import UserError, counted, listed, shown
from slipway.table import arrow, kinds, learn, match
from slipway.table.arrow import Array
from slipway.table.learn_numbers import Learned
from slipway.table.options import DataOptions
from slipway.table.raw import Raw
from slipway.table.schema import Column
from slipway.table.table import Refused, Table, concatenated_texts, joined, missing


class MustBeTexts(Exception):
    """Columns of a CSV turned out to be texts after some of their cells had been read as numbers."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(listed(names))
        self.names = tuple(names)


class Draft:
    """Rows that come block by block; each column's chunks lie next to one another until all are there."""

    def __init__(
        self,
        channel: str,
        names: Sequence[str],
        given: DataOptions,
        roles: Mapping[str, str],
        known: Mapping[str, Column],
        texts: Collection[str] = (),
    ) -> None:
        """`roles` decide how a column is read; `known` columns are read as another channel's.

        `texts` were read as texts where the format can do so.
        """
        self._channel = channel
        self._names = names
        self._given = given
        self._roles = roles
        self._known = known
        self._texts = texts
        self._chunks: list[list[Any]] = [[] for _ in names]
        self._starts: list[int] = []
        self._files: list[str] = []
        self._written = False
        self._refused: dict[str, UserError] = {}
        self.height = 0

    def add(self, raw: Raw, file: str) -> None:
        """Puts a block below the others."""
        self._starts.append(self.height)
        self._files.append(file)
        self._written |= raw.written
        for name, chunks, column in zip(self._names, self._chunks, raw.columns, strict=True):
            try:
                known = self._known.get(name)
                chunks.append(learn.held(column) if known is None else match.cells_of(column, known))
            except UserError as error:
                self._refused.setdefault(name, self._placed(error.shifted(self.height)))
        self.height += raw.height

    def table(self) -> tuple[Table, list[str]]:
        """All rows, and what is to be said of how they were read.

        Raises MustBeTexts where a CSV must be read again.
        """
        if not self._starts:
            return self._empty(), []
        columns, cells, notes, again = [], [], [], []
        for name, chunks in zip(self._names, self._chunks, strict=True):
            try:
                column, found, said = self._finished(name, chunks)
            except MustBeTexts:
                again.append(name)
                continue
            except UserError as error:
                column, found = Column(name=name, kind="number"), Refused(self._placed(error))
                said = [f"column {shown(name)} cannot be read: {error}"]
            if not again:
                chunks.clear()  # what is typed takes the place of its chunks
            columns.append(column)
            cells.append(found)
            notes += said
        if again:
            raise MustBeTexts(again)
        table = Table(columns, cells, self.height)
        return table, [*notes, *_of_empty_rows(table)]

    def _empty(self) -> Table:
        columns = [self._known.get(name, Column(name=name, kind="text")) for name in self._names]
        return Table(columns, [missing(column, 0) for column in columns], 0)

    def _finished(self, name: str, chunks: list[Any]) -> Learned:
        if name in self._refused:
            raise self._refused[name]
        if name in self._known:
            return self._known[name], joined(chunks), []
        found = self._unified(name, chunks)
        role = self._roles.get(name, "")
        if isinstance(found, np.ndarray) and found.dtype != object:
            return learn.of_numbers(name, found, self._given)
        return learn.column(name, found, self._given, role)

    def _unified(self, name: str, chunks: list[Any]) -> pa.Array | Array:
        """The chunks as one, of one type."""
        if any(isinstance(chunk, np.ndarray) for chunk in chunks):
            return joined([_lists(chunk, name) for chunk in chunks])
        types = {chunk.type for chunk in chunks}
        if len(types) > 1:
            chunks = [_neutral(chunk, self._given.missing) for chunk in chunks]
            types = {chunk.type for chunk in chunks if chunk.type != pa.null()} or {pa.string()}
        forced = bool(self._roles.get(name)) or self._given.kinds.get(name) in {"text", "time"}
        if types <= {pa.int64(), pa.float64()} and not forced and types != {pa.int64()}:
            return joined([_floats(chunk) for chunk in chunks])
        if len(types) == 1:
            kind = next(iter(types))
            same = [pa.nulls(len(chunk), kind) if chunk.type == pa.null() else chunk for chunk in chunks]
            if forced and self._lost(name, kind, chunks) and self._may_be_reread(name):
                raise MustBeTexts([name])
            return concatenated_texts(same)
        if self._may_be_reread(name):
            raise MustBeTexts([name])
        plain = Column(name=name, kind="text")
        return concatenated_texts([match.texts_of(chunk, plain) for chunk in chunks])

    def _lost(self, name: str, kind: pa.DataType, chunks: Sequence[Any]) -> bool:
        """Whether texts were lost by reading them as numbers: 1.50, and NA, which is no gap among keys."""
        gaps = self._roles.get(name) != "label" and any(chunk.null_count for chunk in chunks)
        return bool(kind == pa.float64() or (kind == pa.int64() and gaps))

    def _may_be_reread(self, name: str) -> bool:
        """Whether numbers may be had as they were written: once, and from a CSV."""
        return self._written and name not in self._texts

    def _placed(self, error: UserError) -> UserError:
        """`error` with the channel and file that it is in, and the row's number in that file."""
        if error in self._refused.values():
            return error
        if error.row is None:
            return error.within(f"channel {self._channel}")
        block = bisect_right(self._starts, error.row - 1) - 1
        file = self._files[block]
        first = next(start for start, one in zip(self._starts, self._files, strict=True) if one == file)
        return error.shifted(-first).within(f"channel {self._channel}, file {file}")


def _of_empty_rows(table: Table) -> list[str]:
    """A note on rows in which every cell is missing, as spreadsheets leave them behind."""
    empty = np.ones(table.height, bool)
    for column in table.columns:  # mostly the first has no gaps
        if table.refused(column.name) is not None or not (empty := empty & table.gaps(column.name)).any():
            return []
    count = int(empty.sum())
    return [f"{counted(count, 'row')} hold nothing: every cell is missing, first in row {empty.argmax() + 1}"]


def _lists(chunk: Any, name: str) -> Array:
    """A block of lists, or of gaps next to such blocks. Raises UserError for any other."""
    if isinstance(chunk, np.ndarray):
        return chunk
    if chunk.null_count < len(chunk):
        raise UserError("a cell holds a list in some rows, and none in others", column=name)
    return np.full(len(chunk), None, dtype=object)


def _neutral(chunk: pa.Array, missing: Sequence[str]) -> pa.Array:
    """A block of gaps alone, which fits any type."""
    if chunk.null_count == len(chunk):
        return pa.nulls(len(chunk))
    if arrow.is_text(chunk.type) and kinds.look(chunk, missing).gaps.all():
        return pa.nulls(len(chunk))
    return chunk


def _floats(chunk: pa.Array) -> Array:
    if chunk.type == pa.null():
        return np.full(len(chunk), np.nan)
    return arrow.floats(chunk if chunk.type == pa.float64() else chunk.cast(pa.float64(), safe=False))
