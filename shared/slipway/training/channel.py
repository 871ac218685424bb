"""A training channel: many files, one table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from slipway import cells, machine
from slipway.cells import Array, Kind
from slipway.codecs import libsvm
from slipway.errors import UserError, listed
from slipway.media import parse
from slipway.sheet import Sheet
from slipway.training.files import sheets
from slipway.training.inputs import Files, Pipe

if TYPE_CHECKING:
    from pandas import DataFrame

_UNPACKED = 8  # times the bytes of a CSV: its cells as strings, then as numbers, then an algorithm's copy
_PACKED = 5  # how far gzip packs numbers as text
_IN_MEMORY = 4  # times the bytes of a table's cells: the cells, as numbers, and an algorithm's copy


class Channel:
    """The data of one channel, in the sizes that exist: a table, or an iterator of tables."""

    def __init__(self, name: str, folder: Path, content_type: str = "", pipe: Pipe | None = None) -> None:
        self.name = name
        self.content_type = content_type
        self._inputs: Files | Pipe = pipe or Files(folder)
        self._kept: list[list[pa.Array]] | None = None
        if isinstance(self._inputs, Files) and not self._inputs.paths:
            raise UserError(
                f"channel {name} has no data files; expected CSV, JSON Lines, JSON, Parquet, RecordIO, "
                "LibSVM or Excel, gzipped or not"
            )

    @cached_property
    def text(self) -> str:
        """The one file of a channel of kind "file". Raises UserError for several, or for one not in UTF-8."""
        files = [(source.name, source.open().read()) for source in self._inputs()]
        if len(files) > 1:
            names = listed([name for name, _ in files])
            raise UserError(f"channel {self.name} has {len(files)} files, expected one: {names}")
        name, content = files[0]
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UserError(f"channel {self.name}: file {name} is not UTF-8") from None

    @property
    def source(self) -> str:
        """What the data come as, in a few words."""
        return str(self._inputs)

    @property
    def size_bytes(self) -> int | None:
        """What the files weigh on disk; None of a stream, whose length nobody knows."""
        if isinstance(self._inputs, Pipe):
            return None
        return sum(path.stat().st_size for path in self._inputs.paths)

    @cached_property
    def fits_memory(self) -> bool:
        """Whether `table` would take no more than half of the memory, by rule of thumb."""
        if isinstance(self._inputs, Pipe):
            return self._keeps()
        weight = sum(
            path.stat().st_size * (_PACKED if path.suffix == ".gz" else 1) for path in self._inputs.paths
        )
        return weight * _UNPACKED < machine.memory_bytes() / 2

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds, by name, in the table's order; of a table in pieces, what the first has."""
        return self._kinds if "table" in self.__dict__ else self._head_kinds

    @cached_property
    def _head_kinds(self) -> dict[str, Kind]:
        return {
            name: cells.kind_of(cells.column(_flat(column)))
            for name, column in zip(self._names, self._head.columns, strict=True)
        }

    @property
    def named(self) -> bool:
        """Whether the columns came with names."""
        return self._head.names is not None

    @property
    def target(self) -> str | None:
        """The first column, where the content type says that it is the label: `text/csv; label_size=1`.

        https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
        """
        return self._names[0] if parse(self.content_type).parameters.get("label_size") == "1" else None

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

        done = 0
        for columns in self._blocks():
            kinds = self.kinds
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

    @property
    def nested(self) -> bool:
        """Whether cells of the first block are lists, as series in lines of JSON; `kinds` goes by items."""
        return any(map(_is_nested, self._head.columns))

    def records(self) -> Iterator[dict[str, Array]]:
        """The same rows in pieces, cells by column as they came, lists too: objects, texts of a CSV."""
        for sheet in self._sheets():
            yield {
                name: cells.objects(column) for name, column in zip(self._names, sheet.columns, strict=True)
            }

    @cached_property
    def _head(self) -> Sheet:
        """The first block that has rows."""
        return next(self._sheets())

    @cached_property
    def _names(self) -> list[str]:
        if self._head.names is not None:
            return list(self._head.names)
        return [f"column_{place}" for place in range(1, self._head.width + 1)]

    @cached_property
    def _sparse_names(self) -> list[str]:
        """The columns of all files, each of which leaves out those that are 0 in all of its rows."""
        if isinstance(self._inputs, Pipe):
            raise UserError(f"channel {self.name}: LibSVM cannot come through a pipe; use File mode")
        names: list[str] = []
        for source in self._inputs():
            for sheet in sheets(source, self.content_type, None):
                names = libsvm.union(names, sheet.names or ())
        return names

    def _blocks(self) -> Iterator[list[pa.Array]]:
        """Every block's columns, in the order of the first."""
        if self._kept is not None:
            yield from self._kept
            return
        for sheet, file in self._placed():
            try:
                yield [cells.column(column) for column in sheet.columns]
            except UserError as error:
                raise UserError(f"file {file}: {error}") from None

    def _keeps(self) -> bool:
        """Whether a stream, whose length nobody knows, ends before it fills the memory; if so it is kept."""
        kept, weight = [], 0
        for block in self._blocks():
            kept.append(block)
            weight += sum(column.nbytes for column in block)
            if weight * _IN_MEMORY > machine.memory_bytes() / 2:
                return False
        self._kept = kept
        return True

    def _sheets(self) -> Iterator[Sheet]:
        """Every block that has rows, columns in the order of the first. Raises UserError if there is none."""
        return (sheet for sheet, _ in self._placed())

    def _placed(self) -> Iterator[tuple[Sheet, str]]:
        """The same with the names of the files that they are from."""
        first: Sheet | None = None
        empty = True
        names = []
        for source in self._inputs():
            names.append(source.name)
            for sheet in sheets(source, self.content_type, first):
                if sheet.sparse:
                    sheet = _widened(sheet, self._sparse_names, source.name)
                first = first or _checked(sheet, source.name)
                if sheet.height:
                    ordered = _ordered(sheet, first, source.name)
                    self.__dict__.setdefault("_head", ordered)  # of a stream, there is no second look at it
                    yield ordered, source.name
                    empty = False
        if empty:
            held = listed(names) or "it"
            raise UserError(f"channel {self.name} has no rows: {held} held nothing, or only a header")


def _checked(first: Sheet, file: str) -> Sheet:
    twice = [name for name, count in Counter(first.names or ()).items() if count > 1]
    if twice:
        raise UserError(f"file {file}: column names must differ; more than once came: {listed(twice)}")
    return first


def _widened(sheet: Sheet, names: Sequence[str], file: str) -> Sheet:
    try:
        return libsvm.widened(sheet, names)
    except UserError as error:
        raise UserError(f"file {file}: {error}") from None


def _ordered(sheet: Sheet, first: Sheet, file: str) -> Sheet:
    """`sheet` with the columns of `first`, in its order. Raises UserError when it has not got them."""
    sheet = _with_gaps(sheet, first)
    if sheet.names is not None and first.names is not None and sorted(sheet.names) != sorted(first.names):
        raise UserError(
            f"file {file}: the columns are {listed(sheet.names)}; "
            f"expected {listed(first.names)} as in the first file"
        )
    if sheet.width != first.width:
        raise UserError(f"file {file}: {sheet.width} columns, expected {first.width} as in the first file")
    columns = sheet.columns
    if sheet.names is not None and first.names is not None:
        where = {name: place for place, name in enumerate(sheet.names)}
        columns = [columns[where[name]] for name in first.names]
    return Sheet(columns, sheet.height, first.names)


def _is_nested(column: Any) -> bool:
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return bool(pa.types.is_list(column.type) or pa.types.is_large_list(column.type))
    return any(isinstance(cell, list) for cell in column)


def _flat(column: Any) -> Any:
    """The items of a column of lists, of lists of lists too; any other column as it is."""
    while _is_nested(column):
        if isinstance(column, pa.Array | pa.ChunkedArray):
            column = column.to_pylist()
        column = [
            item
            for cell in column
            for item in (cell if isinstance(cell, list) else [] if cell is None else [cell])
        ]
    return column


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
