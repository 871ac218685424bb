"""application/x-parquet: one Parquet file."""

from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa

from slipway.cells import Array
from slipway.errors import NoRows, PayloadTooLarge, UserError
from slipway.media import MediaType
from slipway.schema import Schema
from slipway.sheet import Sheet

_MOST_CELLS = 1 << 27  # 1 GiB as float64; packed, a few bytes can stand for any number of equal cells


def read(body: bytes, media: MediaType, schema: Schema | None) -> Sheet:
    """The columns of the file, in its own types; an index that pandas wrote is no column."""
    import pyarrow.parquet as pq  # 40 ms to import, and few requests are Parquet

    if not body:
        raise NoRows("the body is empty")
    try:
        facts = pq.ParquetFile(pa.BufferReader(body)).metadata
        if facts.num_rows * facts.num_columns > _MOST_CELLS:
            raise PayloadTooLarge(
                f"the Parquet file unpacks to {facts.num_rows} rows of {facts.num_columns} columns; "
                f"expected at most {_MOST_CELLS} cells"
            )
        table = pq.read_table(pa.BufferReader(body), use_threads=False)
    except (pa.ArrowInvalid, OSError, pa.ArrowNotImplementedError) as error:
        raise UserError(f"the body is not a Parquet file: {str(error).splitlines()[0][:120]}") from None
    table = table.drop_columns([name for name in table.column_names if name.startswith("__index_level_")])
    return Sheet(table.columns, table.num_rows, table.column_names)


def read_matrix(body: bytes, media: MediaType, schema: Schema) -> Array | None:
    """Nothing to gain: the columns are typed already."""
    return None


def write(columns: Mapping[str, Array], media: MediaType, envelope: str = "predictions") -> bytes:
    """One row group, Snappy."""
    import pyarrow.parquet as pq

    table = pa.table({name: _cells(column.tolist()) for name, column in columns.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


def _cells(values: list[Any]) -> pa.Array:
    """One column; as texts where its cells are of several types, as in JSON they may be."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([cell if cell is None or isinstance(cell, str) else _text(cell) for cell in values])


def _text(cell: Any) -> str:
    return orjson.dumps(cell).decode()
