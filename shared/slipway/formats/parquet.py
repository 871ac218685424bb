"""application/x-parquet: one Parquet file."""

import io
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np
import orjson
import pyarrow as pa

from slipway.errors import PayloadTooLarge, UserError
from slipway.formats import isolated
from slipway.formats.base import Format, Reading, nonempty
from slipway.media import MediaType
from slipway.table import arrow
from slipway.table.arrow import Array
from slipway.table.raw import Raw

_MAGIC = b"PAR1"
_TEXTS = {"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}
_ROWS = 1 << 16  # that are unfolded at a time
_MOST = 1 << 28  # bytes of text that a column of them may unfold to
_FIRST = 1 << 10  # rows that tell how long texts are
_FEW = 1 << 6  # of these at a time, as each may be long
_SECONDS = 30  # less than a request may take
_MALFORMED = (pa.ArrowException, OSError, ValueError, RuntimeError, OverflowError, MemoryError)


class Parquet(Format):
    """A file of row groups."""

    media_type = "application/x-parquet"
    aliases = ("parquet", "application/parquet", "application/vnd.apache.parquet")
    suffixes = (".parquet", ".pq")

    def read(self, body: bytes, media: MediaType, reading: Reading) -> Raw:
        """The columns of the file, in its own types; an index that pandas wrote is no column."""
        found = list(_read(pa.BufferReader(nonempty(body)), len(body), reading))
        if len(found) == 1:
            return found[0]
        columns = [pa.chunked_array([one.columns[place] for one in found]) for place in range(found[0].width)]
        return Raw(columns, sum(one.height for one in found), found[0].names)

    def blocks(self, stream: IO[bytes], media: MediaType, reading: Reading) -> Iterator[Raw]:
        # A pipe cannot go to a file's end, where Parquet says what is in it.
        seekable = stream.seekable() and reading.schema is None
        for one in [stream] if seekable else _files(stream.read()):
            yield from _read(one, 0, reading)

    def write(self, columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
        """One row group, Snappy; null where missing."""
        import pyarrow.parquet as pq

        table = pa.table({name: _cells(column.tolist()) for name, column in columns.items()})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        return bytes(sink.getvalue().to_pybytes())


def _read(source: Any, size: int, reading: Reading) -> Iterator[Raw]:
    """Row by row group, texts packed as they are until it is known what they unfold to."""
    import pyarrow.parquet as pq  # 40 ms to import, and few requests are Parquet

    try:
        metadata = pq.read_metadata(source)
        whole = source.seek(0, io.SEEK_END)
        source.seek(0)
        reading.budget.check(metadata.num_rows, metadata.num_columns, size, "the Parquet file")
        if reading.schema is not None:  # a job's files are its owner's
            _check_claims(metadata, source, size, reading)
        packed = _text_columns(metadata)
        if packed and reading.schema is None and not _has_long_texts(source, metadata, packed):
            packed = []  # they unfold to little, and by way of a dictionary distinct ones take twice as long
        file = pq.ParquetFile(source, metadata=metadata, read_dictionary=packed, pre_buffer=False)
        names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        taken = rows = 0
        for batch in file.iter_batches(batch_size=_ROWS, columns=names, use_threads=False):
            rows += len(batch)
            if rows > metadata.num_rows:
                raise UserError("the Parquet file holds more rows than it says")
            columns = []
            for column in batch.columns:
                column, more = _unfolded(column)
                taken += more
                reading.budget.check_text(taken, size, "the Parquet file")
                columns.append(column)
            # Where the file was read so far says little: columns lie one after another in it.
            yield Raw(columns, len(batch), names, read_bytes=whole * rows // metadata.num_rows)
        if not rows:
            yield Raw([pa.nulls(0, pa.string()) for _ in names], 0, names)
    except _MALFORMED as error:
        said = (str(error).splitlines() or [""])[0][:120]
        raise UserError(f"the body is not a Parquet file: {said}") from None


def _has_long_texts(source: Any, metadata: Any, columns: list[str]) -> bool:
    """Whether a batch of `columns`, as the first rows are, would unfold to more text than it may."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source, metadata=metadata, pre_buffer=False)
    size = rows = 0
    for batch in file.iter_batches(batch_size=_FEW, columns=columns, use_threads=False):
        size, rows = size + sum(_unfolded(column)[1] for column in batch.columns), rows + len(batch)
        if rows >= _FIRST or size * _ROWS > _MOST * _FIRST:
            break
    source.seek(0)
    return size * _ROWS > _MOST * rows


def _check_claims(metadata: Any, source: Any, size: int, reading: Reading) -> None:
    """Raises PayloadTooLarge where texts or lists unfold to too much, by what the file says of itself."""
    columns = _columns(metadata)
    numbers = sum(column.physical_type not in _TEXTS for column in columns)
    if numbers < len(columns):
        groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
        written = sum(group.total_byte_size for group in groups) - 8 * numbers * metadata.num_rows
        reading.budget.check_text(max(0, written), size, "the Parquet file")
    if any(column.max_repetition_level for column in columns):
        reading.budget.check(_values_in_lists(source), size=size, what="the Parquet file")


def _values_in_lists(source: Any) -> int:
    whole = source.getvalue() if isinstance(source, io.BytesIO) else bytes(memoryview(source.read()))
    length = int.from_bytes(whole[-8:-4], "little") + 8
    source.seek(0)
    try:
        written = isolated.run("parquet_lists.py", whole[-length:], _SECONDS)
    except isolated.TimedOutError:
        raise PayloadTooLarge(f"the Parquet file takes more than {_SECONDS} s to look at") from None
    if written is None or not written.strip().isdigit():
        raise UserError("the body is not a Parquet file: what it says of its columns cannot be read")
    return int(written)


def _text_columns(metadata: Any) -> list[str]:
    return [column.path for column in _columns(metadata) if column.physical_type in _TEXTS]


def _columns(metadata: Any) -> list[Any]:
    return [metadata.schema.column(place) for place in range(metadata.num_columns)]


def _unfolded(column: pa.Array) -> tuple[pa.Array, int]:
    """A column out of its dictionary, and the bytes of its texts. Raises UserError before they are taken."""
    packed = pa.types.is_dictionary(column.type)
    texts = column.dictionary if packed else column
    if not (pa.types.is_string(texts.type) or pa.types.is_binary(texts.type)):
        return column, 0
    sizes = arrow.lengths(texts)
    if packed:
        sizes = sizes[arrow.integers(column.indices.drop_null())]
    size = int(sizes.sum(dtype=np.int64))
    if size > _MOST:
        raise PayloadTooLarge(f"{len(column)} cells of the Parquet file unfold to {size} bytes of text")
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        raise UserError("the Parquet file has a text that is not UTF-8") from None
    return column, size


def _files(body: bytes) -> Iterator[IO[bytes]]:
    """The files in `body`, end to end: each begins and ends with the same four bytes."""
    start = 0
    while start < len(body):
        end = body.find(_MAGIC * 2, start + len(_MAGIC))
        end = len(body) if end < 0 else end + len(_MAGIC)
        yield io.BytesIO(body[start:end])
        start = end


def _cells(values: list[Any]) -> pa.Array:
    """One column; as texts where its cells are of several types, as in JSON they may be."""
    try:
        return pa.array(values, from_pandas=True)  # as which NaN is null
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([cell if cell is None or isinstance(cell, str) else _text(cell) for cell in values])


def _text(cell: Any) -> str:
    return orjson.dumps(cell).decode()
