"""A host's part of a channel, as a table in the columns of the whole.

What a column holds is told by the cells of all hosts: each types its own, the leader finds the kind that they
agree on, and a host that read its cells as another reads them again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slipway.table.kinds import NUMERIC
from slipway.table.raw import Raw, taken
from slipway.table.schema import Column
from slipway.table.table import Refused, Table, missing
from slipway.training.channel import Channel
from slipway.training.concatenated import Concatenated
from slipway.training.inputs import Files, Input
from slipway.training.sharing import PartRequest


@dataclass(frozen=True)
class Span:
    """Rows that a host has of a file, one after another; where hosts share a file, of one of its blocks."""

    path: Path
    block: int
    height: int


@dataclass(frozen=True)
class Opinion:
    """What a host's cells say of the columns of a channel; None where they are all missing."""

    columns: tuple[Column | None, ...]
    notes: tuple[str, ...]
    spans: tuple[Span, ...]

    @property
    def height(self) -> int:
        return sum(span.height for span in self.spans)


class Part(Channel):
    """The channel, as far as this host reads it."""

    def __init__(self, folder: Path, asked: PartRequest) -> None:
        self._files = _Some(folder, asked)
        super().__init__(asked.channel, folder, asked.content_type, self._files, asked.options)
        self._asked = asked
        self._spans: list[Span] = []
        self._roles = dict(asked.roles)
        self._texts |= asked.texts
        self._agreement: Mapping[str, Column] = asked.known

    def opinion(self) -> Opinion:
        """Reads the rows, and says what they hold."""
        table = self.table
        return Opinion(
            tuple(None if _blank(table, one) else one for one in table.columns),
            tuple(self.notes),
            tuple(self._spans),
        )

    def agreed(self, columns: tuple[Column, ...]) -> Table:
        """The rows in the columns on which all hosts agree. Raises UserError for a cell that is none."""
        table = self.table
        if not all(_alike(table, column) for column in columns):
            self._agreement = {column.name: column for column in columns}
            self._read = None
            table = self.table
        cells = [_cells(table, one) for one in columns]
        self._read = None
        return Table(columns, cells, len(table))

    @property
    def _head(self) -> Raw:
        return self._asked.like  # whatever is read again

    def _known(self) -> Mapping[str, Column]:
        return self._agreement

    def _concatenated(self) -> Concatenated:
        return replace(super()._concatenated(), like=self._asked.like)

    def _blocks(self) -> Iterator[tuple[Raw, str]]:
        self._spans = []
        blocks: Counter[Path] = Counter()
        for raw, file in super()._blocks():
            path = self._files.current
            if self._asked.of > 1:
                raw, file = (
                    _slice(raw, self._asked.place, self._asked.of),
                    f"{file}, counting this host's rows",
                )
                blocks[path] += 1
            if raw.height:
                self._spans.append(Span(path, blocks[path], raw.height))
                yield raw, file

    def _tell(self, notes: object) -> None:
        """The leader tells, once for all hosts."""


class _Some(Files):
    """The files that this host reads; `current` is the one that is being read."""

    def __init__(self, folder: Path, asked: PartRequest) -> None:
        super().__init__(folder)
        self.paths = [path for path in self.paths if path.relative_to(folder) in asked.files]
        self.current = Path()

    def __call__(self) -> Iterator[Input]:
        for path, source in zip(self.paths, super().__call__(), strict=True):
            self.current = path.relative_to(self.folder)
            yield source


def _slice(raw: Raw, place: int, of: int) -> Raw:
    """The rows of a block that fall to one of several hosts."""
    first, end = raw.height * place // of, raw.height * (place + 1) // of
    places = np.arange(first, end)
    return replace(raw, columns=[taken(column, places) for column in raw.columns], height=end - first)


def _blank(table: Table, column: Column) -> bool:
    return table.refused(column.name) is None and bool(table.gaps(column.name).all())


def _alike(table: Table, column: Column) -> bool:
    """Whether the cells are already what the agreed column holds."""
    mine = next(one for one in table.columns if one.name == column.name)
    return reads_alike(mine, column) or _blank(table, mine)


def _cells(table: Table, column: Column) -> object:
    if error := table.refused(column.name):
        return Refused(error)
    return missing(column, len(table)) if _blank(table, column) else table.cells(column.name)


def reads_alike(one: Column, other: Column) -> bool:
    """Whether a cell is the same value in both columns."""
    if one.kind in NUMERIC and other.kind in NUMERIC:
        return (one.kind == "boolean") == (other.kind == "boolean") and one.style == other.style
    return (one.kind, one.whole, one.words, one.times) == (other.kind, other.whole, other.words, other.times)
