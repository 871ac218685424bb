"""application/x-parquet, as pandas and others write it."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway import cells
from slipway.codecs import parquet
from slipway.errors import NoRows, PayloadTooLarge, UserError
from slipway.media import MediaType

PLAIN = MediaType("application/x-parquet")
TABLE = pd.DataFrame({"x": [1.5, 2.5], "name": ["a", None]})


def read(body):
    sheet = parquet.read(body, PLAIN, None)
    return list(sheet.names), [cells.column(column).to_pylist() for column in sheet.columns]


@pytest.mark.parametrize(
    "index", [None, [7, 9], ["a", "b"], pd.MultiIndex.from_tuples([(1, 2), (3, 4)])], ids=str
)
def test_an_index_that_pandas_wrote_is_no_column(index):
    assert read(TABLE.set_axis(index if index is not None else TABLE.index).to_parquet()) == (
        ["x", "name"],
        [[1.5, 2.5], ["a", None]],
    )


def test_an_index_with_a_name_is_a_column():
    assert read(TABLE.set_index("name").to_parquet())[0] == ["x", "name"]


def test_several_row_groups_and_other_codecs_are_one_table():
    buffer = io.BytesIO()
    pq.write_table(
        pa.table({"x": [1, 2, 3]}), buffer, row_group_size=1, compression="gzip", use_dictionary=["x"]
    )
    assert read(buffer.getvalue()) == (["x"], [[1, 2, 3]])


@pytest.mark.parametrize(
    "body", [b"PAR1", b"PAR1PAR1", b"x,y\n1,2\n", TABLE.to_parquet()[:-5], TABLE.to_parquet()[5:]]
)
def test_what_is_no_parquet_file_is_the_callers_mistake(body):
    with pytest.raises(UserError, match="the body is not a Parquet file") as caught:
        read(body)
    assert "\n" not in str(caught.value)


def test_an_empty_body_has_no_rows():
    with pytest.raises(NoRows):
        read(b"")


def test_cells_of_several_types_are_written_as_texts():
    mixed = np.fromiter([1, "a", None, True, [2]], dtype=object, count=5)
    plain = np.fromiter([[1], [2, 3], None, [], [4]], dtype=object, count=5)
    body = parquet.write({"mixed": mixed, "plain": plain}, MediaType("application/x-parquet"))
    table = pq.read_table(io.BytesIO(body))
    assert table["mixed"].to_pylist() == ["1", "a", None, "true", "[2]"]
    assert table["plain"].to_pylist() == [[1], [2, 3], None, [], [4]]


def test_a_file_that_unpacks_to_more_than_memory_should_hold_is_refused(monkeypatch):
    monkeypatch.setattr(parquet, "_MOST_CELLS", 10)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1.0] * 11}), sink)
    with pytest.raises(PayloadTooLarge, match="11 rows of 1 columns"):
        parquet.read(sink.getvalue().to_pybytes(), PLAIN, None)
