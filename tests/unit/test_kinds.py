"""When a cell is a number, a text, or missing, whatever format it came in and however many there are."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from slipway.errors import UserError
from slipway.table import match
from slipway.table.header import is_word
from slipway.table.numbers import numbers as read
from slipway.table.plain import plain
from slipway.table.schema import Column

MANY = 200  # cells: from some sixty on they are read by other means, which must not show


def numbers(values):
    found = read(values, "x").tolist()
    many = read([*values, *["7"] * MANY] if isinstance(values, list) else values, "x").tolist()
    assert np.array_equal(many[: len(found)], found, equal_nan=True)
    return found


def refused(values):
    """What is said of `values`, few or many, as texts or as Arrow's."""
    told = set()
    for some in (values, [*values, *["7"] * MANY], plain(values), plain([*values, *["7"] * MANY])):
        with pytest.raises(UserError) as caught:
            read(some, "x")
        errors = {}
        assert np.isnan(read(some, "x", errors=errors)[caught.value.row - 1])
        assert str(errors[caught.value.row - 1]) == str(caught.value)
        told.add(str(caught.value))
    assert len(told) == 1, told
    return told.pop()


@pytest.mark.parametrize(
    "mark", ["", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "?", " NA ", "\t", None]
)
def test_a_number_column_says_missing_in_many_ways(mark):
    assert np.isnan(numbers(["1", mark])[1])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+1", 1),
        ("1.", 1),
        (".5", 0.5),
        ("1E5", 1e5),
        (" 7 ", 7),
        ("\u00a07", 7),
        ("-0", -0.0),
        ("5e-324", 5e-324),
        ("007", 7),
    ],
)
def test_a_number_may_be_spelt_in_every_usual_way(text, value):
    assert numbers([text]) == [value]


@pytest.mark.parametrize(
    "text", ["abc", "1_0", "0x10", "1,5", "1 2", "--1", "é", "\u0661", "NAN", "-nan", "Inf ity"]
)
def test_what_is_no_number_is_named_with_its_row_and_column(text):
    assert refused(["1", text, "also wrong"]) == f'row 2, column "x": expected a number, got "{text}"'


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e999", float("inf")])
def test_infinity_is_no_number_to_work_with(cell):
    with pytest.raises(UserError, match=r'^row 1, column "x": expected a finite number, got'):
        read([cell], "x")
    if isinstance(cell, str):
        assert refused([cell]).startswith('row 1, column "x": expected a finite number, got "')


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5, None],
        [True, False],
        [2**60 + 1, 0.5],
        [2**64 - 1, -1],
        [10**30],
        ["1", 2],
        [None, None],
        pa.array([2**53 + 1, None]),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([1, 2], pa.int8()),
        pa.array([1.5], pa.float16()),
        pa.array([Decimal("1.10")]),
        pa.array(["1", "2", "1"]).dictionary_encode(),
        pa.array(["1"], pa.large_string()),
        pa.array([b"1"]),
        pa.chunked_array([[1], [2]]),
        pa.chunked_array([], pa.int64()),
        np.array([1.5, np.nan]),
    ],
    ids=repr,
)
def test_every_way_of_holding_numbers_gives_float64(values):
    found = read(values, "x")
    assert found.dtype == np.float64
    assert len(found) == len(values)


def test_whole_numbers_beyond_what_a_float_holds_are_rounded_in_every_format_alike():
    value = 2**53 + 1
    assert numbers([value]) == numbers([str(value)]) == numbers(pa.array([value])) == [float(value)]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (["a", "", None, " "], ["a", None, None, " "]),
        (["NA", "nan"], ["NA", "nan"]),
        ([12345, None], ["12345", None]),
        ([1.5, "a", True, None], ["1.5", "a", "true", None]),
        (pa.array([date(2020, 1, 2)]), ["2020-01-02"]),
        (pa.array([datetime(2020, 1, 2, tzinfo=UTC)]), ["2020-01-02 00:00:00.000000Z"]),
        (pa.array([timedelta(seconds=1)]), ["1000000"]),
        (pa.array([b"a"], pa.large_binary()), ["a"]),
        (pa.array([b"ab"], pa.binary(2)), ["ab"]),
    ],
    ids=repr,
)
def test_in_a_text_column_only_an_empty_cell_is_missing(values, texts):
    """NA is Namibia."""
    column = Column(name="x", kind="text")
    found = match.texts_of(values, column).tolist()
    assert found == match.texts_of(plain(values), column).to_pylist() == texts


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([[1], 2], "row 1: a cell holds a list"),
        ([1, [2]], "row 2: a cell holds a list"),
        (["a", {}], "row 2: a cell holds an object"),
        ([{"a": 1}], "row 1: a cell holds an object"),
        (pa.array([b"\xff"]), "bytes that are not UTF-8"),
    ],
    ids=repr,
)
def test_what_is_no_cell_is_refused(values, what):
    with pytest.raises(UserError, match=what):
        plain(values)


@pytest.mark.parametrize(
    ("cell", "word"),
    [("x", True), ("x1", True), ("", False), ("NA", False), ("1", False), ("inf", False), ("é", True)],
)
def test_a_word_may_be_a_columns_name(cell, word):
    assert is_word(cell) is word
