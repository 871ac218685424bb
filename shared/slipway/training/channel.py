"""A training channel: many files, one table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from slipway.errors import PlatformError, UserError
from slipway.formats import Reading, libsvm
from slipway.formats.csv_file import numbered
from slipway.log import log
from slipway.media import parse
from slipway.table import match
from slipway.table.kinds import Kind
from slipway.table.options import DataOptions
from slipway.table.raw import Raw
from slipway.table.schema import Column, Schema
from slipway.table.table import Table
from slipway.training import size
from slipway.training.concatenated import Concatenated
from slipway.training.draft import Draft, MustBeTexts
from slipway.training.inputs import Files, Inputs, file_paths, one_text
from slipway.training.sharing import PartRequest, Sharing

Blocks = Iterator[tuple[Raw, str]]


class Channel:
    """The data of one channel, in the sizes that exist: a table, batches, partitions over the hosts.

    `declare` says before the data are read which columns hold keys, labels or times, kept as written.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        content_type: str = "",
        inputs: Inputs | None = None,
        options: DataOptions | None = None,
        sharing: Sharing | None = None,
    ) -> None:
        """`sharing` are the hosts that share the rows, where there are several."""
        self.name = name
        self.content_type = content_type
        self.notes: list[str] = []
        """What is to be said of how the data were read, once they were."""
        self.sharded = False  # whether each of several hosts has a part of the data, and none the whole
        self.needs = size.Needs()
        self._inputs: Inputs = Files(folder) if inputs is None else inputs
        self._options = options or DataOptions()
        self._sharing = sharing
        self._agreed: tuple[Column, ...] | None = None
        self._like: Channel | None = None
        self._roles: dict[str, str] = {}
        self._texts: set[str] = {
            name for name, kind in self._options.kinds.items() if kind in {"text", "time"}
        }
        self._as_texts: frozenset[str] = frozenset()  # the columns that blocks were read as texts in so far
        self._kept: list[tuple[Raw, str]] | None = None
        self._peeked: tuple[tuple[Raw, str], Blocks] | None = None
        self._first: Raw | None = None
        self._read: Table | None = None
        if not self._inputs:
            if isinstance(self._inputs, Files) and not folder.is_dir():
                raise PlatformError(f"channel {name} was not mounted: there is no folder {folder}")
            raise UserError(
                f"channel {name} has no data files; expected CSV, JSON Lines, JSON, Parquet, RecordIO, "
                "NumPy, LibSVM or Excel, gzipped or not"
            )

    def read_like(self, other: "Channel") -> None:
        """From now on columns hold what those of the same names do in another channel."""
        self._like = other

    def declare(self, role: str, names: Iterable[str]) -> None:
        """Says that columns are keys, labels or times (`role` is `key`, `label` or `time`): their cells are
        texts in any case, of which times are read by the whole column, as 20240131 and 2024 are, too.

        A column of whole numbers that lost no digit keeps its kind as a label, since nothing is lost by it.
        """
        for name in names:
            self._roles[name] = role
            if name not in self._texts:
                self._texts.add(name)
                self._read = None

    @cached_property
    def text(self) -> str:
        """The one file of a channel of kind "file". Raises UserError for several, or for one not in UTF-8."""
        return one_text(self._inputs, self.name)

    @property
    def paths(self) -> list[Path]:
        """The files of a channel of kind "file", where they lie. Raises UserError if each host has a part."""
        return file_paths(self._inputs, self.name)

    @property
    def source(self) -> str:
        """What the data come as, in a few words."""
        return str(self._inputs)

    @property
    def size_bytes(self) -> int | None:
        """What the files weigh on disk; None of a stream, whose length no one knows."""
        return self._inputs.size_bytes

    @property
    def names(self) -> list[str]:
        """The columns, in the table's order; they are numbered where they have no names."""
        first = self._head
        return list(first.names) if first.names is not None else numbered(first.width)

    @property
    def named(self) -> bool:
        """Whether the columns came with names."""
        return self._head.names is not None

    @property
    def target(self) -> str | None:
        """The first column, where the content type says that it is the label: `text/csv; label_size=1`."""
        return self.names[0] if parse(self.content_type).parameters.get("label_size") == "1" else None

    @property
    def weights(self) -> str | None:
        """The column of the rows' weights, where LibSVM's lines begin with `label:weight`."""
        return libsvm.WEIGHT if self._head.sparse and libsvm.WEIGHT in self.names else None

    @cached_property
    def head(self) -> Table:
        """The first block of rows, typed by its own cells."""
        return self._table(iter([(self._head, "")]))[0]

    @property
    def columns(self) -> tuple[Column, ...]:
        """What each column holds: by all rows where they were read or fit memory, else by the first block."""
        if self._agreed is not None and self._read is None:
            return self._agreed
        return self.table.columns if self.fits_memory else self.head.columns

    @property
    def kinds(self) -> dict[str, Kind]:
        """The kind of each column, by name, in the table's order; see `columns`."""
        return {column.name: column.kind or "text" for column in self.columns}

    @property
    def nested(self) -> bool:
        """Whether cells of the first block are lists, as series in lines of JSON."""
        return any(column.kind == "list" for column in self.head.columns)

    @cached_property
    def fits_memory(self) -> bool:
        """Whether `table`, and an algorithm's copy of it, would fit the memory, judged by the first block."""
        weight = self.memory_bytes
        return self._keeps() if weight is None else size.fits(weight)

    @property
    def memory_bytes(self) -> int | None:
        """What `table` takes of memory, judged by the first block; None of a stream."""
        weight = self._inputs.unpacked_bytes
        return None if weight is None else size.memory_bytes(self._head, weight)

    @property
    def estimated_rows(self) -> int | None:
        """How many rows there are, judged by the first block, exact if that is all; None of a stream."""
        weight = self._inputs.unpacked_bytes
        return None if weight is None else size.rows(self._head, weight)

    @property
    def fits_hosts(self) -> bool:
        """Whether `partitions` would fit the memory of any host, taken for alike."""
        if self._sharing is None or self.size_bytes is None:
            return self.fits_memory
        return size.fits(self._heaviest_bytes(self._sharing))

    @property
    def table(self) -> Table:
        """All rows of all files. Raises UserError where they make no table, or one larger than memory."""
        if self._read is None:
            self.needs.tell(self.name, self.memory_bytes)
            self._read, notes = self._table(None)
            self._tell(notes)
        return self._read

    @property
    def read_table(self) -> Table | None:
        """`table` if it was read, without reading it."""
        return self._read

    def batches(self) -> Iterator[Table]:
        """The same rows in pieces of some megabytes, for what does not fit memory; typed as the first one.

        Raises UserError for a cell that is none of its column's: which kind it is cannot be known beforehand.
        """
        schema = self._schema(self.head.columns)
        done = 0
        for raw, file in self._blocks():
            try:
                yield match.typed(raw, schema)
            except UserError as error:
                place = f"channel {self.name}, file {file}, counted over all files"
                raise error.shifted(done).within(place) from None
            done += raw.height

    def partitions(self, numbered: bool = False) -> list[Any]:
        """The same rows where they lie, for `job.cluster`: a table, or what stands for it, for each host.

        On one host that is `table`. On several each reads the files that it has, or a part of what all have,
        and columns hold what the cells of all hosts say. Raises UserError for a pipe.
        `numbered`: each with the places of its rows in `table`.
        """
        if self._sharing is None:
            return [(self.table, np.arange(len(self.table)))] if numbered else [self.table]
        if self.size_bytes is None:
            raise UserError(f"channel {self.name}: hosts cannot share a pipe; use File mode")
        self.needs.tell(self.name, self._heaviest_bytes(self._sharing))
        head, texts, known = self._head, frozenset(self._texts), self._known()
        self._peeked = None
        like = Raw([column[:0] for column in head.columns], 0, head.names, head.sparse)
        asked = PartRequest(
            self.name, self.content_type, self._options, self._roles, texts, like, known, tuple(self.names)
        )
        found, self._agreed, notes = self._sharing.partitions(self._inputs, asked, numbered)
        self._tell(notes)
        return found

    def _schema(self, columns: Sequence[Column]) -> Schema:
        return Schema(columns=tuple(columns), table=tuple(columns), named=self.named)

    @property
    def _head(self) -> Raw:
        if self._first is None:
            blocks = self._blocks()
            first = next(blocks)
            self._peeked = (first, blocks)
            self._first = first[0]
        return self._first

    def _blocks(self) -> Blocks:
        """Every block with its file's name. Of a stream, there is no second look at what was peeked at."""
        if self._kept is not None:
            return iter(self._kept)
        if self._peeked is not None:
            (first, rest), self._peeked = self._peeked, None
            return chain([first], rest)
        return iter(self._concatenated())

    def _concatenated(self) -> Concatenated:
        # Cells that read as numbers here may be among texts there: 1.50 is to stay what it is called.
        like = {name for name, column in self._known().items() if column.kind in {"text", "time"}}
        self._as_texts = frozenset(self._texts | like)
        reading = Reading(texts=self._as_texts, missing=self._options.missing)
        return Concatenated(self.name, self._inputs, self.content_type, reading)

    def _table(self, blocks: Blocks | None) -> tuple[Table, list[str]]:
        names, notes = self.names, list(self._head.notes)
        draft = Draft(self.name, names, self._options, self._roles, self._known(), self._as_texts)
        whole = blocks is None
        for raw, file in self.needs.watched(self.name, self._blocks()) if blocks is None else blocks:
            draft.add(raw, file)
            notes += [f"file {file}: {note}" for note in raw.notes if note not in self._head.notes]
        try:
            table, said = draft.table()
        except MustBeTexts as error:
            self._texts |= set(error.names)
            if not whole:
                self._peeked = self._first = None
                return self._table(iter([(self._head, "")]))
            self._kept = self._peeked = self._first = None
            return self._table(None)
        return table, [*notes, *said]

    def _heaviest_bytes(self, sharing: Sharing) -> int:
        """The most that one host takes of memory for its rows."""
        return size.memory_bytes(self._head, sharing.heaviest_bytes(self._inputs))

    def _known(self) -> Mapping[str, Column]:
        """The columns of the channel that this one is read like."""
        columns = self._like.columns if self._like is not None else ()
        return {column.name: column for column in columns}

    def _keeps(self) -> bool:
        """Whether a stream, whose length no one knows, ends before it fills the memory; if so it is kept."""
        kept, weight = [], 0
        for raw, file in self._blocks():
            kept.append((raw, file))
            weight += raw.nbytes
            if not size.fits(weight):
                return False
        self._kept = kept
        return True

    def _tell(self, notes: Sequence[str]) -> None:
        for note in notes:
            if note not in self.notes:
                self.notes.append(note)
                log("train", f"channel {self.name}: {note}")
