"""application/x-parquet, as pandas and others write it."""

import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.errors import NoRows, PayloadTooLarge, UserError
from slipway.formats import Reading, parquet, read_table, reader
from slipway.table.budget import Budget
from slipway.table.plain import plain
from slipway.table.schema import Column, Schema
from unit.tables import cells
from unit.tables import read as raw_of

PARQUET, PLAIN = reader("application/x-parquet")
TABLE = pd.DataFrame({"x": [1.5, 2.5], "name": ["a", None]})


def read(body):
    raw = raw_of(body, "parquet")
    return list(raw.names), cells(raw)


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
    body = PARQUET.write({"mixed": mixed, "plain": plain}, PLAIN)
    table = pq.read_table(io.BytesIO(body))
    assert table["mixed"].to_pylist() == ["1", "a", None, "true", "[2]"]
    assert table["plain"].to_pylist() == [[1], [2, 3], None, [], [4]]


def test_a_file_that_unpacks_to_more_than_memory_should_hold_is_refused():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1.0] * 10_000}), sink)
    with pytest.raises(PayloadTooLarge, match="unfolds to 10000 rows of 1 columns; expected at most"):
        raw_of(sink.getvalue().to_pybytes(), "parquet", budget=Budget(1 << 20, 10))
    with pytest.raises(PayloadTooLarge, match="has 10000 rows; expected at most 9999"):
        raw_of(sink.getvalue().to_pybytes(), "parquet", budget=Budget(9999, 1 << 20))


def test_texts_that_unfold_to_more_than_memory_should_hold_are_refused_before_they_do():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": ["a" * 1000] * 10_000}), sink)
    body = sink.getvalue().to_pybytes()
    assert len(body) < 10_000
    with pytest.raises(PayloadTooLarge, match=r"unfolds to .* bytes of text; expected at most 1000000"):
        raw_of(body, "parquet", budget=Budget(1 << 20, 1 << 20, text_bytes=1_000_000))


@pytest.mark.parametrize("digits", ["9007199254740993", "12345678901234567890", "-98765432109876543210987"])
@pytest.mark.parametrize("kind", [pa.decimal128(38, 0), pa.decimal256(50, 0)], ids=str)
def test_ids_that_a_database_wrote_as_decimals_lose_no_digit(kind, digits):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": pa.array([Decimal(digits), None, Decimal(7)], kind)}), sink)
    found = read_table(sink.getvalue().to_pybytes(), "parquet")
    assert found.kinds == {"id": "text"}
    assert found.column("id").tolist() == [digits, None, "7"]


def test_a_footer_that_takes_too_long_is_refused(monkeypatch):
    """The process that looks at lists is ended, and the answer says so."""
    monkeypatch.setattr(parquet, "_SECONDS", 0.001)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [[1.0, 2.0]]}), sink)
    columns = (Column(name="x", kind="list"),)
    with pytest.raises(PayloadTooLarge, match=r"takes more than 0\.001 s to look at"):
        PARQUET.read(sink.getvalue().to_pybytes(), PLAIN, Reading(Schema(columns=columns, table=columns)))


@pytest.mark.parametrize("short", [0, 2000], ids=["all long", "short at first"])
def test_texts_of_a_job_that_unfold_out_of_all_measure_are_refused(short):
    """They are read as they are, without a dictionary, only where the first rows are short."""
    codes = pa.array([0] * short + [1] * 70_000, pa.int32())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": pa.DictionaryArray.from_arrays(codes, ["a", "b" * 5000])}), sink)
    with pytest.raises(PayloadTooLarge, match=r"cells of the Parquet file unfold to 3\d{8} bytes of text"):
        PARQUET.read(sink.getvalue().to_pybytes(), PLAIN, Reading())


@pytest.mark.parametrize("packed", [True, False])
def test_texts_of_a_job_that_are_not_utf_8_are_refused(packed):
    offsets, data = pa.py_buffer(np.array([0, 4, 5], np.int32)), pa.py_buffer(b"caf\xe9b")
    wrong = pa.Array.from_buffers(pa.string(), 2, [None, offsets, data])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": wrong}), sink, use_dictionary=packed)
    with pytest.raises(UserError, match="a text that is not UTF-8"):
        PARQUET.read(sink.getvalue().to_pybytes(), PLAIN, Reading())


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        (pa.date32(), [0, None, 0, 19000], ["1970-01-01", None, "1970-01-01", "2022-01-08"]),
        (pa.timestamp("us"), [0, None, 86_400_000_000], ["1970-01-01", None, "1970-01-02"]),
        (
            pa.timestamp("us"),
            [0, None, 1_500_000],
            ["1970-01-01 00:00:00", None, "1970-01-01 00:00:01.500000"],
        ),
        (pa.timestamp("s", "UTC"), [0, None, 0], ["1970-01-01 00:00:00Z", None, "1970-01-01 00:00:00Z"]),
        (pa.time32("s"), [60, None, 60], ["00:01:00", None, "00:01:00"]),
    ],
    ids=str,
)
def test_times_that_come_again_are_the_same_texts(kind, cells, expected):
    assert plain(pa.array(cells, kind)).to_pylist() == expected
