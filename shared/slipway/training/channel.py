"""A training channel: many files, one table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from slipway import cells, machine
from slipway.cells import Kind
from slipway.errors import UserError, listed
from slipway.sheet import Sheet
from slipway.training.files import data_files, sheets

if TYPE_CHECKING:
    from pandas import DataFrame

_UNPACKED = 8  # times the bytes of a CSV: its cells as strings, then as numbers, then an algorithm's copy
_PACKED = 5  # how far gzip packs numbers as text


class Channel:
    """The data of one channel, in the sizes that exist: a table, or an iterator of tables."""

    def __init__(self, name: str, folder: Path, content_type: str = "") -> None:
        self.name = name
        self.content_type = content_type
        self.files = data_files(folder)
        if not self.files:
            raise UserError(
                f"channel {name} has no data files; "
                "expected CSV, JSON Lines, JSON, Parquet or Excel, gzipped or not"
            )

    @property
    def size_bytes(self) -> int:
        """What the files weigh on disk."""
        return sum(path.stat().st_size for path in self.files)

    @property
    def fits_memory(self) -> bool:
        """Whether `table` would take no more than half of the memory, by rule of thumb."""
        weight = sum(path.stat().st_size * (_PACKED if path.suffix == ".gz" else 1) for path in self.files)
        return weight * _UNPACKED < machine.memory_bytes() / 2

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds, by name, in the table's order; of a table in pieces, what the first has."""
        return self._kinds if "table" in self.__dict__ else self._head_kinds

    @cached_property
    def _head_kinds(self) -> dict[str, Kind]:
        return {
            name: cells.kind_of(column) for name, column in zip(self._names, self._head.columns, strict=True)
        }

    @property
    def named(self) -> bool:
        """Whether the columns came with names."""
        return self._head.names is not None

    @cached_property
    def table(self) -> "DataFrame":
        """All rows of all files: int64, float64 (NaN where missing), texts as str or None.

        Raises UserError naming file and line where the files do not make one table.
        """
        from pandas import DataFrame

        blocks = list(self._blocks())
        names = self._names
        whole = [_joined([block[place] for block in blocks]) for place in range(len(names))]
        self._kinds: dict[str, Kind] = {
            name: cells.kind_of(column) for name, column in zip(names, whole, strict=True)
        }
        return DataFrame(
            {
                name: cells.typed(column, self._kinds[name], name)
                for name, column in zip(names, whole, strict=True)
            }
        )

    def tables(self) -> "Iterator[DataFrame]":
        """The same rows in pieces of some megabytes, for what does not fit memory; typed as the first one."""
        from pandas import DataFrame

        kinds, done = self.kinds, 0
        for columns in self._blocks():
            try:
                yield DataFrame(
                    {
                        name: cells.typed(column, kinds[name], name)
                        for name, column in zip(kinds, columns, strict=True)
                    }
                )
            except UserError as error:
                raise UserError(f"channel {self.name}, after row {done}: {error}") from None
            done += len(columns[0])

    @cached_property
    def _head(self) -> Sheet:
        """The first block that has rows."""
        return next(self._sheets())

    @cached_property
    def _names(self) -> list[str]:
        if self._head.names is not None:
            return list(self._head.names)
        return [f"column_{place}" for place in range(1, self._head.width + 1)]

    def _blocks(self) -> Iterator[list[pa.Array]]:
        """Every block's columns, in the order of the first."""
        for sheet in self._sheets():
            yield list(sheet.columns)

    def _sheets(self) -> Iterator[Sheet]:
        """Every block that has rows, columns in the order of the first. Raises UserError if there is none."""
        first: Sheet | None = None
        empty = True
        for path in self.files:
            for sheet in sheets(path, self.content_type, first):
                first = first or _checked(sheet, path)
                if sheet.height:
                    empty = False
                    yield _ordered(sheet, first, path)
        if empty:
            files = listed([path.name for path in self.files])
            raise UserError(f"channel {self.name} has no rows: {files} held nothing, or only a header")


def _checked(first: Sheet, path: Path) -> Sheet:
    twice = [name for name, count in Counter(first.names or ()).items() if count > 1]
    if twice:
        raise UserError(f"file {path.name}: column names must differ; more than once came: {listed(twice)}")
    return first


def _ordered(sheet: Sheet, first: Sheet, path: Path) -> Sheet:
    """`sheet` with the columns of `first`, in its order. Raises UserError when it has not got them."""
    sheet = _with_gaps(sheet, first)
    if sheet.names is not None and first.names is not None and sorted(sheet.names) != sorted(first.names):
        raise UserError(
            f"file {path.name}: the columns are {listed(sheet.names)}; "
            f"expected {listed(first.names)} as in the first file"
        )
    if sheet.width != first.width:
        raise UserError(
            f"file {path.name}: {sheet.width} columns, expected {first.width} as in the first file"
        )
    columns = sheet.columns
    if sheet.names is not None and first.names is not None:
        where = {name: place for place, name in enumerate(sheet.names)}
        columns = [columns[where[name]] for name in first.names]
    try:
        return Sheet([cells.column(column) for column in columns], sheet.height, first.names)
    except UserError as error:
        raise UserError(f"file {path.name}: {error}") from None


def _with_gaps(sheet: Sheet, first: Sheet) -> Sheet:
    """JSON records may leave out what they do not know; a block of them may so lack a whole column."""
    known = first.names or ()
    if sheet.names is None or not all(isinstance(column, list) for column in sheet.columns):
        return sheet
    missing = [name for name in known if name not in sheet.names]
    if not missing or not set(sheet.names) <= set(known):
        return sheet
    gaps: list[list[None]] = [[None] * sheet.height for _ in missing]
    return Sheet([*sheet.columns, *gaps], sheet.height, [*sheet.names, *missing])


def _joined(blocks: Sequence[pa.Array]) -> pa.Array:
    """Blocks of one column end to end; as text or float where their types differ (only gaps, mixed JSON)."""
    kinds = {block.type for block in blocks}
    if len(kinds) > 1:
        wide: Any = (
            pa.float64()
            if all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds)
            else pa.string()
        )
        blocks = [cells.rounded(block) if wide == pa.float64() else block.cast(wide) for block in blocks]
    return pa.concat_arrays(blocks)
