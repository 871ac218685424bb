"""A training channel: many files, one table."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from slipway import cells, machine
from slipway.cells import Array, Kind
from slipway.errors import PlatformError, UserError, listed
from slipway.media import parse
from slipway.training import nesting
from slipway.training.inputs import Files, Inputs
from slipway.training.stack import Stack

if TYPE_CHECKING:
    from dask.dataframe import DataFrame as Collection
    from pandas import DataFrame

_UNPACKED = 8  # times the bytes of a CSV: its cells as strings, then as numbers, then an algorithm's copy
_IN_MEMORY = 4  # times the bytes of a table's cells: the cells, as numbers, and an algorithm's copy


class Channel:
    """The data of one channel, in the sizes that exist: a table, an iterator of tables, a Dask collection."""

    def __init__(
        self,
        name: str,
        folder: Path,
        content_type: str = "",
        inputs: Inputs | None = None,
    ) -> None:
        self.name = name
        self.content_type = content_type
        self._inputs: Inputs = Files(folder) if inputs is None else inputs
        self._stack = Stack(name, self._inputs, content_type)
        self._kept: list[list[pa.Array]] | None = None
        if not self._inputs:
            if isinstance(self._inputs, Files) and not folder.is_dir():
                raise PlatformError(f"channel {name} was not mounted: there is no folder {folder}")
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
        return self._inputs.size_bytes

    @cached_property
    def fits_memory(self) -> bool:
        """Whether `table` would take no more than half of the memory, by rule of thumb."""
        weight = self._inputs.unpacked_bytes
        return self._keeps() if weight is None else weight * _UNPACKED < machine.memory_bytes() / 2

    @property
    def fits_hosts(self) -> bool:
        """Whether `collection` would take no more than half of the memory of any host, taken for alike."""
        from slipway.training.shards import Shards

        if not isinstance(self._inputs, Shards):
            return False
        return self._inputs.heaviest_bytes * _UNPACKED < machine.memory_bytes() / 2

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each column holds, by name, in the table's order; of a table in pieces, what the first has."""
        return self._kinds if "table" in self.__dict__ else self._head_kinds

    @cached_property
    def _head_kinds(self) -> dict[str, Kind]:
        return {
            name: cells.kind_of(cells.column(nesting.flat(column)))
            for name, column in zip(self._stack.names, self._stack.head.columns, strict=True)
        }

    @property
    def named(self) -> bool:
        """Whether the columns came with names."""
        return self._stack.head.names is not None

    @property
    def target(self) -> str | None:
        """The first column, where the content type says that it is the label: `text/csv; label_size=1`.

        https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
        """
        return self._stack.names[0] if parse(self.content_type).parameters.get("label_size") == "1" else None

    @cached_property
    def table(self) -> "DataFrame":
        """All rows of all files: int64, float64 (NaN where missing), texts as str or None.

        Raises UserError naming file and line where the files do not make one table.
        """
        from pandas import DataFrame

        blocks = list(self._blocks())
        names = self._stack.names
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

    def collection(self) -> "Collection":
        """The same rows where they lie: a partition for each host that has some, held in its memory.

        Only of files that are sharded over several hosts, where `job.client` is their Dask client; typed as
        the first block of rows. Raises ValueError for any other.
        """
        from slipway.training.shards import Shards  # and with it Dask, which only several hosts need

        if not isinstance(self._inputs, Shards):
            raise ValueError(f"channel {self.name} is not sharded over several hosts")
        return self._inputs.collection(self._stack.head, self.kinds, self.content_type)

    @property
    def nested(self) -> bool:
        """Whether cells of the first block are lists, as series in lines of JSON; `kinds` goes by items."""
        return any(map(nesting.is_nested, self._stack.head.columns))

    def records(self) -> Iterator[dict[str, Array]]:
        """The same rows in pieces, cells by column as they came, lists too: objects, texts of a CSV."""
        for sheet in self._stack.sheets():
            yield {
                name: cells.objects(column)
                for name, column in zip(self._stack.names, sheet.columns, strict=True)
            }

    def _blocks(self) -> Iterator[list[pa.Array]]:
        """Every block's columns, in the order of the first."""
        if self._kept is not None:
            yield from self._kept
            return
        for sheet, file in self._stack.placed():
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
